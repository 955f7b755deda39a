"""Daily sums as the values of a series: what a bucket's value is, for every kind of metric. Pure.

A value is None where nothing is known yet, or where it would divide by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import assert_never

import msgspec

from headwater.catalogue.creators import LEVELS, SERIES
from headwater.catalogue.series import EntityKind, Growth, Level, Ratio, Term
from headwater.query.series.calendar import Bucket, edges, last_bucket, prior
from headwater.query.series.daily import Daily, Reading, Sight, Slot
from headwater.query.series.question import Grid, SeriesQuestion, Span

Number = int | float


class Axis(msgspec.Struct, frozen=True):
    """What the values of one or more series stand under: buckets by their first days.

    ``days`` are those of each value, and at the end of the whole span; ``earlier`` those that
    growth compares them with. None where the plan shows none of them.
    """

    starts: list[date]
    partial: list[bool]
    days: list[Slot | None]
    earlier: list[Slot | None]


class Point(msgspec.Struct, frozen=True):
    """A bucket's value under the bucket's first day by the calendar."""

    date: date
    value: Number | None
    is_partial: bool


class Series(msgspec.Struct, frozen=True):
    """One line; ``number`` is the entity's in the roster, None for all others together."""

    kind: EntityKind
    number: int | None
    axis: Axis
    values: list[Number | None]
    total: Number | None

    @property
    def points(self) -> Iterator[Point]:
        """The values with what they stand under."""
        return map(Point, self.axis.starts, self.values, self.axis.partial)


class Lines(msgspec.Struct, frozen=True):
    """The daily sums of one entity by the dataset that they come from."""

    by_dataset: Mapping[str, Daily]

    def of(self, level: str) -> Daily:
        """The sums that hold a level."""
        return self.by_dataset[LEVELS[level].dataset]

    def first(self, terms: Iterable[Term]) -> date | None:
        """The first day with data of what the terms count; what they are divided by does not matter."""
        return next((self.of(term.level).first for term in terms), None)


def main_axis(question: SeriesQuestion, within: Span) -> Axis:
    """The axis of the question's span, for running totals over ``within``."""
    return _axis(question.span, question.span, question.grid, _sight(question, within), _grows(question))


def compared_axis(question: SeriesQuestion, within: Span) -> Axis:
    """The axis of the period before, with as many buckets as the question's: each stands where its counterpart does."""
    before = prior(question.span, question.grid)
    return _axis(before, question.span, question.grid, _sight(question, within), _grows(question))


def _sight(question: SeriesQuestion, within: Span) -> Sight:
    return Sight(within, question.today, question.oldest)


def _grows(question: SeriesQuestion) -> bool:
    return isinstance(SERIES[question.metric], Growth)


@lru_cache(maxsize=256)
def _axis(span: Span, counterpart: Span, grid: Grid, sight: Sight, growth: bool) -> Axis:
    """Kept, since whoever looks at a period looks at many entities over it."""
    marks = edges(span, grid)
    others = marks[1:-1] if counterpart == span else edges(counterpart, grid)[1:-1]
    count = min(len(marks) - 2, len(others))
    numbers = [day.toordinal() for day in marks[: count + 2]]
    whole, before = _numbers(span), _numbers(prior(span, grid))
    # The outer ones may be cut by the span.
    firsts, ends = numbers[1:-1], numbers[2:]
    firsts[0], ends[-1] = max(firsts[0], whole[0]), min(ends[-1], whole[1])
    # Where weeks or months are cut otherwise there may be fewer; those that follow lie in the counterpart.
    missing = len(others) - count
    nothing = [(0, 0)] * missing
    today = sight.today.toordinal()
    return Axis(
        starts=[*marks[1 : count + 1], *others[:missing]],
        partial=[*(end > today for end in ends), *[False] * missing],
        days=sight.slots([*zip(firsts, ends, strict=True), *nothing, whole]),
        earlier=sight.slots([*pairwise(numbers[:-1]), *nothing, before]) if growth else [],
    )


def _numbers(span: Span) -> tuple[int, int]:
    return span.first.toordinal(), span.last.toordinal() + 1


def series(question: SeriesQuestion, kind: EntityKind, number: int | None, axis: Axis, lines: Lines) -> Series:
    """The line of an entity."""
    *values, total = _values(question, axis, lines)
    return Series(kind, number, axis, values, total)


def _values(question: SeriesQuestion, axis: Axis, lines: Lines) -> list[Number | None]:
    """The metric's values from an entity's sums, that of the whole span at the end."""
    metric = SERIES[question.metric]
    match metric:
        case Level(name=name):
            return [*_level(Term(name, "new" if question.mode == "new" else "cumulative"), lines)(axis.days)]
        case Ratio():
            return _ratios(metric, axis.days, lines)
        case Growth():
            level = LEVELS[question.base or ""]
            read = _level(Term(level.name, level.growth), lines)
            return [*map(_growth, read(axis.days), read(axis.earlier))]
        case _:
            assert_never(metric)


def _level(term: Term, lines: Lines) -> Reading:
    daily = lines.of(term.level)
    return daily.new(term.level) if term.reading == "new" else daily.level(term.level)


def _ratios(metric: Ratio, days: Sequence[Slot | None], lines: Lines) -> list[Number | None]:
    terms = [term for term in (*metric.numerator, metric.per) if isinstance(term, Term)]
    columns = [_level(term, lines)(days) for term in terms]
    rows = (dict(zip(terms, values, strict=True)) for values in zip(*columns, strict=True))
    return [
        None if slot is None else ratio(metric, known.__getitem__, slot.begun)
        for slot, known in zip(days, rows, strict=True)
    ]


def ratio(metric: Ratio, reading: Callable[[Term], int | None], begun: int) -> float | None:
    """A rate from its parts, of which unknown ones of the numerator are left out; ``begun`` days have begun."""
    known = [one for term in metric.numerator if (one := reading(term)) is not None]
    divisor = reading(metric.per) if isinstance(metric.per, Term) else begun
    return sum(known) * metric.factor / divisor if known and divisor else None


def _growth(now: int | None, then: int | None) -> float | None:
    return None if now is None or not then else (now - then) * 100 / then


def partial_bucket(question: SeriesQuestion) -> Bucket | None:
    """The last bucket of a span that ends today or later."""
    if question.span.last < question.today:
        return None
    return last_bucket(question.span, question.grid)
