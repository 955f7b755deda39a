"""Whole calendar days, weeks, months, quarters and years, and steps between them. Pure; knows no words.

Weeks start on Monday. Periods include both their ends. One that still runs ends today.

>>> today = date(2026, 11, 27)
>>> whole("week", today, 0), whole("week", today, 1)
(Dates(first=datetime.date(2026, 11, 23), last=datetime.date(2026, 11, 29)), \
Dates(first=datetime.date(2026, 11, 16), last=datetime.date(2026, 11, 22)))
>>> before(whole("month", today, 1)).first
datetime.date(2026, 9, 1)
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

import msgspec

Unit = Literal["day", "week", "month", "quarter", "year"]
_DAY = timedelta(days=1)
_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12}


class Dates(msgspec.Struct, frozen=True, order=True):
    """From ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


def whole(unit: Unit, today: date, back: int, count: int = 1) -> Dates:
    """``count`` whole units, the last of them ``back`` units before the one that holds ``today``."""
    if unit in ("day", "week"):
        length = timedelta(days=7 if unit == "week" else 1)
        start = today - _DAY * today.weekday() if unit == "week" else today
        last = start - length * back
        return Dates(last - length * (count - 1), last + length - _DAY)
    months = _MONTHS[unit]
    start = month_step(today, -((today.month - 1) % months))
    last = month_step(start, -months * back)
    return Dates(month_step(last, -months * (count - 1)), month_step(last, months) - _DAY)


def month_step(day: date, months: int) -> date:
    """The first day of the month that is ``months`` after the one of ``day``; ``ValueError`` out of the calendar."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def rolling(unit: Unit, today: date, count: int) -> Dates:
    """``count`` units that end today: seven days are today and the six before.

    >>> rolling("day", date(2026, 11, 27), 7).first, rolling("month", date(2026, 3, 31), 1).first
    (datetime.date(2026, 11, 21), datetime.date(2026, 3, 1))
    """
    if unit in ("day", "week"):
        return Dates(today - _DAY * (count * (7 if unit == "week" else 1) - 1), today)
    return Dates(same_day(today, -_MONTHS[unit] * count) + _DAY, today)


def same_day(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it is shorter."""
    first = month_step(day, months)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def before(dates: Dates, unit: Unit | None = None) -> Dates:
    """The period before: as many days, or as many months where it is whole months; with ``unit`` one unit back.

    A period that is shorter than ``unit`` moves back by it, so the year before a week is a week.
    """
    if unit in ("day", "week"):
        step = _DAY * (7 if unit == "week" else 1)
        return Dates(dates.first - step, dates.last - step)
    months = _whole_months(dates)
    if unit is not None:
        last = month_step(dates.last, 1 - _MONTHS[unit]) - _DAY if months else same_day(dates.last, -_MONTHS[unit])
        return Dates(same_day(dates.first, -_MONTHS[unit]), last)
    if months:
        return Dates(month_step(dates.first, -months), dates.first - _DAY)
    return Dates(dates.first - _DAY * dates.days, dates.first - _DAY)


def _whole_months(dates: Dates) -> int:
    """How many, if it is whole months; otherwise 0."""
    end = dates.last + _DAY
    if dates.first.day != 1 or end.day != 1:
        return 0
    return (end.year - dates.first.year) * 12 + end.month - dates.first.month


def clipped(dates: Dates, today: date) -> Dates:
    """Without the days after today; one that lies in the future stays as it is."""
    return Dates(dates.first, min(dates.last, today)) if dates.first <= today else dates


def in_words(dates: Dates) -> str:
    """For people.

    >>> in_words(Dates(date(2026, 11, 16), date(2026, 11, 22))), in_words(Dates(date(2026, 1, 5), date(2026, 1, 5)))
    ('16 to 22 Nov 2026', '5 Jan 2026')
    """
    first, last = dates.first, dates.last
    end = f"{last.day} {last:%b %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} to {end}"
