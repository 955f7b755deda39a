"""Spans of time and the buckets they fall into, in UTC (contract: common, "Time").

A window is half-open: ``start`` belongs to it, ``end`` does not. Either may be
None for "open". Weeks start on Monday.

>>> parse_window("2025-04-17", "2025-04-24T23:59:59.000Z").end
datetime.datetime(2025, 4, 25, 0, 0)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from headwater.catalogue.model import Grain
from headwater.errors import InvalidRequest

_DAY = timedelta(days=1)
# Every store's calendar holds these, and the bucket after any of them exists.
_YEARS = range(1900, 2200)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(?::(\d{2})(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?")


class Window(msgspec.Struct, frozen=True):
    """From ``start`` up to, not including, ``end``; naive datetimes in UTC."""

    start: datetime | None
    end: datetime | None


def parse_window(
    time_from: str | None, time_to: str | None, *, names: tuple[str, str] = ("time_from", "time_to")
) -> Window:
    """The window between two ISO 8601 texts, each a date or a date-time.

    The end is inclusive of the unit it is written in: a date means the whole day,
    a whole minute or second that minute or second, a finer instant itself.
    Raises ``InvalidRequest`` naming the parameter (from ``names``) that is wrong.
    """
    start = _parse(time_from, names[0])[0] if time_from is not None else None
    end = _end(time_to, names[1]) if time_to is not None else None
    if start is not None and end is not None and end <= start:
        raise InvalidRequest(
            f"The window ends before it begins: {names[0]} is {time_from}, {names[1]} is {time_to}.",
            field=names[1],
            allowed=f"a time not before {names[0]}",
        )
    return Window(start, end)


def _end(text: str, name: str) -> datetime:
    instant, unit = _parse(text, name)
    return instant + unit


def _parse(text: str, name: str) -> tuple[datetime, timedelta]:
    """The instant, and the length of the unit it is written in."""
    try:
        instant, unit = _read(text.strip())
    except (ValueError, OverflowError):
        raise _unreadable(text, name) from None
    if instant.year not in _YEARS:
        raise _unreadable(text, name)
    return instant, unit


def _read(text: str) -> tuple[datetime, timedelta]:
    if _DATE.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time()), _DAY
    if match := _DATETIME.fullmatch(text):
        return _instant(*match.groups())
    raise ValueError(text)


def _instant(
    day: str, minute: str, second: str | None, fraction: str | None, offset: str | None
) -> tuple[datetime, timedelta]:
    micros = (fraction or "").lstrip(".")[:6].ljust(6, "0")
    zone = "+00:00" if offset is None or offset in "Zz" else offset
    instant = datetime.fromisoformat(f"{day}T{minute}:{second or '00'}.{micros}{zone}").astimezone(UTC)
    naive = instant.replace(tzinfo=None)
    if second is None:
        return naive, timedelta(minutes=1)
    return naive, timedelta(seconds=1) if not naive.microsecond else timedelta(microseconds=1)


def _unreadable(text: str, name: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{name}' is not a time: {text.strip()[:64]!r}.",
        field=name,
        allowed="an ISO 8601 date (2025-04-17) or date-time (2025-04-17T00:00:00.000Z) of the years"
        f" {_YEARS.start} to {_YEARS.stop - 1}",
    )


def floor(instant: datetime, grain: Grain) -> datetime:
    """Start of the bucket that holds ``instant``."""
    hour = instant.replace(minute=0, second=0, microsecond=0)
    if grain == "hour":
        return hour
    midnight = hour.replace(hour=0)
    if grain == "day":
        return midnight
    if grain == "week":
        return midnight - _DAY * midnight.weekday()
    return midnight.replace(day=1)


def following(start: datetime, grain: Grain) -> datetime:
    """Start of the bucket after the one that begins at ``start``."""
    if grain == "hour":
        return start + timedelta(hours=1)
    if grain == "day":
        return start + _DAY
    if grain == "week":
        return start + 7 * _DAY
    return (start.replace(day=1) + 32 * _DAY).replace(day=1)


def ceil(instant: datetime, grain: Grain) -> datetime:
    """Start of the first bucket that begins at or after ``instant``."""
    start = floor(instant, grain)
    return start if start == instant else following(start, grain)


def buckets(start: datetime, end: datetime, grain: Grain) -> Iterator[datetime]:
    """Starts of all buckets that ``[start, end)`` touches, in order."""
    bucket = floor(start, grain)
    while bucket < end:
        yield bucket
        bucket = following(bucket, grain)


def count_buckets(start: datetime, end: datetime, grain: Grain) -> int:
    """How many buckets ``[start, end)`` touches, without making them."""
    first, last = floor(start, grain), floor(end - timedelta(microseconds=1), grain)
    if grain == "month":
        return (last.year - first.year) * 12 + last.month - first.month + 1
    return (last - first) // (following(first, grain) - first) + 1
