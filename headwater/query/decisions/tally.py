"""Sums of facts by their dimensions: what is asked, and which tables answer it. Pure.

Whole days come from a rollup that has what is asked, the rest of the window from the
facts themselves; what depends on the customer only from the facts. The reads of a plan
never overlap, so their sums may be added.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from headwater.catalogue.model import RowDataset, RowRollup
from headwater.query.window import Window, ceil, floor

DAY_OF = "day"
"""What to sum by, beside the dimensions: the day in UTC."""
SEGMENT = "segment"
"""And the segments that list the customer; one who is on two lists counts for both."""

ALWAYS = Window(None, None)


class Tally(msgspec.Struct, frozen=True):
    """Sum ``measures`` ``by`` dimensions over the facts in ``window`` that meet all of ``only``.

    ``only`` holds dimensions with the numbers that count. ``segments`` are those to sum by;
    ``within`` is one whose customers alone count.
    """

    dataset: RowDataset
    measures: tuple[str, ...]
    by: tuple[str, ...] = ()
    window: Window = ALWAYS
    only: tuple[tuple[str, tuple[int, ...]], ...] = ()
    segments: tuple[int, ...] = ()
    within: int | None = None


class Read(msgspec.Struct, frozen=True):
    """One table over one span; ``rollup`` None means the facts themselves."""

    rollup: RowRollup | None
    window: Window


def reads(tally: Tally) -> tuple[Read, ...]:
    """What to read, at least one table."""
    rollup = None if tally.within is not None or tally.segments else _fitting(tally)
    if rollup is None:
        return (Read(None, tally.window),)
    start, end = tally.window.start, tally.window.end
    first = start if start is None else ceil(start, "day")
    last = end if end is None else floor(end, "day")
    if first is not None and last is not None and first >= last:
        return (Read(None, tally.window),)
    edges = [*_edge(start, first), Read(rollup, Window(first, last)), *_edge(last, end)]
    return tuple(edges)


def _edge(start: datetime | None, end: datetime | None) -> list[Read]:
    return [Read(None, Window(start, end))] if start is not None and end is not None and start < end else []


def _fitting(tally: Tally) -> RowRollup | None:
    """The first rollup by day that has every dimension and measure."""
    needed = {*tally.by, *(name for name, _ in tally.only)} - {DAY_OF}
    for rollup in tally.dataset.rollups:
        if not rollup.exact and needed <= set(rollup.dimensions) and set(tally.measures) <= set(rollup.measures):
            return rollup
    return None
