"""Facts that are counted row by row: what repeats are, what goes with a record, and what lasts."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from headwater.catalogue.decisions import DECISION_TRACES, INTERACTIONS, TRACE_OFFERS
from headwater.query.decisions.compile import compile_tally
from headwater.query.decisions.tally import Tally
from headwater.storage.port import AppendKey, Store
from tests.decisions.random_facts import interactions, traces
from tests.decisions.world import ELSEWHERE, SCOPE, batch, interaction, send, trace

from .conftest import Open

AT = "2026-03-25T10:00:00Z"


async def sums(store: Store, scope: Any = SCOPE) -> list[Any]:
    """Of everything, from the rollups."""
    asked = (
        Tally(INTERACTIONS, ("impressions", "positive", "interactions", "revenue", "cost"), ("offer", "channel")),
        Tally(DECISION_TRACES, ("traces", "scored", "degraded"), ("channel", "flow")),
        Tally(TRACE_OFFERS, ("scores", "score_sum"), ("offer", "bucket")),
    )
    return [await store.fetch(compile_tally(tally, scope, store.dialect)) for tally in asked]


def decision(public_id: str, score: float) -> dict[str, Any]:
    scored = [{"offer_id": "off_gold", "score": score, "rank": 1}]
    return trace(AT, "ch_mail", ["off_gold"], id=public_id, scoring_results=scored)


async def test_a_repeated_trace_brings_no_offers(store: Store) -> None:
    first = await send(store, "decision-traces", [decision("t1", 0.25), decision("t2", 0.5)])
    before = await sums(store)
    again = await send(store, "decision-traces", [decision("t1", 0.75), decision("t3", 1.0), decision("t3", 0.0)])
    assert (first.accepted, first.duplicates, again.accepted, again.duplicates) == (2, 0, 1, 2)
    _, ((_, _, *counts),), offers = await sums(store)
    assert counts == [3, 3, 0]
    assert offers == [(1, 2, 1, 250_000_000), (1, 5, 1, 500_000_000), (1, 9, 1, 1_000_000_000)]
    assert before != offers


async def test_batches_of_several_datasets_are_stored_together_or_not_at_all(store: Store) -> None:
    key = AppendKey("0" * 64, "f" * 64, b"{}")
    good = batch("interactions", [interaction(AT, "off_gold", "ch_mail", "impression")])
    taken = batch("suppressions", [{"at": AT, "customer_id": "c1", "policy_type": "cooldown"}])
    with_key = type(good)(good.scope, good.dataset, good.rows, key)
    await store.append([with_key, taken])
    before = await sums(store)
    broken = type(good)(good.scope, good.dataset, good.rows.drop_columns(["offer_id"]))
    with pytest.raises(Exception, match="offer_id"):
        await store.append([taken, broken])
    assert await sums(store) == before
    remembered = await store.remembered(SCOPE, key.key_hash)
    assert remembered is not None
    assert remembered.fingerprint == key.fingerprint


async def test_organisations_have_their_own(store: Store) -> None:
    await send(store, "interactions", [interaction(AT, "off_gold", "ch_mail", "impression")])
    await send(store, "interactions", [interaction(AT, "off_gold", "ch_mail", "accept", id="x")], scope=ELSEWHERE)
    assert (await sums(store))[0] == [(1, 21, 1, 0, 1, 0, 0)]
    assert (await sums(store, ELSEWHERE))[0] == [(1, 21, 0, 1, 1, 0, 0)]


async def test_sums_last_through_merges_and_a_restart(lasting: Open) -> None:
    random = Random(2)
    async with lasting() as store:
        for _ in range(3):
            await send(store, "interactions", interactions(random, 50))
            await send(store, "decision-traces", traces(random, 30))
        before = await sums(store)
        await store.compact()
        assert await sums(store) == before
        await send(store, "interactions", interactions(random, 50))
        after = await sums(store)
        assert after != before
    async with lasting() as store:
        assert await sums(store) == after
