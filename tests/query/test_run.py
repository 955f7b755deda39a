"""The engine: every stage in turn, answers kept, and queries that take too long really stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from headwater.errors import Timeout
from headwater.query.cache import Tag, TagGenerations
from headwater.query.run import Engine
from headwater.query.window import Window
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Row, Statement
from tests.conformance.facts import NOON, Event, Tree, Trees, append, at, engine, opened, scope

from .shapes import question

ENDLESS = (
    "SELECT count(*) FROM range(1000000000000) AS one, range(1000000000000) AS other WHERE one.range <> other.range"
)
TREES = Trees({1: Tree([11, 12], {("campaign", 201): (11, 12), ("campaign", 202): ()}), 2: Tree([11])})
READERS = 4


class WatchedStore(DuckDBStore):
    """The real store; it keeps what it is asked and can be given an endless query to run instead."""

    endless = False

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.statements: list[Statement] = []
        self.asked = asyncio.Event()

    async def fetch(self, statement: Statement) -> list[Row]:
        self.statements.append(statement)
        self.asked.set()
        if self.endless:
            statement = msgspec.structs.replace(statement, sql=ENDLESS, args=())
        return await super().fetch(statement)


@pytest.fixture
async def store() -> AsyncIterator[WatchedStore]:
    async with opened(kind=WatchedStore, timeout=0.2) as store:
        await append(store, Event(creative_id=11), Event(creative_id=12), Event(creative_id=12))
        yield store


@pytest.fixture
def generations() -> TagGenerations:
    return TagGenerations()


@pytest.fixture
def asking(store: WatchedStore, generations: TagGenerations) -> Engine:
    return engine(store, TREES, generations, cache_bytes=1_000_000)


async def test_an_answer_has_the_facts_of_what_was_asked(asking: Engine) -> None:
    found = await asking.ask(question(entity="campaign", ids=(201, 202, 999)), scope())
    assert found.rows == [(201, 3)]
    assert found.ids == (201, 202)
    assert found.columns == ("entity", "impressions")
    assert [warning.code for warning in found.warnings] == ["unknown_ids"]


async def test_a_repeated_question_is_answered_from_memory(asking: Engine, store: WatchedStore) -> None:
    first = await asking.ask(question(), scope())
    again = await asking.ask(question(), scope())
    assert (first.cached, again.cached) == (False, True)
    assert again.rows == first.rows == [(11, 1)]
    assert len(store.statements) == 1


async def test_who_asks_at_once_shares_one_statement(asking: Engine, store: WatchedStore) -> None:
    found = await asyncio.gather(*(asking.ask(question(), scope()) for _ in range(20)))
    assert {one.rows[0] for one in found} == {(11, 1)}
    assert len(store.statements) == 1


@pytest.mark.parametrize("changed", [(1, "creative", 11), (1, "entities", 0)])
async def test_new_facts_and_new_entities_end_an_answer(
    asking: Engine, store: WatchedStore, generations: TagGenerations, changed: Tag
) -> None:
    await asking.ask(question(), scope())
    await append(store, Event(creative_id=11))
    assert (await asking.ask(question(), scope())).rows == [(11, 1)]
    generations.bump([changed])
    assert (await asking.ask(question(), scope())).rows == [(11, 2)]


async def test_organisations_never_share_an_answer(asking: Engine) -> None:
    await asking.ask(question(), scope(1))
    foreign = await asking.ask(question(), scope(2))
    assert (foreign.rows, foreign.ids, foreign.cached) == ([], (11,), False)


async def test_no_statement_is_run_when_no_creative_is_meant(asking: Engine, store: WatchedStore) -> None:
    assert (await asking.ask(question(ids=(999,)), scope())).rows == []
    empty = await asking.ask(question(entity="campaign", ids=(202,), fill_zero=True), scope())
    assert empty.rows == [(202, 0)]
    assert store.statements == []


async def test_an_empty_window_has_an_empty_answer(asking: Engine) -> None:
    nothing = question(window=Window(NOON, NOON), grain="day")
    assert (await asking.ask(nothing, scope())).rows == []


async def test_explain_shows_each_stop_and_runs_nothing(asking: Engine, store: WatchedStore) -> None:
    asked = question(window=Window(at("2024-03-05"), at("2024-03-06")))
    shown = await asking.explain(asked, scope())
    assert store.statements == []
    assert shown.question == asked
    assert shown.resolved.pairs == ((11, 11),)
    assert [part.rollup.name for part in shown.plan.parts if part.rollup] == ["ad_day"]
    await asking.ask(asked, scope())
    assert store.statements == [shown.statement]


async def test_a_query_that_takes_too_long_is_stopped_in_the_engine(asking: Engine, store: WatchedStore) -> None:
    """More of them than there are cursors: those that still ran would hold theirs, and no later one be answered."""
    store.endless = True
    for _ in range(READERS + 1):
        with pytest.raises(Timeout) as stopped:
            await asking.ask(question(), scope())
        assert "0.2 s" in stopped.value.message
    store.endless = False
    assert [(await asking.ask(question(ids=(one,)), scope())).rows for one in (11, 12)] == [[(11, 1)], [(12, 2)]]


async def test_a_query_that_nobody_waits_for_is_stopped_in_the_engine() -> None:
    async with opened(kind=WatchedStore, timeout=600) as store:
        await append(store, Event(creative_id=11))
        store.endless = True
        asking = engine(store, TREES)
        for _ in range(READERS + 1):
            store.asked.clear()
            leaving = asyncio.create_task(asking.ask(question(), scope()))
            await store.asked.wait()
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            assert leaving.cancelled()
        store.endless = False
        assert (await asking.ask(question(), scope())).rows == [(11, 1)]
