"""Sums by day, kept as running totals, so that any span of days is one subtraction.

Levels need no other treatment than what is new in them: the level at the end of
a day is the running total of all that was booked or set up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate
from operator import sub
from typing import Any, NamedTuple

import msgspec

from headwater.kit.zones import DAY
from headwater.query.series.question import Span
from headwater.storage.port import Row

Measure = tuple[str, str]
"""What is summed of which level: ``("new", "views")``, ``("level", "views")``, ``("known", "views")``."""


class Slot(msgspec.Struct, frozen=True, gc=False):
    """Some days of a series by their places in its running totals: behind ``after``, up to ``upto``.

    ``begun`` counts those that are not in the future.
    """

    after: int
    upto: int
    begun: int


class Sight(NamedTuple):
    """What is seen of running totals over ``within``: days from ``oldest`` on; those after ``today`` are to come."""

    within: Span
    today: date
    oldest: date | None

    def slots(self, pieces: Iterable[tuple[int, int]]) -> list[Slot | None]:
        """Where pieces of time lie in the totals, each given by the numbers of its first day and of the day after it.

        None for a piece of which nothing is seen. Numbers, since a year has many days and dates are slow.

        >>> march = Span(date(2026, 3, 1), date(2026, 3, 31))
        >>> second = date(2026, 3, 2).toordinal()
        >>> Sight(march, date(2026, 3, 3), None).slots([(second, second + 3)])
        [Slot(after=1, upto=4, begun=2)]
        """
        base, tomorrow = self.within.first.toordinal(), self.today.toordinal() + 1
        oldest = 0 if self.oldest is None else self.oldest.toordinal()
        seen = ((first if first > oldest else oldest, end) for first, end in pieces)
        return [
            Slot(first - base, end - base, end - first if end <= tomorrow else max(tomorrow - first, 0))
            if first < end
            else None
            for first, end in seen
        ]


Reading = Callable[[Sequence[Slot | None]], list[int | None]]
"""Takes a value over each of several spans of days from running totals; None where no day is seen."""


class Daily:
    """The running totals of one entity over a span of days; place 0 is what lies before it.

    ``first`` is the first day, in or out of the span, with a reading that is no baseline.
    """

    def __init__(self, running: Mapping[Measure, Sequence[int]], first: date | None) -> None:
        self._running = running
        self.first = first

    def new(self, level: str) -> Reading:
        """Reads what was booked within some days; None where nothing is known by their end."""
        running, known = self._running["new", level], self._running["known", level]
        return lambda slots: [
            running[one.upto] - running[one.after] if one is not None and known[one.upto] else None for one in slots
        ]

    def level(self, level: str) -> Reading:
        """Reads the level at the end of some days; None where nothing is known of it."""
        running, known = self._running["level", level], self._running["known", level]
        return lambda slots: [running[one.upto] if one is not None and known[one.upto] else None for one in slots]

    @staticmethod
    def sum(parts: Sequence[Daily]) -> Daily:
        """Several together: everything is additive over entities."""
        firsts = [part.first for part in parts if part.first is not None]
        running = {
            measure: list(map(sum, zip(*(part._running[measure] for part in parts), strict=True)))
            for measure in (parts[0]._running if parts else ())
        }
        return Daily(running, min(firsts, default=None))

    def without(self, parts: Sequence[Daily]) -> Daily:
        """What is left when some of the parts are taken away; its first day is not known."""
        taken = Daily.sum(parts)
        running = {measure: list(map(sub, whole, taken._running[measure])) for measure, whole in self._running.items()}
        return Daily(running, None)


def of_slots(rows: Sequence[Row], measures: Sequence[Measure], span: Span, count: int) -> list[Daily]:
    """From the sums by slot of the entities 0 to ``count``; rows as ``compile_sums`` has them."""
    slots, *columns, firsts = zip(*rows, strict=True) if rows else [()] * (2 + len(measures))
    places = span.days + 2
    sums = [_spread(slots, column, count * places, 0) for column in columns]
    spread_firsts = _spread(slots, firsts, count * places, None)

    def daily(start: int) -> Daily:
        own = slice(start, start + places)
        # What is new before the span belongs to no day of it, but a difference of totals does not mind.
        running = {measure: list(accumulate(column[own])) for measure, column in zip(measures, sums, strict=True)}
        first = min({*spread_firsts[own]} - {None}, default=None)
        return Daily(running, None if first is None else span.first + (first - 1) * DAY)

    return [daily(start) for start in range(0, count * places, places)]


def _spread(slots: Sequence[int], values: Sequence[Any], size: int, empty: Any) -> list[Any]:
    found = [empty] * size
    for slot, value in zip(slots, values, strict=True):
        found[slot] = value
    return found


def of_posts(posted: Iterable[date], span: Span) -> Daily:
    """Posts by their days: each is new on its day and counts from then on."""
    found = sorted(posted)
    sums = [0] * (span.days + 1)
    for day in found:
        place = max((day - span.first).days + 1, 0)
        if place <= span.days:
            sums[place] += 1
    running = list(accumulate(sums))
    return Daily({(kind, "posts"): running for kind in ("new", "level", "known")}, found[0] if found else None)
