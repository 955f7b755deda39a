"""Tallies from rollups are those of the facts, over any window, whatever commits came in and merged or not."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.catalogue.decisions import DECISION_TRACES, INTERACTIONS, TRACE_OFFERS
from headwater.catalogue.model import RowDataset
from headwater.query.decisions.compile import compile_tally
from headwater.query.decisions.tally import DAY_OF, Tally, reads
from headwater.query.window import Window
from headwater.storage.port import Row, Store
from tests.decisions.random_facts import interactions, traces
from tests.decisions.world import NOW, SCOPE, send
from tests.examples import examples
from tests.stores import EVERY_STORE, opening_of

TODAY = NOW.replace(tzinfo=None, hour=0)
edges = st.none() | st.builds(
    lambda day, off: TODAY + timedelta(days=day, microseconds=off),
    st.integers(-25, 1),
    st.sampled_from([-1, 0, 1, 43_200_000_000]),
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window, open ones among them."""
    start, end = draw(edges), draw(edges)
    if start is not None and end is not None and start > end:
        start, end = end, start
    return Window(start, end)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    """Any question that a rollup has the answer to."""
    dataset = draw(st.sampled_from([INTERACTIONS, TRACE_OFFERS, DECISION_TRACES]))
    rollup = next(one for one in dataset.rollups if not one.exact)
    some = st.lists(st.sampled_from(rollup.measures), min_size=1, unique=True)
    by = st.lists(st.sampled_from([*rollup.dimensions, DAY_OF]), unique=True)
    only: st.SearchStrategy[Any] = st.just(())
    if "channel" in rollup.dimensions:
        only = st.sampled_from([(), (("channel", (21,)),), (("channel", (21, 22)),)])
    return Tally(dataset, tuple(draw(some)), tuple(draw(by)), draw(windows()), draw(only))


def of_facts(tally: Tally) -> Tally:
    """The same without a rollup to read."""
    bare: RowDataset = msgspec.structs.replace(tally.dataset, rollups=())
    return msgspec.structs.replace(tally, dataset=bare)


async def found(store: Store, tally: Tally) -> list[Row]:
    """What was found, rows of which all is 0 left out: a rollup has none."""
    rows = await store.fetch(compile_tally(tally, SCOPE, store.dialect))
    return [row for row in rows if not tally.by or any(row[len(tally.by) :])]


@pytest.mark.parametrize("kind", EVERY_STORE)
@settings(max_examples=examples(40))
@given(
    seed=st.integers(0, 2**32),
    merged=st.lists(st.booleans(), min_size=1, max_size=4),
    asked=st.lists(tallies(), min_size=5, max_size=15),
)
async def test_a_rollup_is_what_its_facts_are(kind: str, seed: int, merged: list[bool], asked: list[Tally]) -> None:
    random = Random(seed)
    async with opening_of(kind)() as store:
        for merge in merged:
            await send(store, "interactions", interactions(random, 40))
            await send(store, "decision-traces", traces(random, 20))
            if merge:
                await store.compact()
        for tally in asked:
            assert all(read.rollup is None for read in reads(of_facts(tally)))
            assert await found(store, tally) == await found(store, of_facts(tally))


@pytest.mark.parametrize(
    ("start", "end", "from_rollup"),
    [
        (TODAY - timedelta(days=7), NOW.replace(tzinfo=None), [False, True][::-1]),
        (TODAY + timedelta(hours=1), NOW.replace(tzinfo=None), [False]),
        (TODAY - timedelta(hours=1), TODAY, [False]),
        (TODAY - timedelta(hours=1), TODAY + timedelta(days=1, hours=1), [False, True, False]),
        (None, None, [True]),
    ],
)
def test_whole_days_are_read_from_the_rollup_and_edges_from_the_facts(
    start: Any, end: Any, from_rollup: list[bool]
) -> None:
    planned = reads(Tally(INTERACTIONS, ("impressions",), ("offer",), Window(start, end)))
    assert sorted(read.rollup is not None for read in planned) == sorted(from_rollup)


def test_what_depends_on_the_customer_is_read_from_the_facts() -> None:
    for more in ({"within": 41}, {"segments": (41,)}):
        (read,) = reads(Tally(INTERACTIONS, ("impressions",), ("offer",), **more))
        assert read.rollup is None
