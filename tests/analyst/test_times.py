"""Expressions of time: what they mean, and that none is taken for another."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.analyst.calendar_words import COUNTS, MONTHS, UNITS, WEEKDAYS
from headwater.analyst.periods import Dates, before, in_words, rolling, whole
from headwater.analyst.times import find

TODAY = date(2026, 11, 27)  # a Friday


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("today", "2026-11-27", "2026-11-27"),
        ("yesterday", "2026-11-26", "2026-11-26"),
        ("the day before yesterday", "2026-11-25", "2026-11-25"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("in the last week", "2026-11-16", "2026-11-22"),
        ("this week", "2026-11-23", "2026-11-27"),
        ("the week before last", "2026-11-09", "2026-11-15"),
        ("last 2 weeks", "2026-11-09", "2026-11-22"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("this month", "2026-11-01", "2026-11-27"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("this quarter", "2026-10-01", "2026-11-27"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("over the last 7 days", "2026-11-21", "2026-11-27"),
        ("past seven days", "2026-11-21", "2026-11-27"),
        ("past week", "2026-11-21", "2026-11-27"),
        ("past month", "2026-10-28", "2026-11-27"),
        ("last three months", "2026-08-01", "2026-10-31"),
        ("two weeks ago", "2026-11-09", "2026-11-15"),
        ("3 days ago", "2026-11-24", "2026-11-24"),
        ("since 3 march", "2026-03-03", "2026-11-27"),
        ("since march 3rd", "2026-03-03", "2026-11-27"),
        ("since last week", "2026-11-16", "2026-11-27"),
        ("between 2 and 3", None, None),
        ("between 2026-11-01 and 2026-11-10", "2026-11-01", "2026-11-10"),
        ("from 1 november to 10 november", "2026-11-01", "2026-11-10"),
        ("from march to may", "2026-03-01", "2026-05-31"),
        ("in march", "2026-03-01", "2026-03-31"),
        ("in december", "2025-12-01", "2025-12-31"),
        ("in march 2025", "2025-03-01", "2025-03-31"),
        ("in november", "2026-11-01", "2026-11-27"),
        ("in 2017", "2017-01-01", "2017-12-31"),
        ("q3 2026", "2026-07-01", "2026-09-30"),
        ("in the third quarter of 2025", "2025-07-01", "2025-09-30"),
        ("h1 2026", "2026-01-01", "2026-06-30"),
        ("on 2026-11-03", "2026-11-03", "2026-11-03"),
        ("on the 3rd of november", "2026-11-03", "2026-11-03"),
        ("november 3 2025", "2025-11-03", "2025-11-03"),
        ("on monday", "2026-11-23", "2026-11-23"),
        ("on friday", "2026-11-20", "2026-11-20"),
        ("last weekend", "2026-11-21", "2026-11-22"),
        ("year to date", "2026-01-01", "2026-11-27"),
        ("mtd", "2026-11-01", "2026-11-27"),
        ("on 13/04/2026", "2026-04-13", "2026-04-13"),
        ("on 04/04/2026", "2026-04-04", "2026-04-04"),
        ("more than 2000", None, None),
        ("2017", None, None),
    ],
)
def test_means_these_days(words: str, first: str | None, last: str | None) -> None:
    found = find(words.split(), TODAY)
    if first is None or last is None:
        assert not found
        return
    (time,) = found
    assert (time.kind, time.start, time.end) == ("span", 0, len(words.split()))
    assert time.dates == Dates(date.fromisoformat(first), date.fromisoformat(last))


def test_a_range_that_runs_backwards_is_unclear() -> None:
    assert [one.kind for one in find(["between", "march", "and", "may", "2025"], TODAY)] == ["unclear"]


@pytest.mark.parametrize("words", ["tomorrow", "next week", "on 2027-01-01", "in 2031", "the coming 3 months"])
def test_the_future_is_told_as_such(words: str) -> None:
    assert [one.kind for one in find(words.split(), TODAY)] == ["future"]


@pytest.mark.parametrize("words", ["on 03/04/2026", "a week ago", "on 2026-02-31", "since 03/04/2026"])
def test_what_has_two_readings_or_none_is_unclear(words: str) -> None:
    (time,) = find(words.split(), TODAY)
    assert time.kind == "unclear"


def test_before_is_relative_to_another_time() -> None:
    now, earlier = find(["last", "week", "and", "the", "week", "before", "that"], TODAY)
    assert (now.kind, earlier.kind, earlier.unit) == ("span", "before", "week")
    assert now.dates is not None
    assert before(now.dates, "week") == Dates(date(2026, 11, 9), date(2026, 11, 15))


def test_whole_months_move_by_months() -> None:
    october = whole("month", TODAY, 1)
    assert before(october) == before(october, "month") == Dates(date(2026, 9, 1), date(2026, 9, 30))
    assert before(Dates(date(2026, 2, 1), date(2026, 2, 28)), "year").last == date(2025, 2, 28)
    assert before(Dates(date(2024, 2, 1), date(2024, 2, 29)), "year").last == date(2023, 2, 28)


WORDS = st.sampled_from(
    [
        *MONTHS,
        *UNITS,
        *WEEKDAYS,
        *COUNTS,
        "last",
        "past",
        "this",
        "next",
        "before",
        "ago",
        "since",
        "between",
        "and",
        "from",
        "to",
        "the",
        "in",
        "on",
        "2026",
        "0",
        "99999",
        "2026-02-30",
        "1/2/2026",
        "q3",
        "3rd",
        "that",
        "ever",
        "",
    ]
)


@given(st.lists(WORDS | st.text(max_size=8), max_size=9), st.dates(date(1971, 1, 1), date(2098, 1, 1)))
def test_any_words_give_times_in_order_that_have_begun(words: list[str], today: date) -> None:
    end = 0
    for time in find(words, today):
        assert end <= time.start < time.end <= len(words)
        end = time.end
        if time.kind == "span":
            assert time.dates is not None
            assert time.dates.first <= time.dates.last <= today


@given(st.dates(date(1980, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_periods_join_without_gap_or_overlap(today: date, count: int) -> None:
    for unit in ("day", "week", "month", "quarter", "year"):
        several = whole(unit, today, 1, count)  # type: ignore[arg-type]
        assert several.last + timedelta(days=1) == whole(unit, today, 0).first  # type: ignore[arg-type]
        assert before(several).last + timedelta(days=1) == several.first
        assert rolling(unit, today, count).last == today  # type: ignore[arg-type]
        assert in_words(several)
