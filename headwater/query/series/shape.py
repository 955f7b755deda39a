"""Daily sums as the values of a series: what a bucket's value is, for every kind of metric. Pure.

A value is None where nothing is known yet, or where it would divide by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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


class Place(msgspec.Struct, frozen=True):
    """The days of one value and those that growth compares them with; None where the plan shows none of them."""

    days: Slot | None
    earlier: Slot | None


class Axis(msgspec.Struct, frozen=True):
    """What the values of one or more series stand under: buckets by their first days, and the whole span."""

    starts: list[date]
    partial: list[bool]
    places: list[Place]
    whole: Place


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
    pieces = [(max(start, whole[0]), min(end, whole[1])) for start, end in pairwise(numbers[1:])]
    earlier = sight.slots([*pairwise(numbers[:-1]), before]) if growth else [None] * (count + 1)
    # Where weeks or months are cut otherwise there may be fewer; those that follow lie in the counterpart.
    missing = len(others) - count
    today = sight.today.toordinal()
    *places, all_days = map(Place, sight.slots([*pieces, whole]), earlier)
    return Axis(
        starts=[*marks[1 : count + 1], *others[:missing]],
        partial=[*(end > today for _, end in pieces), *[False] * missing],
        places=[*places, *[Place(None, None)] * missing],
        whole=all_days,
    )


def _numbers(span: Span) -> tuple[int, int]:
    return span.first.toordinal(), span.last.toordinal() + 1


def series(question: SeriesQuestion, kind: EntityKind, number: int | None, axis: Axis, lines: Lines) -> Series:
    """The line of an entity."""
    value = _reader(question, lines)
    return Series(kind, number, axis, list(map(value, axis.places)), value(axis.whole))


def _reader(question: SeriesQuestion, lines: Lines) -> Callable[[Place], Number | None]:
    """What takes the metric's value at a place from an entity's sums."""
    metric = SERIES[question.metric]
    match metric:
        case Level(name=name):
            read = _level(Term(name, "new" if question.mode == "new" else "cumulative"), lines)
            return lambda place: None if place.days is None else read(place.days)
        case Ratio():
            return _ratio(metric, lines)
        case Growth():
            level = LEVELS[question.base or ""]
            return _growth(_level(Term(level.name, level.growth), lines))
        case _:
            assert_never(metric)


def _level(term: Term, lines: Lines) -> Reading:
    daily = lines.of(term.level)
    return daily.new(term.level) if term.reading == "new" else daily.level(term.level)


def _ratio(metric: Ratio, lines: Lines) -> Callable[[Place], float | None]:
    read = {term: _level(term, lines) for term in (*metric.numerator, metric.per) if isinstance(term, Term)}

    def value(place: Place) -> float | None:
        days = place.days
        return None if days is None else ratio(metric, lambda term: read[term](days), days.begun)

    return value


def ratio(metric: Ratio, reading: Callable[[Term], int | None], begun: int) -> float | None:
    """A rate from its parts, of which unknown ones of the numerator are left out; ``begun`` days have begun."""
    known = [one for term in metric.numerator if (one := reading(term)) is not None]
    divisor = reading(metric.per) if isinstance(metric.per, Term) else begun
    return sum(known) * metric.factor / divisor if known and divisor else None


def _growth(read: Reading) -> Callable[[Place], float | None]:
    def value(place: Place) -> float | None:
        if place.days is None or place.earlier is None:
            return None
        now, then = read(place.days), read(place.earlier)
        return None if now is None or not then else (now - then) * 100 / then

    return value


def partial_bucket(question: SeriesQuestion) -> Bucket | None:
    """The last bucket of a span that ends today or later."""
    if question.span.last < question.today:
        return None
    return last_bucket(question.span, question.grid)
