"""The answer to a metric question as a table. Pure.

Rates have four decimals. Beside each metric of a compared period stand its value then, the change, and
the change per hundred of what it was then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from headwater.catalogue.asked import KIND_LABELS, Asked
from headwater.kit.rounding import rounded_number
from headwater.reports import Column, ReportTable
from headwater.reports.table import Cell, ChartKind
from headwater.tools.metric_ads import at_midnight
from headwater.tools.metric_parts import Line, Value
from headwater.tools.metric_question import MetricQuestion, Period

PLACES: Final = 4
BEFORE, CHANGE, PERCENT = "before", "change", "change_percent"


def table(question: MetricQuestion, metrics: Sequence[Asked], lines: Sequence[Line], zone: str) -> ReportTable:
    """The lines, with what they are of in front."""
    named = question.breakdown is not None
    columns = [
        *([Column("time", (question.granularity or "").capitalize(), "time", zone)] if question.granularity else []),
        *([Column("name", KIND_LABELS[question.breakdown or ""], "text"), Column("id", "Id", "text")] if named else []),
        *(column for metric in metrics for column in _columns(metric, compared=question.compare is not None)),
    ]
    rows = [tuple(_cells(question, metrics, line, named=named)) for line in lines]
    labels = ", ".join(metric.label for metric in metrics)
    by = f" by {KIND_LABELS[question.breakdown].lower()}" if question.breakdown else ""
    return ReportTable(
        title=f"{labels}{by}",
        subtitle=_subtitle(question, zone),
        columns=tuple(columns),
        rows=rows,
        chart=_chart(question, rows),
        series=("name",) if named else (),
    )


def _columns(metric: Asked, *, compared: bool) -> Iterator[Column]:
    kind = "integer" if metric.unit.scale == 1 and not metric.ratio else "number"
    unit = metric.unit.label
    yield Column(metric.name, metric.label, kind, unit, metric.additive)  # type: ignore[arg-type]
    if compared:
        yield Column(f"{metric.name}_{BEFORE}", f"{metric.label} before", kind, unit, metric.additive)  # type: ignore[arg-type]
        points = "points" if unit == "%" else unit
        yield Column(f"{metric.name}_{CHANGE}", f"{metric.label}, change", kind, points, metric.additive)  # type: ignore[arg-type]
        yield Column(f"{metric.name}_{PERCENT}", f"{metric.label}, change in percent", "number", "%", additive=False)


def _cells(question: MetricQuestion, metrics: Sequence[Asked], line: Line, *, named: bool) -> Iterator[Cell]:
    if question.granularity:
        yield at_midnight(line.key)
    if named:
        yield line.key.name
        yield line.key.id
    for metric in metrics:
        now = line.values[metric.name]
        yield number(now)
        if line.before is not None:
            then = line.before[metric.name]
            change = None if now is None or then is None else now - then
            yield number(then)
            yield number(change)
            yield number(None if change is None or not then else change * 100 / abs(then))


def number(value: Value) -> int | float | None:
    """A value as a cell: whole where it is, else with four decimals.

    >>> from fractions import Fraction
    >>> number(Fraction(3)), number(Fraction(2, 3)), number(None)
    (3, 0.6667, None)
    """
    if value is None:
        return None
    return int(value) if value.denominator == 1 else rounded_number(value, PLACES)


def period_words(period: Period | None) -> str:
    """A period for people.

    >>> from datetime import date
    >>> period_words(Period(date(2026, 11, 16), date(2026, 11, 22))), period_words(None)
    ('16 to 22 Nov 2026', 'all time')
    """
    if period is None:
        return "all time"
    first, last = period.first, period.last
    end = f"{last.day} {last:%b %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} to {end}"


def _subtitle(question: MetricQuestion, zone: str) -> str:
    against = f", compared with {period_words(question.compare)}" if question.compare else ""
    return f"{starting_big(period_words(question.period))}{against} ({zone})"


def starting_big(text: str) -> str:
    """With a capital at its beginning.

    >>> starting_big("all time to 3 Nov")
    'All time to 3 Nov'
    """
    return text[:1].upper() + text[1:]


def _chart(question: MetricQuestion, rows: Sequence[Sequence[Cell]]) -> ChartKind:
    if question.granularity:
        return "line"
    return "bar" if question.breakdown and len(rows) > 1 else "table"
