"""What the aggregates compute, on figures small enough to check by eye."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.query.series.overlap import overlaps
from headwater.query.series.posting import consistency, heatmap
from headwater.query.series.question import Span
from headwater.query.series.ranking import Cut, Order, ranked
from headwater.query.series.spread import distribution, modified_z_scores, percentiles
from headwater.query.series.totals import NOTHING, Figures, Totals, TotalsQuestion, together

from .test_totals import Whole

NEVER = datetime(2199, 1, 1, tzinfo=UTC)
FIRST = Order("videos", descending=True)
ALL = Cut(1000, 0)


class Campaigns(Whole):
    """A roster of some campaigns, and one creator."""

    def numbers(self, kind: str, project: int | None = None) -> tuple[int, ...]:
        if kind == "campaign":
            return tuple(sorted(number for held, number in self._holds if held == "campaign"))
        return super().numbers(kind, project)


def totals(videos: Mapping[int, Figures], span: Span, today: date = date(2026, 12, 31), zone: str = "UTC") -> Totals:
    """Totals of one creator, who has all the videos."""
    return Totals(TotalsQuestion(None, span, zone, today), videos, {1: together(videos.values())}, NEVER)


def test_what_is_unknown_comes_last_either_way_and_ties_by_name() -> None:
    values = {"d": 1, "c": 2, "b": None, "a": 1}
    for descending, expected in ((True, ["c", "a", "d", "b"]), (False, ["a", "d", "c", "b"])):
        page = ranked(values, values.get, str, Order("n", descending), ALL)
        assert page.rows == list(enumerate(expected, 1))


@given(values=st.dictionaries(st.text(max_size=3), st.none() | st.integers(-3, 3)), limit=st.integers(1, 5))
def test_pages_together_are_the_list(values: dict[str, int | None], limit: int) -> None:
    order = Order("n", descending=True)
    whole = ranked(values, values.get, str, order, ALL)
    pages = [ranked(values, values.get, str, order, Cut(limit, offset)) for offset in range(0, len(values), limit)]
    assert [row for page in pages for row in page.rows] == whole.rows
    assert {page.total for page in pages} <= {len(values)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 103], [-1.349, -0.674, 0.0, 0.674, 67.45]),
        # More than half are equal: the mean deviation is 90/8.
        ([10] * 7 + [100], [0.0] * 7 + [round(90 / (1.253314 * 90 / 8), 3)]),
        ([5] * 6, [0.0] * 6),
    ],
)
def test_modified_z_scores(values: list[int], expected: list[float]) -> None:
    assert [round(score, 3) for score in modified_z_scores(values)] == expected


def test_percentiles_of_one_value_are_that_value() -> None:
    assert set(percentiles([7]).values()) == {7.0}


@given(views=st.lists(st.integers(-1000, 10**12), min_size=1))
def test_every_video_is_in_the_one_bin_that_it_belongs_to(views: list[int]) -> None:
    some = {number: NOTHING._replace(views=one) for number, one in enumerate(views)}
    found = distribution(totals(some, Span(date(2026, 1, 1), date(2026, 1, 2))))
    assert sum(one.videos for one in found.bins) == len(views)
    assert sum(one.percent for one in found.bins) == pytest.approx(100)
    for one in found.bins:
        least = min(views) if one.at_least is None else one.at_least
        assert one.videos == sum(least <= value <= one.at_most for value in views)


@given(held=st.dictionaries(st.integers(1, 6), st.frozensets(st.integers(1, 8)), max_size=6))
def test_overlaps_are_those_of_the_sets(held: dict[int, frozenset[int]]) -> None:
    roster = Campaigns({("campaign", one): tuple(sorted(videos)) for one, videos in held.items()})
    figures = {video: NOTHING._replace(views=10**video) for video in range(1, 9)}
    page = overlaps(totals(figures, Span(date(2026, 1, 1), date(2026, 1, 2))), roster, FIRST, ALL)
    found = {one.campaigns: (one.videos, one.views, one.jaccard) for _, one in page.rows}
    assert found == {
        (one, other): (len(common), sum(10**video for video in common), len(common) / len(held[one] | held[other]))
        for one, other in combinations(sorted(held), 2)
        if (common := held[one] & held[other])
    }


def posts(*instants: str, views: int | None = 1) -> tuple[Whole, dict[int, Figures]]:
    """A creator's videos, posted then."""
    posted = {number: datetime.fromisoformat(at) for number, at in enumerate(instants, 1)}
    roster = Whole({("creator", 1): tuple(posted), ("project", 1): tuple(posted)}, posted)
    return roster, {number: NOTHING._replace(views=views, posts=1, posts_total=1) for number in posted}


def test_an_hour_that_a_zone_has_twice_is_one_slot() -> None:
    # Oslo turns its clocks back from 3:00 to 2:00 on Sunday, 25 October 2026.
    roster, videos = posts("2026-10-25T00:30:00", "2026-10-25T01:30:00")
    found = heatmap(totals(videos, Span(date(2026, 10, 1), date(2026, 10, 31)), zone="Europe/Oslo"), roster)
    assert [(one.weekday, one.hour, one.posts) for one in found.slots if one.posts] == [(7, 2, 2)]


def test_gaps_are_days_whatever_the_clocks_do() -> None:
    roster, videos = posts("2026-10-24T10:00:00", "2026-10-25T10:00:00", "2026-10-27T10:00:00")
    asked = totals(videos, Span(date(2026, 10, 1), date(2026, 10, 31)), zone="Europe/Oslo")
    ((_, one),) = consistency(asked, roster, Order("posts", descending=True), ALL).rows
    assert list(one.gaps) == [1.0, 2.0]
    assert (one.mean_gap_days, one.longest_gap_days) == (1.5, 2.0)


@pytest.mark.parametrize(
    ("today", "weeks", "active", "per_week"),
    # Weeks from Monday, 28 September on; the posts are of the first and the third.
    [("2026-10-31", 5, 2, 2 * 7 / 31), ("2026-10-06", 2, 1, 2 * 7 / 6), ("2026-09-30", 0, 0, None)],
)
def test_weeks_that_have_not_begun_do_not_count(today: str, weeks: int, active: int, per_week: float | None) -> None:
    roster, videos = posts("2026-10-02T10:00:00", "2026-10-14T10:00:00")
    asked = totals(videos, Span(date(2026, 10, 1), date(2026, 10, 31)), date.fromisoformat(today))
    ((_, one),) = consistency(asked, roster, Order("posts", descending=True), ALL).rows
    assert (one.weeks, one.active_weeks, one.posts_per_week) == (weeks, active, per_week)
    assert one.active_weeks_percent == (active * 100 / weeks if weeks else None)
