"""Time zones by their IANA names.

>>> known_zone("Europe/Oslo"), known_zone("Europe/Atlantis"), known_zone("../etc/passwd")
(True, False, False)
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, NamedTuple

# Not places but stand-ins: what the machine is set to, or nothing at all.
_NO_ZONES: Final = frozenset({"Factory", "localtime"})
_FIRST, _LAST = date(1999, 12, 1), date(2050, 1, 1)
# No zone has changed its clocks twice within a week since 2000; the shortest summer time pauses for Ramadan's four.
_STEP = timedelta(days=7)
DAY = timedelta(days=1)


class Offset(NamedTuple):
    """From ``since`` (naive, UTC; None: from the beginning) a zone's clocks are ``seconds`` ahead of UTC."""

    since: datetime | None
    seconds: int


@cache
def offsets(name: str) -> tuple[Offset, ...]:
    """How a zone's clocks stand from 2000 on, each change to the second; after 2049 as at its end.

    >>> [str(offset.since) for offset in offsets("Europe/Oslo")[1:3]]
    ['2000-03-26 01:00:00', '2000-10-29 01:00:00']
    """
    zone = zoneinfo.ZoneInfo(name)
    day = datetime.combine(_FIRST, time(), UTC)
    found = [Offset(None, _seconds(zone, day))]
    while day.date() < _LAST:
        if _seconds(zone, day + _STEP) != found[-1].seconds:
            found.append(_change(zone, day, day + _STEP))
        day += _STEP
    return tuple(found)


def midnight(day: date, name: str) -> datetime:
    """The first instant of ``day`` in a zone (naive, UTC), also where clocks skip midnight.

    >>> midnight(date(2018, 11, 4), "America/Sao_Paulo")
    datetime.datetime(2018, 11, 4, 3, 0)
    """
    zone = zoneinfo.ZoneInfo(name)
    # Within the gap that begins at 00:00, the offset before it makes the instant at which the gap begins.
    first = datetime.combine(day, time(), zone).astimezone(UTC)
    return first.replace(tzinfo=None)


def local_date(instant: datetime, name: str) -> date:
    """The day in a zone at ``instant`` (naive, UTC).

    >>> local_date(datetime(2026, 3, 1, 18, 20), "Asia/Kathmandu")
    datetime.date(2026, 3, 2)
    """
    return instant.replace(tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(name)).date()


def _seconds(zone: zoneinfo.ZoneInfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _change(zone: zoneinfo.ZoneInfo, low: datetime, high: datetime) -> Offset:
    """The second between ``low`` and ``high`` from which on the offset is that of ``high``."""
    after = _seconds(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if _seconds(zone, middle) == after else (middle, high)
    return Offset(high.replace(tzinfo=None), after)


@cache
def zone_names() -> frozenset[str]:
    """Every name that a zone can be called by."""
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES


def known_zone(name: str) -> bool:
    """Whether there is a zone of this name, in this case."""
    return name in zone_names()
