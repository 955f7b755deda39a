"""Puts the demo's decisions into both stores: rows through their service, facts through ingest as everybody's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any, Final, Literal, Protocol

import msgspec

from headwater.control import Control
from headwater.demo import decisions_facts as facts
from headwater.demo import decisions_traces as traces
from headwater.demo.decisions_rows import make
from headwater.demo.decisions_world import DAYS, DROPPED, LOSER, NEWCOMERS, SEGMENTS
from headwater.kit.clock import FixedClock
from headwater.scope import Scope

_NDJSON: Final = "application/x-ndjson"
# The contract's largest body is 64 MiB; so many records stay far below.
_AT_ONCE: Final = 20_000
_encode = msgspec.json.Encoder().encode


class Intake(Protocol):
    """Takes in facts."""

    async def receive(
        self,
        scope: Scope,
        dataset_name: str,
        body: bytes,
        content_type: str | None,
        on_error: Literal["abort", "skip"],
        idempotency_key: str | None,
    ) -> object:
        """Store the records of ``body``; raises when one is bad."""


class Lists(Protocol):
    """Makes lists of segments."""

    async def refresh(self, public_id: str, scope: Scope) -> None:
        """Store the segment's list as its filters have it."""


class DecisionsDemo(msgspec.Struct, frozen=True):
    """How much there is, and two offers to ask about."""

    interactions: int
    traces: int
    dropped_offer: str
    losing_offer: str


async def add_decisions(
    control: Control, intake: Intake, lists: Lists, scope: Scope, clock: FixedClock, seed: int
) -> DecisionsDemo:
    """A bank's offers and channels with what came of them, up to now."""
    random = Random(seed)  # noqa: S311  # invented data wants to be the same every time, not secret
    now = clock()
    showings = facts.draw(now, random)
    decided, requests = traces.decisions(showings, now, random)
    interactions = list(facts.interactions(showings, requests, now, random))
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    async with control.unit_of_work() as unit:
        await make(unit.session, scope, clock, first, facts.spent(interactions))
    sender = _Sender(intake, scope)
    await sender.send("interactions", interactions)
    await sender.send("decision-traces", decided)
    await sender.send("attribution-results", facts.attributions(interactions, now, random))
    await sender.send("suppressions", facts.suppressions(interactions, random))
    await sender.send("model-metrics", traces.metrics(now, random))
    await sender.send("run-latencies", traces.latencies(now, random))
    await sender.send("segment-members", facts.newcomers(random))
    for segment in SEGMENTS:
        if segment != NEWCOMERS:
            await lists.refresh(segment, scope)
    return DecisionsDemo(len(interactions), len(decided), DROPPED, LOSER)


class _Sender:
    def __init__(self, intake: Intake, scope: Scope) -> None:
        self._intake = intake
        self._scope = scope

    async def send(self, dataset: str, records: Iterable[dict[str, Any]]) -> None:
        lines = [_encode(record) for record in records]
        for start in range(0, len(lines), _AT_ONCE):
            body = b"\n".join(lines[start : start + _AT_ONCE])
            await self._intake.receive(self._scope, dataset, body, _NDJSON, "abort", None)
