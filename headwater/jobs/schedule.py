"""When a job is due: at the beginning of each slot of its schedule. Pure.

>>> Nightly(2, 15).slot(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)).isoformat()
'2026-03-01T02:15:00+00:00'
>>> Every(timedelta(minutes=2)).slot(datetime(2026, 3, 2, 1, 3, 59, tzinfo=UTC)).isoformat()
'2026-03-02T01:02:00+00:00'
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class Nightly(NamedTuple):
    """Once a day at this time of the clock in UTC."""

    hour: int
    minute: int

    def slot(self, now: datetime) -> datetime:
        """When the slot began that ``now`` is in."""
        today = now.astimezone(UTC).replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        return today if today <= now else today - timedelta(days=1)


class Every(NamedTuple):
    """Again and again, counted from a moment that all processes share."""

    period: timedelta

    def slot(self, now: datetime) -> datetime:
        """When the slot began that ``now`` is in."""
        return now - (now - _BEGINNING) % self.period


Schedule = Nightly | Every
