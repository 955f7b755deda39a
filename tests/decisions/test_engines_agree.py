"""Questions about decisions have the same answers on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random
from typing import NamedTuple

import msgspec
import pytest
import pytest_asyncio

from headwater.query.decisions.dashboard import GROUPINGS, TAKES, TYPES, DashboardQuestion
from headwater.query.decisions.run import DecisionsEngine
from headwater.query.decisions.state import CustomerState, TraceFilter
from headwater.storage.port import Appended, FactBatch, Store
from tests.clickhouse import opened_clickhouse
from tests.conformance.facts import opened
from tests.decisions.random_facts import fill, interactions, others, traces
from tests.decisions.world import BOOK, NOW, SCOPE, engine

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Twin(NamedTuple):
    """Stores the same facts, with the numbers that were given them, in both."""

    embedded: Store
    clickhouse: Store

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        appended = await self.embedded.append(batches)
        assert await self.clickhouse.append(batches) == appended
        return appended


class Both(NamedTuple):
    """The same facts on both engines."""

    embedded: DecisionsEngine
    clickhouse: DecisionsEngine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both() -> AsyncIterator[Both]:
    random = Random(7)
    facts = {"interactions": interactions(random, 800), "decision-traces": traces(random, 300), **others(random)}
    async with opened() as store, opened_clickhouse() as other:
        await fill(Twin(store, other), facts)
        yield Both(engine(store), engine(other))


def questions() -> list[DashboardQuestion]:
    """Every type with each of what it takes."""
    values = {"channelId": ("channel", 21), "categoryId": ("category", 11), "decisionFlowId": ("flow", 51)}
    values |= {"segmentId": ("segment", 41), "modelId": ("model", 61)}
    found = []
    for type_ in TYPES:
        offer = 1 if type_ == "why_not_ranked" else None
        found += [DashboardQuestion(type_, days, offer=offer) for days in (1, 7, 365)]
        found += [DashboardQuestion(type_, 7, group_by=by) for by in GROUPINGS.get(type_, ())]
        for taken in sorted(TAKES.get(type_, frozenset()) & set(values)):
            name, number = values[taken]
            found.append(DashboardQuestion(type_, 7, offer=offer, **{name: number}))
    return found


def _named(question: DashboardQuestion) -> str:
    fields = ((name, getattr(question, name)) for name in question.__struct_fields__ if name != "baseline_days")
    return ",".join(str(value) if name == "type" else f"{name}={value}" for name, value in fields if value is not None)


@pytest.mark.parametrize("question", questions(), ids=_named)
async def test_dashboards(both: Both, question: DashboardQuestion) -> None:
    first, second = [(await one.ask(question, BOOK, SCOPE, 0)).result for one in both]
    assert first == second


async def test_what_a_decision_needs(both: Both) -> None:
    now = NOW.replace(tzinfo=None)
    for customer in ("c1", "c2", "nobody"):
        first, second = [await one.customer(customer, now - timedelta(days=10), [41, 42], now, SCOPE) for one in both]
        assert _in_order(first) == _in_order(second)
    first_rates, second_rates = [await one.rates(SCOPE) for one in both]
    assert first_rates == second_rates


def _in_order(state: CustomerState) -> CustomerState:
    """With its contacts, which may be in any order, in one."""
    return msgspec.structs.replace(state, contacts=tuple(sorted(state.contacts, key=repr)))


async def test_lists_of_traces_and_segments(both: Both) -> None:
    for wanted in (TraceFilter(), TraceFilter(customer_id="c1"), TraceFilter(offer=1)):
        first, second = [await one.traces(wanted, 20, 5, SCOPE) for one in both]
        assert first == second
    states = [await one.segment_states(SCOPE, [41, 42, 43]) for one in both]
    assert states[0] == states[1]
    filters = [{"measure": "revenue", "operator": "gte", "value": 100.0, "days": 10, "offer": 1, "channel": None}]
    lists = [await one.matching(filters, SCOPE) for one in both]
    assert lists[0] == lists[1]
    assert lists[0]
