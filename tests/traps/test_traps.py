"""The ways in which measurements are counted wrongly, each by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headwater.query.question import Question
from headwater.query.run import Engine
from headwater.query.window import Window
from headwater.storage.port import Store
from tests.conformance.facts import Event, Tree, Trees, append, at, engine, scope
from tests.stores import Opening

TREE = Tree(
    [1, 2, 3],
    {
        ("creative_group", 10): (1, 2),
        ("creative_group", 11): (3,),
        ("campaign", 20): (1, 2, 3),
        ("campaign", 21): (),
    },
)
TREES = Trees({1: TREE, 2: TREE})
MONDAY, TUESDAY, THURSDAY = at("2024-02-26"), at("2024-02-27"), at("2024-02-29")


@pytest.fixture(params=["fresh", "merged", "half"])
async def store(request: pytest.FixtureRequest, opening: Opening) -> AsyncIterator[Store]:
    """Three creatives: 1 has three impressions, 2 two, 3 one; a click of each."""
    async with opening() as store:
        await append(store, *(Event(MONDAY, one) for one in (1, 1, 2)))
        if request.param == "half":
            await store.compact()
        await append(store, *(Event(THURSDAY.replace(hour=9, minute=30), one) for one in (1, 2, 3)))
        await append(store, *(Event(TUESDAY, one, "link_clicks") for one in (1, 2, 3)))
        if request.param == "merged":
            await store.compact()
        yield store


@pytest.fixture
def asking(store: Store) -> Engine:
    return engine(store, TREES)


def impressions(entity: str, *ids: int, **fields: object) -> Question:
    return Question("ad-events", ("impressions",), entity, ids, **fields)


async def test_fan_out_an_entity_asked_twice_counts_once(asking: Engine) -> None:
    assert (await asking.ask(impressions("campaign", 20, 20), scope())).rows == [(20, 6)]


async def test_fan_out_levels_above_count_each_creative_once(asking: Engine) -> None:
    groups = (await asking.ask(impressions("creative_group", 10, 11), scope())).rows
    assert groups == [(10, 5), (11, 1)]
    combined = (await asking.ask(impressions("creative_group", 10, 11, combined=True), scope())).rows
    assert combined == (await asking.ask(impressions("campaign", 20, combined=True), scope())).rows == [(0, 6)]


async def test_chasm_two_metrics_do_not_multiply_each_other(asking: Engine) -> None:
    both = Question("ad-events", ("impressions", "link_clicks"), "campaign", (20,), breakdown=("creative",))
    assert (await asking.ask(both, scope())).rows == [(20, 1, 3, 1), (20, 2, 2, 1), (20, 3, 1, 1)]


async def test_sums_of_buckets_and_of_breakdowns_are_the_total(asking: Engine) -> None:
    for fields in ({"grain": "hour"}, {"grain": "month"}, {"breakdown": ("domain", "dsp")}):
        rows = (await asking.ask(impressions("campaign", 20, **fields), scope())).rows
        assert sum(row[-1] for row in rows) == 6


async def test_empty_buckets_are_left_out_or_zeros_as_asked(asking: Engine) -> None:
    week = {"window": Window(MONDAY, at("2024-03-01")), "grain": "day"}
    sparse = (await asking.ask(impressions("creative", 1, **week), scope())).rows
    assert sparse == [(1, MONDAY, 2), (1, THURSDAY, 1)]
    filled = (await asking.ask(impressions("creative", 1, **week, fill_zero=True), scope())).rows
    assert filled == [(1, MONDAY, 2), (1, TUESDAY, 0), (1, at("2024-02-28"), 0), (1, THURSDAY, 1)]


async def test_an_entity_without_facts_is_zero_not_missing(asking: Engine) -> None:
    found = await asking.ask(impressions("campaign", 20, 21, fill_zero=True), scope())
    assert (found.ids, found.rows) == ((20, 21), [(20, 6), (21, 0)])


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        ("2024-02-26", "2024-02-29T09:30", 3),
        ("2024-02-26", "2024-02-29T09:30:00.000001", 6),
        ("2024-02-26T00:00:00.000001", "2024-03-01", 3),
        ("2024-02-29T09:30", "2024-02-29T09:31", 3),
        ("2024-02-29T09:00", "2024-02-29T10:00", 3),
        ("2024-02-25T17:45", "2024-03-01T06:15", 6),
    ],
)
async def test_windows_off_the_hour_count_exactly_what_is_in_them(
    asking: Engine, start: str, end: str, counted: int
) -> None:
    for grain in (None, "day", "week", "month"):
        asked = impressions("campaign", 20, window=Window(at(start), at(end)), grain=grain)
        assert sum(row[-1] for row in (await asking.ask(asked, scope())).rows) == counted


async def test_late_facts_are_counted_in_the_time_they_happened(asking: Engine, store: Store) -> None:
    await append(store, Event(MONDAY, 1))
    asked = impressions("creative", 1, grain="day", window=Window(MONDAY, at("2024-03-01")))
    assert (await asking.ask(asked, scope())).rows == [(1, MONDAY, 3), (1, THURSDAY, 1)]


async def test_facts_of_another_organisation_with_the_same_ids_are_not_counted(asking: Engine, store: Store) -> None:
    await append(store, *(Event(MONDAY, one) for one in (1, 1, 1, 1)), organisation_id=2)
    windows = (None, Window(MONDAY, at("2024-03-01")), Window(MONDAY, at("2024-03-01T00:30:01")))
    for organisation, expected in ((1, 6), (2, 4)):
        for window in windows:
            asked = impressions("campaign", 20, window=window)
            assert (await asking.ask(asked, scope(organisation))).rows == [(20, expected)]
    await store.compact()
    assert (await asking.ask(impressions("campaign", 20), scope())).rows == [(20, 6)]
