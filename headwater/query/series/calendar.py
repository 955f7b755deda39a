"""Days into buckets, and which period a span is compared with. Pure; zones are dealt with elsewhere.

>>> [bucket.start.isoformat() for bucket in buckets(Span(date(2026, 3, 1), date(2026, 3, 10)), Grid("week"))]
['2026-02-23', '2026-03-02', '2026-03-09']
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

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
    start = _start(span.first, span, grid)
    while start <= span.last:
        following = _following(start, grid)
        end = following - _DAY
        yield Bucket(start, end, Span(max(start, span.first), min(end, span.last)))
        start = following


def _start(day: date, span: Span, grid: Grid) -> date:
    match grid.granularity:
        case "week":
            return day - _DAY * day.weekday()
        case "month":
            return day.replace(day=1)
        case "custom":
            return day - _DAY * ((day - span.first).days % grid.days)
        case "day":
            return day


def _following(start: date, grid: Grid) -> date:
    match grid.granularity:
        case "week":
            return start + 7 * _DAY
        case "month":
            return (start.replace(day=1) + 32 * _DAY).replace(day=1)
        case "custom":
            return start + grid.days * _DAY
        case "day":
            return start + _DAY


def before(bucket: Bucket, grid: Grid) -> Span:
    """All days of the bucket that comes before one."""
    last = bucket.start - _DAY
    match grid.granularity:
        case "week":
            return Span(last - 6 * _DAY, last)
        case "month":
            return Span(last.replace(day=1), last)
        case "custom":
            return Span(bucket.start - grid.days * _DAY, last)
        case "day":
            return Span(last, last)


def prior(span: Span, grid: Grid) -> Span:
    """The period just before: as many months for whole months by the month, else as many days."""
    last = span.first - _DAY
    if grid.granularity == "month" and span.first.day == 1 and (span.last + _DAY).day == 1:
        months = (span.last.year - span.first.year) * 12 + span.last.month - span.first.month + 1
        years, month = divmod(span.first.year * 12 + span.first.month - 1 - months, 12)
        return Span(date(years, month + 1, 1), last)
    return Span(span.first - span.days * _DAY, last)
