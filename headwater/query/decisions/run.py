"""The engine of decisions: answers the dashboard's questions, and tells a decision what it needs of the facts.

Like ``query.run``, the only caller of ``Store.fetch`` for its statements. Answers of the
dashboard are kept for a minute at most and not beyond midnight: facts may be dated in the
future, and count when their time has come.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final

import msgspec

from headwater.catalogue.decisions import INTERACTIONS
from headwater.kit import tracing
from headwater.kit.clock import Clock
from headwater.query.cache import Freshness, Tag, TaggedCache, TagGenerations
from headwater.query.decisions.answers import DashboardAnswer, Result, result
from headwater.query.decisions.compile import compile_customer, compile_matching, compile_tally
from headwater.query.decisions.compile_traces import compile_count, compile_head, compile_heads, compile_offers
from headwater.query.decisions.customers import customer_state, offer_records, trace_number, traces
from headwater.query.decisions.dashboard import DashboardQuestion, span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.models import Measurement, by_model
from headwater.query.decisions.names import Names
from headwater.query.decisions.state import CustomerState, Decided, OfferRecord, Page, Trace, TraceFilter
from headwater.query.decisions.tally import ALWAYS, Tally
from headwater.scope import Scope
from headwater.storage.port import Dialect, Row, Statement, Store

DECISIONS, DECISION_ENTITIES = "decisions", "decision_entities"
"""What answers depend on: the organisation's facts about decisions, and its entities."""

_KEPT: Final = timedelta(seconds=60)
_RECORDS_KEPT: Final = 0.5
_MOST_ORGANISATIONS: Final = 256
_BYTES_PER_ANSWER: Final = 2_000
_BYTES_PER_ROW: Final = 400
METRICS_SHOWN: Final = 30


class SegmentState(msgspec.Struct, frozen=True):
    """How many customers a segment's list has, and when it was last told of any; None: there is no list yet."""

    members: int = 0
    materialized_at: datetime | None = None


class _Records(msgspec.Struct, frozen=True):
    """What offers did, as it was when ``generation`` was; not to be asked for again before ``until``."""

    records: Mapping[int, OfferRecord]
    generation: tuple[int, ...]
    until: float


class DecisionsEngine:
    """Answers within a scope."""

    def __init__(self, store: Store, generations: TagGenerations, clock: Clock, *, cache_bytes: int) -> None:
        self._store = store
        self._clock = clock
        self._generations = generations
        self._cache: TaggedCache[tuple[Result, datetime]] = TaggedCache(cache_bytes, generations, clock)
        self._records: dict[int, _Records] = {}

    def entities_generation(self, scope: Scope) -> int:
        """How often the organisation's entities have changed; to be asked for before they are."""
        return self._generations.of((_entities(scope),))[0]

    async def ask(
        self, question: DashboardQuestion, names: Names, scope: Scope, entities_generation: int
    ) -> DashboardAnswer:
        """The answer, from the cache while nothing that it depends on has changed."""
        tags = (_facts(scope), _entities(scope))
        generations = (*self._generations.of(tags[:1]), entities_generation)
        now = self._now()
        until = min(now + _KEPT, datetime.combine(now.date() + timedelta(days=1), time_of_day())).replace(tzinfo=UTC)

        async def compute() -> tuple[Result, datetime]:
            return await result(self._reader(scope), question, span(question, now), names), now

        key = (scope.organisation_id, question, now.date(), entities_generation)
        with tracing.span("question", purpose=f"dashboard {question.type}", dataset=DECISIONS) as told:
            (found, asked_at), kept = await self._cache.get_or_compute(key, tags, compute, _size, until)
            told.set(kept=kept)
        fresh = Freshness(scope.organisation_id, tags, generations, until)
        return DashboardAnswer(found, span(question, asked_at), fresh, kept)

    async def explain(self, question: DashboardQuestion, names: Names, scope: Scope) -> tuple[Result, list[Statement]]:
        """The answer as it is now, and every statement that it was made from."""
        asked: list[Statement] = []

        async def fetch(statement: Statement) -> list[Row]:
            asked.append(statement)
            return await self._store.fetch(statement)

        facts = Facts(fetch, scope, self._dialect)
        return await result(facts, question, span(question, self._now()), names), asked

    async def customer(
        self, customer_id: str, since: datetime, segments: Sequence[int], now: datetime, scope: Scope
    ) -> CustomerState:
        """Contacts since a time, suppressions that hold, and which of the segments list the customer."""
        statement = compile_customer(customer_id, since, segments, now, scope, self._dialect)
        return customer_state(await self._store.fetch(statement), customer_id)

    async def rates(self, scope: Scope) -> Mapping[int, OfferRecord]:
        """What every offer did in all time, at most half a second old."""
        organisation = scope.organisation_id
        kept, generation = self._records.get(organisation), self._generations.of((_facts(scope),))
        if kept is not None and (kept.generation == generation or time.monotonic() < kept.until):
            return kept.records
        tally = Tally(INTERACTIONS, ("impressions", "positive", "cost"), ("offer",))
        rows = await self._store.fetch(compile_tally(tally, scope, self._dialect))
        self._records.pop(organisation, None)
        while len(self._records) >= _MOST_ORGANISATIONS:
            del self._records[next(iter(self._records))]
        made = _Records(offer_records(rows), generation, time.monotonic() + _RECORDS_KEPT)
        self._records[organisation] = made
        return made.records

    async def decided(self, request_id: str, scope: Scope) -> Decided | None:
        """The newest decision of a request."""
        found = await self._traces(compile_heads(TraceFilter(request_id=request_id), 1, 0, scope, self._dialect), scope)
        if not found:
            return None
        (trace,) = found
        selected = {one.selected: (one.offer, one.creative) for one in trace.offers if one.selected is not None}
        return Decided(trace.at, trace.customer_id, trace.channel, selected)

    async def traces(self, wanted: TraceFilter, limit: int, offset: int, scope: Scope) -> Page:
        """Decisions, newest first."""
        counted = self._store.fetch(compile_count(wanted, scope, self._dialect))
        shown = self._traces(compile_heads(wanted, limit, offset, scope, self._dialect), scope)
        count, rows = await asyncio.gather(counted, shown)
        return Page(rows, int(count[0][0]))

    async def trace(self, public_id: str, scope: Scope) -> Trace | None:
        """The decision that callers know by this id."""
        found = await self._traces(compile_head(public_id, trace_number(public_id), scope, self._dialect), scope)
        return found[0] if found else None

    async def segment_states(self, scope: Scope, segments: Sequence[int]) -> Mapping[int, SegmentState]:
        """The state of each segment's list."""
        if not segments:
            return {}
        facts = self._reader(scope)
        times, sizes = await asyncio.gather(facts.segment_times(segments), facts.segment_sizes(segments))
        members: dict[int, int] = dict(sizes)
        told = {segment: SegmentState(members.get(segment, 0), at) for segment, at in times}
        return {segment: told.get(segment, SegmentState()) for segment in segments}

    async def model_metrics(self, scope: Scope, models: Sequence[int]) -> Mapping[int, Sequence[Measurement]]:
        """The last measurements of each model, newest first."""
        return by_model(await self._reader(scope).model_metrics(models, ALWAYS, METRICS_SHOWN))

    async def matching(self, filters: Sequence[Mapping[str, Any]], scope: Scope) -> list[str]:
        """The customers whose interactions meet every filter (``control.decisions.filters``), entities by numbers."""
        now = self._now()
        starts = [now - timedelta(days=one["days"]) if one.get("days") else None for one in filters]
        rows = await self._store.fetch(compile_matching(filters, starts, scope, self._dialect))
        return [row[0] for row in rows]

    async def _traces(self, heads: Statement, scope: Scope) -> tuple[Trace, ...]:
        found = await self._store.fetch(heads)
        if not found:
            return ()
        numbers = [row[1] for row in found]
        return traces(found, await self._store.fetch(compile_offers(numbers, scope, self._dialect)))

    def _reader(self, scope: Scope) -> Facts:
        return Facts(self._fetch, scope, self._dialect)

    async def _fetch(self, statement: Statement) -> list[Row]:
        return await self._store.fetch(statement)

    @property
    def _dialect(self) -> Dialect:
        return self._store.dialect

    def _now(self) -> datetime:
        return self._clock().replace(tzinfo=None)


def _facts(scope: Scope) -> Tag:
    return (scope.organisation_id, DECISIONS, 0)


def _entities(scope: Scope) -> Tag:
    return (scope.organisation_id, DECISION_ENTITIES, 0)


def _size(value: tuple[Result, datetime]) -> int:
    rows = value[0]
    return _BYTES_PER_ANSWER + (_BYTES_PER_ROW * len(rows) if isinstance(rows, tuple) else 0)
