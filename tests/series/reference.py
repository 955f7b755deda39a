"""The series rules of the creators contract in plain Python, one day at a time; slow and obvious."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

COUNTERS = ("views", "likes", "comments", "shares", "saves")
DAY = timedelta(days=1)


class Reading(NamedTuple):
    """One snapshot in the order of arrival; ``at`` is naive UTC."""

    subject: int
    at: datetime
    counters: tuple[int | None, ...]
    is_baseline: bool | None = None


class Booked(NamedTuple):
    """What one reading does to one counter: the level it leaves, and what it books as new."""

    at: datetime
    level: int
    new: int


def booked(
    readings: Sequence[Reading], counter: int, posted_at: datetime | None, *, always: bool = False
) -> list[Booked]:
    """The course of one counter of one subject; ``always``: a first reading is a baseline whatever was posted."""
    found: list[Booked] = []
    for reading in sorted(readings, key=lambda one: one.at):
        value = reading.counters[counter]
        if value is None:
            continue
        before = found[-1].level if found else 0
        baseline = reading.is_baseline
        if baseline is None and not found:
            recent = posted_at is not None and posted_at <= reading.at <= posted_at + timedelta(hours=24)
            baseline = always or not recent
        found.append(Booked(reading.at, value, 0 if baseline else value - before))
    return found


def first_day(
    readings: Sequence[Reading], posted_at: datetime | None, zone: str, *, always: bool = False
) -> date | None:
    """The first day with a reading that is no baseline."""
    days = []
    for place, reading in enumerate(sorted(readings, key=lambda one: one.at)):
        baseline = reading.is_baseline
        if baseline is None and place == 0:
            recent = posted_at is not None and posted_at <= reading.at <= posted_at + timedelta(hours=24)
            baseline = always or not recent
        if not baseline:
            days.append(local(reading.at, zone))
    return min(days, default=None)


def local(at: datetime, zone: str) -> date:
    """The day of an instant in a zone."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


class Course(NamedTuple):
    """A counter of one subject by local day."""

    entries: list[tuple[date, Booked]]

    def known(self, day: date) -> bool:
        return any(at <= day for at, _ in self.entries)

    def level(self, day: date) -> int:
        return next((one.level for at, one in reversed(self.entries) if at <= day), 0)

    def new(self, first: date, last: date) -> int:
        return sum(one.new for at, one in self.entries if first <= at <= last)


def courses(
    readings: Sequence[Reading],
    counter: int,
    members: Sequence[int],
    posted: Callable[[int], datetime | None],
    zone: str,
    *,
    always: bool = False,
) -> list[Course]:
    """The courses of all members."""
    return [
        Course(
            [
                (local(one.at, zone), one)
                for one in booked([r for r in readings if r.subject == member], counter, posted(member), always=always)
            ]
        )
        for member in members
    ]


def new(some: Sequence[Course], first: date, last: date) -> int | None:
    """What is new in a span; None where nothing is known by its end."""
    if not any(course.known(last) for course in some):
        return None
    return sum(course.new(first, last) for course in some)


def level(some: Sequence[Course], day: date) -> int | None:
    """The level at the end of a day."""
    if not any(course.known(day) for course in some):
        return None
    return sum(course.level(day) for course in some)
