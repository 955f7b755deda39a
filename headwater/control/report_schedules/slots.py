"""When a report goes out: at the beginning of an hour of the days that its frequency names, UTC. Pure.

>>> from datetime import UTC
>>> next_slot(Timing("monthly", 6, day=31), datetime(2026, 1, 31, 6, 0, tzinfo=UTC)).isoformat()
'2026-02-28T06:00:00+00:00'
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

Frequency = Literal["daily", "weekly", "monthly"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: Final[tuple[Weekday, ...]] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_DAY: Final = timedelta(days=1)


class Timing(msgspec.Struct, frozen=True):
    """``weekday`` is for weekly and ``day`` for monthly; a month that is too short for it sends on its last day."""

    frequency: Frequency
    hour: int
    weekday: Weekday = "monday"
    day: int = 1


def next_slot(timing: Timing, after: datetime) -> datetime:
    """The first slot later than ``after``, which is in UTC."""
    slot = after.replace(hour=timing.hour, minute=0, second=0, microsecond=0)
    while slot <= after or not _falls_on(timing, slot.date()):
        slot += _DAY
    return slot


def words(timing: Timing) -> str:
    """The schedule in words.

    >>> words(Timing("weekly", 6, "friday")), words(Timing("monthly", 14, day=31))
    ('each Friday at 6:00 UTC', 'on day 31 of each month (or its last) at 14:00 UTC')
    """
    match timing.frequency:
        case "daily":
            days = "each day"
        case "weekly":
            days = f"each {timing.weekday.capitalize()}"
        case "monthly":
            days = f"on day {timing.day} of each month" + (" (or its last)" if timing.day > 28 else "")
    return f"{days} at {timing.hour}:00 UTC"


def _falls_on(timing: Timing, day: date) -> bool:
    match timing.frequency:
        case "daily":
            return True
        case "weekly":
            return WEEKDAYS[day.weekday()] == timing.weekday
        case "monthly":
            return day.day == min(timing.day, monthrange(day.year, day.month)[1])
