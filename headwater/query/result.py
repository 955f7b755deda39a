"""Rows of the store as the answer to a question: units scaled, derived metrics, zeros.

Pure; knows neither tables nor the shapes of any contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    shaped = [(*row[:keys], *_values(resolved, row[keys:])) for row in rows]
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


def _values(resolved: Resolved, stored: Row) -> Iterable[Number]:
    by_name = dict(zip((metric.name for metric in resolved.stored), stored, strict=True))
    for metric in resolved.metrics:
        if isinstance(metric, Derived):
            yield max(by_name[metric.minuend] - by_name[metric.subtrahend], 0)
        else:
            yield scaled(by_name[metric.name], metric)


def scaled(value: int, metric: Metric) -> Number:
    """A stored whole number in the metric's unit: whole where it can be."""
    whole, rest = divmod(value, metric.unit.scale)
    return whole if not rest else value / metric.unit.scale


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
