"""A plan covers the window exactly, with the coarsest rollups that can answer."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.model import Grain
from headwater.query.plan import Part
from headwater.query.question import Question
from headwater.query.window import Window, floor
from tests.conformance.facts import at

from .shapes import RAGGED, WEEK, planned, question

instants = st.none() | st.datetimes(at("2019-12-01"), at("2024-03-31"))
whole_hours = instants.map(lambda at: at and floor(at, "hour"))
whole_days = instants.map(lambda at: at and floor(at, "day"))
bounds = instants | whole_hours | whole_days
grains = st.sampled_from([None, "hour", "day", "week", "month"])
breakdowns = st.sampled_from([(), ("domain",), ("domain", "dsp"), ("creative",)])


def tables(asked: Question) -> list[tuple[str, datetime | None, datetime | None]]:
    return [(part.rollup.name if part.rollup else "raw", part.start, part.end) for part in planned(asked).parts]


@given(start=bounds, end=bounds, grain=grains, breakdown=breakdowns)
def test_parts_partition_any_window(
    start: datetime | None, end: datetime | None, grain: Grain | None, breakdown: tuple[str, ...]
) -> None:
    if start is not None and end is not None and start >= end:
        start, end = end, start + timedelta(microseconds=1)
    parts = planned(question(window=Window(start, end), grain=grain, breakdown=breakdown)).parts
    assert (parts[0].start, parts[-1].end) == (start, end)
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert all(_spans_whole_buckets(part) for part in parts)
    assert all(_is_not_empty(part) for part in parts)


def _spans_whole_buckets(part: Part) -> bool:
    if part.rollup is None or part.rollup.grain is None:
        return True
    return all(bound is None or bound == floor(bound, part.rollup.grain) for bound in (part.start, part.end))


def _is_not_empty(part: Part) -> bool:
    return part.start is None or part.end is None or part.start < part.end


def test_lifetime_totals_come_from_the_smallest_rollup() -> None:
    assert tables(question()) == [("ad_lifetime", None, None)]


def test_whole_days_come_from_days_and_hours_from_hours() -> None:
    assert tables(question(window=WEEK, grain="week")) == [("ad_day", WEEK.start, WEEK.end)]
    assert tables(question(window=WEEK, grain="hour")) == [("ad_hour", WEEK.start, WEEK.end)]


def test_only_the_ragged_edges_are_read_raw() -> None:
    assert tables(question(window=RAGGED)) == [
        ("raw", at("2024-02-26T13:30"), at("2024-02-26T14:00")),
        ("ad_hour", at("2024-02-26T14:00"), at("2024-02-27")),
        ("ad_day", at("2024-02-27"), at("2024-03-04")),
        ("ad_hour", at("2024-03-04"), at("2024-03-04T02:00")),
        ("raw", at("2024-03-04T02:00"), at("2024-03-04T02:00:00.000001")),
    ]


def test_a_breakdown_is_answered_by_the_rollup_that_keeps_it() -> None:
    assert tables(question(window=WEEK, breakdown=("dsp",))) == [("ad_placement_day", WEEK.start, WEEK.end)]
    flow = question(metrics=("component_drops",), breakdown=("component",))
    assert tables(flow) == [("ad_flow_day", None, None)]


def test_what_no_rollup_keeps_is_read_raw() -> None:
    assert tables(question(window=WEEK, breakdown=("component",))) == [("raw", WEEK.start, WEEK.end)]
    assert tables(question(window=WEEK, grain="hour", breakdown=("dsp",))) == [("raw", WEEK.start, WEEK.end)]


def test_an_open_end_stays_open() -> None:
    since = Window(at("2024-02-27T23:00"), None)
    assert tables(question(window=since)) == [
        ("ad_hour", at("2024-02-27T23:00"), at("2024-02-28")),
        ("ad_day", at("2024-02-28"), None),
    ]


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1)])
def test_an_empty_window_reads_nothing_but_stays_a_statement(length: timedelta) -> None:
    empty = Window(WEEK.start, WEEK.start + length)
    assert tables(question(window=empty, grain="day")) == [("raw", empty.start, empty.end)]
