"""Windows are half-open spans in UTC, and the buckets of a grain cut them without gap or overlap."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.model import Grain
from headwater.errors import InvalidRequest
from headwater.query.window import Window, buckets, ceil, count_buckets, floor, following, parse_window
from tests.conformance.facts import at

GRAINS: tuple[Grain, ...] = ("hour", "day", "week", "month")
TICK = timedelta(microseconds=1)
instants = st.datetimes(at("1999-12-01"), at("2101-02-01"))
spans = st.timedeltas(TICK, timedelta(days=90))
grains = st.sampled_from(GRAINS)


@given(start=instants, length=spans, grain=grains)
def test_buckets_partition_any_window(start: datetime, length: timedelta, grain: Grain) -> None:
    end = start + length
    starts = list(buckets(start, end, grain))
    assert starts[0] <= start < following(starts[0], grain)
    assert starts[-1] < end <= following(starts[-1], grain)
    assert starts[1:] == [following(one, grain) for one in starts[:-1]]
    assert count_buckets(start, end, grain) == len(starts)


@given(instant=instants, grain=grains)
def test_floor_and_ceil_enclose_every_instant(instant: datetime, grain: Grain) -> None:
    assert floor(instant, grain) <= instant <= ceil(instant, grain)
    assert floor(floor(instant, grain), grain) == floor(instant, grain) == ceil(floor(instant, grain), grain)
    assert ceil(instant, grain) in (instant, following(floor(instant, grain), grain))


@pytest.mark.parametrize(
    ("instant", "grain", "first", "second"),
    [
        ("2024-02-29T23:59:59.999999", "day", "2024-02-29", "2024-03-01"),
        ("2023-02-28T12:00", "day", "2023-02-28", "2023-03-01"),
        ("2024-02-29", "month", "2024-02-01", "2024-03-01"),
        ("2024-01-31", "month", "2024-01-01", "2024-02-01"),
        ("2023-12-31T23:00", "month", "2023-12-01", "2024-01-01"),
        ("2024-03-03T23:59", "week", "2024-02-26", "2024-03-04"),
        ("2024-03-04", "week", "2024-03-04", "2024-03-11"),
        ("2024-01-01", "week", "2024-01-01", "2024-01-08"),
        ("2022-01-01", "week", "2021-12-27", "2022-01-03"),
        ("2024-12-31T23:30", "hour", "2024-12-31T23:00", "2025-01-01"),
    ],
)
def test_calendar_edges(instant: str, grain: Grain, first: str, second: str) -> None:
    start = floor(at(instant), grain)
    assert start == at(first)
    assert following(start, grain) == at(second)


@pytest.mark.parametrize(
    ("time_from", "time_to", "start", "end"),
    [
        ("2024-02-28", "2024-02-29", "2024-02-28", "2024-03-01"),
        ("2024-02-28T10:00Z", "2024-02-28T10:00Z", "2024-02-28T10:00", "2024-02-28T10:01"),
        ("2024-02-28T00:00:00.000Z", "2024-02-28T23:59:59.000Z", "2024-02-28", "2024-02-29"),
        ("2024-02-28", "2024-02-28T10:00:00.25", "2024-02-28", "2024-02-28T10:00:00.250001"),
        ("2024-02-28T01:00:00+02:00", "2024-02-28", "2024-02-27T23:00", "2024-02-29"),
        ("2024-02-28 01:00:00", "2024-02-28", "2024-02-28T01:00", "2024-02-29"),
    ],
)
def test_the_end_includes_the_unit_it_is_written_in(time_from: str, time_to: str, start: str, end: str) -> None:
    assert parse_window(time_from, time_to) == Window(at(start), at(end))


def test_either_end_may_be_open() -> None:
    assert parse_window(None, None) == Window(None, None)
    assert parse_window("2024-02-28", None) == Window(at("2024-02-28"), None)


@pytest.mark.parametrize("text", ["", "yesterday", "2023-02-29", "2024-2-1", "2024-01-01T25:00", "0000-01-01"])
def test_an_unreadable_time_names_its_parameter_and_the_form(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_window(text, None, names=("from", "to"))
    assert refused.value.details["field"] == "from"
    assert "ISO 8601" in str(refused.value.details["allowed"])


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31T23:59:59Z", "2200-01-01", "9999-12-31T12:00:00.5Z"])
def test_a_year_outside_the_stores_calendars_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_window("2024-01-01", text)
    assert refused.value.details["field"] == "time_to"
    assert "1900" in str(refused.value.details["allowed"])


def test_a_window_that_ends_before_it_begins_names_its_end() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_window("2024-03-02", "2024-03-01")
    assert refused.value.details["field"] == "time_to"
