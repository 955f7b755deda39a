"""The days of a question: its buckets, and whether a plan's history and the calendar hold them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from headwater.errors import InvalidRequest
from headwater.query.window import Window, buckets
from headwater.tools.metric_question import Granularity, MetricQuestion, Period

DAY: Final = timedelta(days=1)
MOST_BUCKETS: Final = 400
YEARS: Final = range(1970, 2100)


def window(period: Period) -> Window:
    """The days as the UTC window that ends where the day after the last begins."""
    return Window(datetime.combine(period.first, time()), datetime.combine(period.last + DAY, time()))


def split(period: Period, granularity: Granularity) -> Iterator[tuple[date, Period]]:
    """Each bucket's first day by the calendar, and what of the bucket the period holds.

    >>> [(str(day), part.first.day) for day, part in split(Period(date(2026, 11, 4), date(2026, 11, 9)), "week")]
    [('2026-11-02', 4), ('2026-11-09', 9)]
    """
    whole = window(period)
    if whole.start is None or whole.end is None:
        return
    starts = [bucket.date() for bucket in buckets(whole.start, whole.end, granularity)]
    ends = [*(day - DAY for day in starts[1:]), period.last]
    for start, end in zip(starts, ends, strict=True):
        yield start, Period(max(start, period.first), min(end, period.last))


def check(question: MetricQuestion) -> None:
    """Refuse periods that end before they begin, buckets without a period, and too many of them."""
    for field, period in (("period", question.period), ("compare", question.compare)):
        if period is None:
            continue
        if period.last < period.first:
            raise InvalidRequest(
                f"'{field}' ends before it begins: from {period.first} to {period.last}.", field=f"{field}.to"
            )
        if period.first.year not in YEARS or period.last.year not in YEARS:
            raise InvalidRequest(f"'{field}' lies outside of the years {YEARS.start} to {YEARS.stop - 1}.", field=field)
    if question.granularity and question.period is None:
        raise InvalidRequest("'granularity' needs a 'period'.", field="period")
    if question.compare and question.period is None:
        raise InvalidRequest("'compare' needs a 'period'.", field="period")
    if question.compare and question.granularity:
        raise InvalidRequest("'compare' is of totals; leave out 'granularity'.", field="compare")
    if question.granularity and question.period:
        days = (question.period.last - question.period.first).days + 1
        count = days if question.granularity == "day" else days // 7
        if count > MOST_BUCKETS:
            raise InvalidRequest(
                f"{count} buckets are too many.", field="granularity", allowed=f"at most {MOST_BUCKETS} buckets"
            )
