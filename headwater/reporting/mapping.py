"""A saved report as a question, and its answer as the table that files are made from. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.model import Grain
from headwater.control.saved_reports.models import SavedReport
from headwater.query.question import EntityKind, Question
from headwater.query.result import Answer
from headwater.query.window import Window, floor, parse_window
from headwater.reports import Column, ReportTable
from headwater.reports.table import Cell, ChartKind

_DAY = timedelta(days=1)
_LABELS = {"creative": "Creative", "domain": "Domain", "dsp": "DSP"}


class Names(Protocol):
    """Where the names of entities come from."""

    def name(self, kind: str, entity_id: int) -> str:
        """What people call it."""


def question(report: SavedReport, now: datetime) -> Question:
    """All of the report's ids together, over time unless it shows totals of a breakdown."""
    # The columns are texts; the contract let only these values in.
    entity = cast(EntityKind, report.resource)
    grain = cast(Grain, report.time_frame) if _over_time(report) else None
    span = window(report, now)
    return Question(
        dataset=AD_EVENTS.name,
        metrics=tuple(report.metrics),
        entity=entity,
        ids=tuple(report.ids),
        window=span,
        grain=grain,
        breakdown=() if report.breakdown == "none" else (report.breakdown,),
        # A line without its zeros would join the days around them.
        fill_zero=span is not None and report.breakdown == "none",
        combined=True,
    )


def _over_time(report: SavedReport) -> bool:
    return report.breakdown == "none" or report.chart in ("line", "area")


def window(report: SavedReport, now: datetime) -> Window | None:
    """The report's period; None is all time. ``last_7_days`` is today and the six days before."""
    if report.time_from is not None:
        return parse_window(report.time_from, report.time_to)
    today = floor(now.replace(tzinfo=None), "day")
    tomorrow = today + _DAY
    match report.relative:
        case "last_7_days":
            return Window(tomorrow - 7 * _DAY, tomorrow)
        case "last_30_days":
            return Window(tomorrow - 30 * _DAY, tomorrow)
        case "this_month":
            return Window(today.replace(day=1), tomorrow)
        case "previous_month":
            return Window((today.replace(day=1) - _DAY).replace(day=1), today.replace(day=1))
        case _:
            return None


def period(span: Window | None) -> str:
    """The period in words.

    >>> period(Window(datetime(2026, 11, 1), datetime(2026, 11, 3)))
    '1 Nov 2026 to 2 Nov 2026 (UTC)'
    """
    if span is None or span.start is None or span.end is None:
        return "All time (UTC)"
    first, last = span.start, span.end - timedelta(microseconds=1)
    words = [f"{one.day} {one:%b %Y}" for one in (first, last)]
    return f"{words[0]} (UTC)" if words[0] == words[1] else f"{words[0]} to {words[1]} (UTC)"


def table(report: SavedReport, answer: Answer, names: Names, now: datetime) -> ReportTable:
    """The answer as a table: time, breakdown, metrics."""
    keys = answer.columns[1:]
    rows = [_cells(keys, row[1:], names) for row in answer.rows]
    if not _over_time(report):
        rows.sort(key=lambda cells: (-_number(cells[1]), str(cells[0])))
    return ReportTable(
        title=report.name,
        subtitle=period(window(report, now)),
        columns=tuple(_column(key, report) for key in keys),
        rows=rows,
        chart=cast(ChartKind, report.chart),
    )


def _number(cell: Cell) -> float:
    return cell if isinstance(cell, int | float) else 0.0


def _cells(keys: tuple[str, ...], values: tuple[Cell, ...], names: Names) -> tuple[Cell, ...]:
    return tuple(_cell(key, value, names) for key, value in zip(keys, values, strict=True))


def _cell(key: str, value: Cell, names: Names) -> Cell:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if key == "creative" and isinstance(value, int):
        return f"{names.name('creative', value)} ({value})"
    if key in ("domain", "dsp"):
        return value or "(unknown)"
    return value


def _column(key: str, report: SavedReport) -> Column:
    if key == "time":
        return Column("time", report.time_frame.capitalize(), "time")
    if key in _LABELS:
        return Column(key, _LABELS[key], "text")
    metric = AD_EVENTS.metric(key)
    whole = metric.unit.scale == 1
    return Column(key, metric.label, "integer" if whole else "number", "" if whole else metric.unit.name)
