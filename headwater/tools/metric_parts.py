"""Sums by keys, and what questions make of them: rates, bounds, order. Pure; it asks nothing.

Sums are whole numbers in the metric's smallest unit (millionths of seconds and money), so that they
are exact in whatever order they are added. Values are divided once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

import msgspec

from headwater.catalogue.asked import Asked
from headwater.errors import InvalidRequest
from headwater.tools.metric_question import Having, MetricQuestion

Value = Fraction | None
Sums = Mapping[str, int | None]


class Key(msgspec.Struct, frozen=True, order=True):
    """What a row is of: a bucket's first day, and an entity or a value of a dimension; empty where it is neither."""

    bucket: date | None = None
    id: str = ""
    name: str = ""


class Line(msgspec.Struct, frozen=True):
    """A row: exact values of the metrics, and of the compared period."""

    key: Key
    values: Mapping[str, Value]
    before: Mapping[str, Value] | None = None


Measured = Mapping[Key, Mapping[str, Value]]


def summed(parts: Iterable[tuple[Key, Mapping[str, int]]]) -> dict[Key, dict[str, int]]:
    """The sums of parts under the same key.

    >>> summed([(Key(id="a"), {"n": 1}), (Key(id="a"), {"n": 2})])[Key(id="a")]
    {'n': 3}
    """
    found: dict[Key, dict[str, int]] = {}
    for key, sums in parts:
        known = found.setdefault(key, dict.fromkeys(sums, 0))
        for name, value in sums.items():
            known[name] += value
    return found


def values(metrics: Sequence[Asked], sums: Sums) -> dict[str, Value]:
    """The metrics in their units, exact; a rate is the ratio of its sums, unknown where its denominator is 0."""
    return {metric.name: _value(metric, sums) for metric in metrics}


def _value(metric: Asked, sums: Sums) -> Value:
    if metric.rate is None:
        found = sums.get(metric.name)
        return None if found is None else Fraction(found, metric.unit.scale)
    above, below = sums.get(metric.rate.numerator), sums.get(metric.rate.denominator)
    if above is None or below is None:
        return None
    quotient = metric.rate.quotient(above, below)
    return None if quotient is None else quotient / metric.unit.scale


def needed(metrics: Iterable[Asked]) -> tuple[str, ...]:
    """The names of the sums that the metrics are made of."""
    found: dict[str, None] = {}
    for metric in metrics:
        parts = (metric.name,) if metric.rate is None else (metric.rate.numerator, metric.rate.denominator)
        found.update(dict.fromkeys(parts))
    return tuple(found)


def lines(question: MetricQuestion, metrics: Sequence[Asked], main: Measured, before: Measured | None) -> list[Line]:
    """The rows that the question wants, in its order.

    With a compared period, what only that one has is a row too: its count of now is 0, its rates are unknown.
    """
    nothing = {metric.name: None if metric.level or metric.ratio else Fraction(0) for metric in metrics}
    keys = list(main) if before is None else list(dict.fromkeys((*main, *before)))
    found = [Line(key, main.get(key, nothing), None if before is None else before.get(key, nothing)) for key in keys]
    kept = [line for line in found if all(_meets(line, bound) for bound in question.having)]
    return _ordered(question, kept)


def _meets(line: Line, bound: Having) -> bool:
    value = line.values[bound.metric]
    if value is None:
        return False
    # What was written as 1.1 is meant to be 1.1, not the nearest binary number.
    limit = Fraction(str(bound.value))
    tests: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        "=": lambda a, b: a == b,
    }
    return tests[bound.op](value, limit)


def _ordered(question: MetricQuestion, found: list[Line]) -> list[Line]:
    """By time, or by the order's metric; unknown values last, ties by name."""
    named = sorted(found, key=lambda line: (line.key.name.casefold(), line.key.id))
    if question.order is None:
        if question.granularity is not None:
            return sorted(named, key=lambda line: line.key.bucket or date.min)
        if not question.metrics:
            return named
    by = question.order.by if question.order else question.metrics[0]
    descending = question.order is None or question.order.direction == "desc"
    known = [line for line in named if line.values[by] is not None]
    unknown = [line for line in named if line.values[by] is None]
    known.sort(key=lambda line: line.values[by] or Fraction(0), reverse=descending)
    return [*known, *unknown]


def checked(question: MetricQuestion) -> None:
    """Refuse an order or a bound by what is not among the question's metrics."""
    named = [("order", question.order.by)] if question.order else []
    for field, name in [*named, *(("having", bound.metric) for bound in question.having)]:
        if name not in question.metrics:
            raise InvalidRequest(
                f"'{field}' names '{name[:64]}', which is none of the question's metrics.",
                field=field,
                allowed=list(question.metrics),
            )
