"""The words in which time series are declared: levels, what is new in them, and rates of the two.

A *level* is semi-additive: it may be summed over entities, never over time. What
is *new* in a span is additive both ways. Rates divide the two after summing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from headwater.catalogue.model import COUNT, Unit

EntityKind = Literal["creator", "video", "campaign"]
Mode = Literal["new", "cumulative", "rate"]
Reading = Literal["new", "cumulative"]

PERCENT = Unit("percent", "%")
PER_WEEK = Unit("per_week", "per week")


class Level(msgspec.Struct, frozen=True):
    """A semi-additive measure; ``dataset`` is where its counter is read.

    Totals: the sum of what is new, the last of the levels.
    """

    name: str
    label: str
    description: str
    dataset: str
    entities: tuple[EntityKind, ...]
    growth: Reading = "new"
    """What growth rates compare: what is new in a bucket, or the level at its end."""
    unit: Unit = COUNT


class Term(msgspec.Struct, frozen=True):
    """A level, or what is new in it, as part of a rate."""

    level: str
    reading: Reading


class Ratio(msgspec.Struct, frozen=True):
    """``factor`` × sum of the numerator ÷ denominator, of whole buckets; null where the denominator is 0 or unknown.

    ``per`` ``days`` divides by the days of the bucket that have begun.
    """

    name: str
    label: str
    description: str
    entities: tuple[EntityKind, ...]
    numerator: tuple[Term, ...]
    per: Term | Literal["days"]
    factor: int = 1
    unit: Unit = COUNT

    def quotient(self, parts: Iterable[int | None], divisor: int | None) -> float | None:
        """The rate, of the numerator's parts, None where unknown, and the denominator."""
        known = [part for part in parts if part is not None]
        return sum(known) * self.factor / divisor if known and divisor else None


class Growth(msgspec.Struct, frozen=True):
    """(value − value of the bucket before) ÷ value of the bucket before × 100, of a level that the question names."""

    name: str
    label: str
    description: str
    entities: tuple[EntityKind, ...]
    unit: Unit = PERCENT


SeriesMetric = Level | Ratio | Growth


def modes(metric: SeriesMetric) -> tuple[Mode, ...]:
    """How the metric can be asked for, the default first."""
    return ("new", "cumulative") if isinstance(metric, Level) else ("rate",)
