"""Daily sums as the values of a series: what a bucket's value is, for every kind of metric. Pure.

A value is None where nothing is known yet, or where it would divide by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import assert_never

import msgspec

from headwater.catalogue.creators import LEVELS, SERIES
from headwater.catalogue.series import EntityKind, Growth, Level, Ratio, Term
from headwater.query.series.calendar import Bucket, before, buckets, prior
from headwater.query.series.daily import Daily, Reading, Slot, slot
from headwater.query.series.question import Grid, SeriesQuestion, Span
from headwater.query.series.resolve import clipped

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
    return _axis(question.span, question.span, _sight(question), within)


def compared_axis(question: SeriesQuestion, within: Span) -> Axis:
    """The axis of the period before, with as many buckets as the question's: each stands where its counterpart does."""
    return _axis(prior(question.span, question.grid), question.span, _sight(question), within)


class _Sight(msgspec.Struct, frozen=True):
    """What of a question decides its axes, beside the span."""

    grid: Grid
    today: date
    oldest: date | None
    growth: bool

    def place(self, span: Span, earlier: Span, within: Span) -> Place:
        return Place(self._slot(span, within), self._slot(earlier, within) if self.growth else None)

    def _slot(self, span: Span, within: Span) -> Slot | None:
        seen = clipped(span, self.oldest)
        return None if seen is None else slot(seen, within, self.today)


def _sight(question: SeriesQuestion) -> _Sight:
    return _Sight(question.grid, question.today, question.oldest, isinstance(SERIES[question.metric], Growth))


@lru_cache(maxsize=256)
def _axis(span: Span, counterpart: Span, sight: _Sight, within: Span) -> Axis:
    """Kept, since whoever looks at a period looks at many entities over it."""
    others = [one.start for one in buckets(counterpart, sight.grid)]
    some = list(buckets(span, sight.grid))[: len(others)]
    places = [sight.place(one.span, before(one, sight.grid), within) for one in some]
    # Where weeks or months are cut otherwise there may be fewer; those that follow lie in the counterpart.
    missing = len(others) - len(some)
    return Axis(
        starts=[*(one.start for one in some), *others[:missing]],
        partial=[*(one.span.last >= sight.today for one in some), *[False] * missing],
        places=[*places, *[Place(None, None)] * missing],
        whole=sight.place(span, prior(span, sight.grid), within),
    )


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
    return list(buckets(question.span, question.grid))[-1]
