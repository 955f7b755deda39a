"""A small line of daily values as the points of an SVG polyline. Pure; who shows it says what it is of.

>>> runs([0, 10, None, 5], 30, 10)
['0.0,9.0 10.0,1.0', '30.0,5.0']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

_MARGIN: Final = 1.0
"""Above and below, so that no half of the line's width is cut off."""


def runs(values: Sequence[float | None], width: float, height: float) -> list[str]:
    """The points of each stretch without a gap, the least value at the bottom; one that never changes lies low."""
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(*known, 0), max(known)
    step = width / max(len(values) - 1, 1)
    span, room = (high - low) or 1.0, height - 2 * _MARGIN
    points = [
        None if value is None else f"{at * step:.1f},{height - _MARGIN - (value - low) / span * room:.1f}"
        for at, value in enumerate(values)
    ]
    return list(_stretches(points))


def _stretches(points: Sequence[str | None]) -> Iterator[str]:
    run: list[str] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
        elif run:
            yield " ".join(run)
            run = []
