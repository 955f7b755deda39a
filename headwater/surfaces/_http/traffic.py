"""What the server counts of itself: plain numbers, added to on the way and read when somebody asks.

Counting must cost next to nothing, since a kept response takes a few microseconds in
all. What the numbers are called outside is for ``surfaces.system.metrics`` to say.

>>> traffic = Traffic()
>>> traffic.of("/api/v1/videos/{video_id}", "GET").count(200, 0.003)
>>> traffic.of("/api/v1/videos/{video_id}", "GET").statuses
{200: 1}
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headwater.ingest.append import Writer
from headwater.query.cache import TagGenerations
from headwater.surfaces._http.totals import Totals

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the histogram's buckets, in seconds; one more is without an end."""
UNKNOWN_ROUTE: Final = "unknown"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Served:
    """What one route answered to one method; ``kept`` of them without going further than the gate."""

    __slots__ = ("buckets", "kept", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.kept = 0

    def count(self, status: int, seconds: float) -> None:
        """One more answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Traffic:
    """All requests since the start, by route as it is declared and by method: callers cannot add to the names."""

    def __init__(self) -> None:
        self._served: dict[tuple[str, str], Served] = {}

    @property
    def served(self) -> Mapping[tuple[str, str], Served]:
        """What was answered, by route and method."""
        return self._served

    def of(self, route: str | None, method: str) -> Served:
        """Where requests of this kind are counted; None is a path that no route has."""
        key = (route or UNKNOWN_ROUTE, method if method in _METHODS else "other")
        served = self._served.get(key)
        if served is None:
            served = self._served[key] = Served()
        return served


@dataclass(frozen=True)
class Counted:
    """Whoever counts something."""

    traffic: Traffic
    writer: Writer
    generations: TagGenerations
    totals: Totals | None = None
    """Where the server has several processes."""
