"""When videos were posted: by weekday and hour, and how regularly by each creator. Pure.

Days, weeks and hours are those of the question's zone; only videos that count are
looked at, and only those posted in the span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean, stdev
from zoneinfo import ZoneInfo

import msgspec

from headwater.query.series.calendar import buckets
from headwater.query.series.question import Grid
from headwater.query.series.ranking import Cut, Order, Page, ranked
from headwater.query.series.shape import Number
from headwater.query.series.totals import Totals, TotalsQuestion, WholeRoster

HOURS, WEEKDAYS = 24, 7
SLOT_COLUMNS = ("posts", "views", "avg_views_per_post")
CADENCE_COLUMNS = (
    "active_weeks_percent",
    "active_weeks",
    "posts",
    "posts_per_week",
    "mean_gap_days",
    "stdev_gap_days",
    "longest_gap_days",
)
_SECONDS_A_DAY = 86_400


class PostingSlot(msgspec.Struct, frozen=True):
    """An hour of a weekday (1 is Monday, as in ISO 8601); views are what is new of its posts in the span."""

    weekday: int
    hour: int
    posts: int
    views: int | None
    avg_views_per_post: float | None


class Heatmap(msgspec.Struct, frozen=True):
    """All slots of a week, Monday 00:00 first."""

    slots: Sequence[PostingSlot]

    def grid(self, column: str) -> list[list[Number | None]]:
        """A column's values, seven rows of twenty-four."""
        values = [getattr(slot, column) for slot in self.slots]
        return [values[day * HOURS : (day + 1) * HOURS] for day in range(WEEKDAYS)]

    def busiest(self, order: Order, cut: Cut) -> Page[PostingSlot]:
        """The slots with posts; ties in the order of the week."""
        used = [slot for slot in self.slots if slot.posts]
        return ranked(
            used,
            lambda slot: getattr(slot, order.column),
            lambda slot: f"{slot.weekday} {slot.hour:02}",
            order,
            cut,
        )


def heatmap(totals: Totals, roster: WholeRoster) -> Heatmap:
    """The posts of the span by weekday and hour."""
    found: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for video, posted in _posted(totals.videos, totals, roster):
        found[posted.isoweekday(), posted.hour].append(video)
    return Heatmap(
        [
            _slot(weekday, hour, found.get((weekday, hour), []), totals)
            for weekday in range(1, WEEKDAYS + 1)
            for hour in range(HOURS)
        ]
    )


def _slot(weekday: int, hour: int, videos: Sequence[int], totals: Totals) -> PostingSlot:
    known = [views for video in videos if (views := totals.videos[video].views) is not None]
    return PostingSlot(weekday, hour, len(videos), sum(known) if known else None, fmean(known) if known else None)


class Cadence(msgspec.Struct, frozen=True):
    """How regularly a creator posted; gaps are days between one post and the next, both in the span.

    Weeks are those from Monday that the begun days of the span touch.
    """

    number: int
    posts: int
    posts_per_week: float | None
    gaps: Sequence[float]
    weeks: int
    active_weeks: int

    @property
    def mean_gap_days(self) -> float | None:
        """None with fewer than two posts."""
        return fmean(self.gaps) if self.gaps else None

    @property
    def stdev_gap_days(self) -> float | None:
        """The sample's standard deviation; None with fewer than three posts."""
        return stdev(self.gaps) if len(self.gaps) > 1 else None

    @property
    def longest_gap_days(self) -> float | None:
        """None with fewer than two posts."""
        return max(self.gaps, default=None)

    @property
    def active_weeks_percent(self) -> float | None:
        """Weeks with a post per hundred weeks; None before the span begins."""
        return self.active_weeks * 100 / self.weeks if self.weeks else None


def consistency(totals: Totals, roster: WholeRoster, order: Order, cut: Cut) -> Page[Cadence]:
    """Every creator's cadence."""
    weeks = _weeks(totals.question)
    cadences = [_cadence(creator, totals, roster, weeks) for creator in totals.creators]
    return ranked(
        cadences,
        lambda one: getattr(one, order.column),
        lambda one: roster.public_id("creator", one.number),
        order,
        cut,
    )


def _weeks(question: TotalsQuestion) -> int:
    return 0 if question.begun is None else sum(1 for _ in buckets(question.begun, Grid("week")))


def _cadence(creator: int, totals: Totals, roster: WholeRoster, weeks: int) -> Cadence:
    posted = sorted(at for _, at in _posted(roster.videos("creator", creator), totals, roster))
    begun = totals.question.begun
    instants = [at.timestamp() for at in posted]
    return Cadence(
        number=creator,
        posts=len(posted),
        posts_per_week=totals.creators[creator].posts_per_week(begun.days if begun else 0),
        gaps=[(later - earlier) / _SECONDS_A_DAY for earlier, later in pairwise(instants)],
        weeks=weeks,
        active_weeks=len({at.isocalendar()[:2] for at in posted if at.date() <= totals.question.today}),
    )


def _posted(videos: Iterable[int], totals: Totals, roster: WholeRoster) -> Iterable[tuple[int, datetime]]:
    """The videos that were posted in the span, with when that was in its zone."""
    zone = ZoneInfo(totals.question.zone)
    for video in videos:
        at = roster.posted_at(video)
        if totals.videos[video].posts and at is not None:
            yield video, at.replace(tzinfo=UTC).astimezone(zone)
