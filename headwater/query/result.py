"""Rows of the store as the answer to a question: units scaled, derived metrics, zeros.

Pure; knows neither tables nor the shapes of any contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

import msgspec

from headwater.catalogue.model import Derived, Metric
from headwater.errors import InvalidRequest
from headwater.query.cache import Freshness
from headwater.query.resolve import Resolved, Warning
from headwater.query.window import buckets
from headwater.storage.port import Row

Number = int | float


class Answer(msgspec.Struct, frozen=True):
    """``rows`` have the values of ``columns``: ``entity``, ``time`` if bucketed, breakdown, metrics.

    ``ids`` are those of the question that the organisation has, with or without rows.
    """

    ids: tuple[int, ...]
    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: list[Row]
    warnings: tuple[Warning, ...]
    fresh: Freshness
    cached: bool = False


def answer(resolved: Resolved, rows: Sequence[Row], fresh: Freshness) -> Answer:
    """The answer from the store's rows (columns as ``compile`` names them)."""
    keys = 1 + bool(resolved.grain) + len(resolved.breakdown)
    shaped = _shaped(resolved, rows, keys)
    kept = _filled(resolved, shaped, keys) if resolved.fill_zero else [row for row in shaped if any(row[keys:])]
    time = ("time",) if resolved.grain else ()
    names = tuple(metric.name for metric in resolved.metrics)
    return Answer(
        ids=resolved.ids,
        columns=("entity", *time, *(dimension.name for dimension in resolved.breakdown), *names),
        metrics=names,
        rows=kept,
        warnings=resolved.warnings,
        fresh=fresh,
    )


def _shaped(resolved: Resolved, rows: Sequence[Row], keys: int) -> list[Row]:
    """The rows with their metrics in the order asked, in their units."""
    if resolved.metrics == resolved.stored and all(metric.unit.scale == 1 for metric in resolved.stored):
        # Nearly every question: what the store counted is what was asked.
        return list(rows)
    places = {metric.name: keys + place for place, metric in enumerate(resolved.stored)}
    readers = [_reader(metric, places) for metric in resolved.metrics]
    return [(*row[:keys], *[read(row) for read in readers]) for row in rows]


def _reader(metric: Metric | Derived, places: Mapping[str, int]) -> Callable[[Row], Number]:
    """What takes a metric's value from a row of the store."""
    if isinstance(metric, Derived):
        minuend, subtrahend = places[metric.minuend], places[metric.subtrahend]
        return lambda row: max(row[minuend] - row[subtrahend], 0)
    place, scale = places[metric.name], metric.unit.scale
    if scale == 1:
        return itemgetter(place)
    return lambda row: scaled(row[place], scale)


def scaled(value: int, scale: int) -> Number:
    """A stored whole number in its unit: whole where it can be.

    >>> scaled(2_500_000, 1_000_000), scaled(2_000_000, 1_000_000)
    (2.5, 2)
    """
    whole, rest = divmod(value, scale)
    return whole if not rest else value / scale


def _filled(resolved: Resolved, rows: list[Row], keys: int) -> list[Row]:
    """``rows`` and, for each entity without one (in each bucket), a row of zeros; in order."""
    if resolved.breakdown:
        raise InvalidRequest("Zeros cannot be filled in for a breakdown.", field="fill", allowed="no fill")
    present = {row[:keys]: row for row in rows}
    zeros = (0,) * len(resolved.metrics)
    return [present.get(key, (*key, *zeros)) for entity in sorted(resolved.ids) for key in _keys(resolved, entity)]


def _keys(resolved: Resolved, entity: int) -> Iterable[Row]:
    window = resolved.window
    if resolved.grain is None:
        return [(entity,)]
    if window is None or window.start is None or window.end is None:
        raise InvalidRequest(
            "Zeros can be filled in only between two times.", field="fill", allowed="time_from, time_to"
        )
    return ((entity, start) for start in buckets(window.start, window.end, resolved.grain))
