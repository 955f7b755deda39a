"""The calendar day of an instant in a time zone, as SQL that every engine computes alike.

Engines have zone databases of their own, of other versions than Python's. So the
offsets come from ``kit.zones``, and the engine only adds seconds: a search tree of
``CASE`` over the instants at which the zone's clocks change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from headwater.kit.zones import Offset, offsets


def shifted(column: str, zone: str, *, plus: Callable[[str, int], str], instant: Callable[[datetime], str]) -> str:
    """``column``, a time in UTC, as the wall clock of ``zone``.

    ``plus(column, seconds)`` and ``instant(time)`` are the engine's words.
    """
    return _tree(column, offsets(zone), plus, instant)


def _tree(
    column: str, some: tuple[Offset, ...], plus: Callable[[str, int], str], instant: Callable[[datetime], str]
) -> str:
    if len({offset.seconds for offset in some}) == 1:
        seconds = some[0].seconds
        return plus(column, seconds) if seconds else column
    middle = len(some) // 2
    since = some[middle].since
    if since is None:
        raise ValueError("Only the first offset has no beginning.")
    early, late = (_tree(column, half, plus, instant) for half in (some[:middle], some[middle:]))
    return f"CASE WHEN {column} < {instant(since)} THEN {early} ELSE {late} END"
