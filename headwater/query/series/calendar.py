"""Days into buckets, and which period a span is compared with. Pure; zones are dealt with elsewhere.

>>> [bucket.start.isoformat() for bucket in buckets(Span(date(2026, 3, 1), date(2026, 3, 10)), Grid("week"))]
['2026-02-23', '2026-03-02', '2026-03-09']
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import msgspec

from headwater.query.series.question import Grid, Span

_DAY = timedelta(days=1)


class Bucket(msgspec.Struct, frozen=True):
    """``start`` to ``end`` are its days by the calendar, ``span`` those of them that were asked for."""

    start: date
    end: date
    span: Span


def buckets(span: Span, grid: Grid) -> Iterator[Bucket]:
    """The buckets that a span touches, in order; the outer ones may be cut by it."""
    return (_bucket(span, start, following) for start, following in pairwise(edges(span, grid)[1:]))


def last_bucket(span: Span, grid: Grid) -> Bucket:
    """The last of them."""
    return _bucket(span, *edges(span, grid)[-2:])


def edges(span: Span, grid: Grid) -> list[date]:
    """The first days of the buckets that a span touches, and of one more before and after them.

    >>> [day.isoformat() for day in edges(Span(date(2026, 3, 5), date(2026, 3, 9)), Grid("month"))]
    ['2026-02-01', '2026-03-01', '2026-04-01']
    """
    if grid.granularity == "month":
        first, last = _month(span.first) - 1, _month(span.last) + 1
        return [date(month // 12, month % 12 + 1, 1) for month in range(first, last + 1)]
    days = {"day": 1, "week": 7, "custom": grid.days}[grid.granularity]
    start = span.first.toordinal() - (span.first.weekday() if grid.granularity == "week" else 0)
    return list(map(date.fromordinal, range(start - days, span.last.toordinal() + days + 1, days)))


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _bucket(span: Span, start: date, following: date) -> Bucket:
    end = following - _DAY
    return Bucket(start, end, Span(max(start, span.first), min(end, span.last)))


def prior(span: Span, grid: Grid) -> Span:
    """The period just before: as many months for whole months by the month, else as many days."""
    last = span.first - _DAY
    if grid.granularity == "month" and span.first.day == 1 and (span.last + _DAY).day == 1:
        months = (span.last.year - span.first.year) * 12 + span.last.month - span.first.month + 1
        years, month = divmod(span.first.year * 12 + span.first.month - 1 - months, 12)
        return Span(date(years, month + 1, 1), last)
    return Span(span.first - span.days * _DAY, last)
