"""Daily sums as the values of a series: what a bucket's value is, for every kind of metric. Pure.

A value is None where nothing is known yet, or where it would divide by zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import assert_never

import msgspec

from headwater.catalogue.creators import LEVELS, SERIES
from headwater.catalogue.series import EntityKind, Growth, Level, Ratio, Term
from headwater.query.series.calendar import Bucket, before, buckets, prior
from headwater.query.series.daily import Daily, Slot, slot
from headwater.query.series.question import SeriesQuestion, Span
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
    return _axis(question, question.span, list(buckets(question.span, question.grid)), within)


def compared_axis(question: SeriesQuestion, within: Span) -> Axis:
    """The axis of the period before, with as many buckets as the question's: each stands where its counterpart does."""
    span = prior(question.span, question.grid)
    count = sum(1 for _ in buckets(question.span, question.grid))
    # Where weeks or months are cut otherwise there may be fewer; those that follow lie in the question's span.
    return _axis(question, span, list(buckets(span, question.grid))[:count], within, count)


def _axis(question: SeriesQuestion, span: Span, some: list[Bucket], within: Span, count: int = 0) -> Axis:
    places = [_place(question, one.span, before(one, question.grid), within) for one in some]
    starts = [one.start for one in some]
    partial = [one.span.last >= question.today for one in some]
    missing = range(max(count - len(some), 0))
    following = buckets(question.span, question.grid)
    starts += [next(following).start for _ in missing]
    whole = _place(question, span, prior(span, question.grid), within)
    return Axis(starts, [*partial, *(False for _ in missing)], [*places, *(Place(None, None) for _ in missing)], whole)


def _place(question: SeriesQuestion, span: Span, earlier: Span, within: Span) -> Place:
    def seen(days: Span) -> Slot | None:
        shown = clipped(days, question.oldest)
        return None if shown is None else slot(shown, within, question.today)

    growth = isinstance(SERIES[question.metric], Growth)
    return Place(seen(span), seen(earlier) if growth else None)


def series(question: SeriesQuestion, kind: EntityKind, number: int | None, axis: Axis, lines: Lines) -> Series:
    """The line of an entity."""
    values = [_value(question, place, lines) for place in axis.places]
    return Series(kind, number, axis, values, _value(question, axis.whole, lines))


def _value(question: SeriesQuestion, place: Place, lines: Lines) -> Number | None:
    days = place.days
    if days is None:
        return None
    metric = SERIES[question.metric]
    match metric:
        case Level(name=name):
            return lines.of(name).new(name, days) if question.mode == "new" else lines.of(name).level(name, days)
        case Ratio():
            return _ratio(metric, days, lines)
        case Growth():
            return _growth(question, days, place.earlier, lines)
        case _:
            assert_never(metric)


def _reading(term: Term, days: Slot, lines: Lines) -> int | None:
    daily = lines.of(term.level)
    return daily.new(term.level, days) if term.reading == "new" else daily.level(term.level, days)


def _ratio(metric: Ratio, days: Slot, lines: Lines) -> float | None:
    known = [one for term in metric.numerator if (one := _reading(term, days, lines)) is not None]
    per = _reading(metric.per, days, lines) if isinstance(metric.per, Term) else days.begun
    return sum(known) * metric.factor / per if known and per else None


def _growth(question: SeriesQuestion, days: Slot, earlier: Slot | None, lines: Lines) -> float | None:
    level = LEVELS[question.base or ""]
    term = Term(level.name, level.growth)
    now = _reading(term, days, lines)
    then = None if earlier is None else _reading(term, earlier, lines)
    return None if now is None or not then else (now - then) * 100 / then


def partial_bucket(question: SeriesQuestion) -> Bucket | None:
    """The last bucket of a span that ends today or later."""
    if question.span.last < question.today:
        return None
    return list(buckets(question.span, question.grid))[-1]
