"""What a report's chart shows: which points, series, panels, and the notes beneath.

Shared by the drawn chart and the native one in a workbook, so that both show the
same. It decides what is drawn and says in ``notes`` what is not; it knows nothing
of Vega-Lite or Excel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil, isfinite
from typing import Literal

from msgspec import Struct

from headwater.reports.lettering import distinct
from headwater.reports.table import Cell, Column, ReportTable

MAX_SERIES = 10
MAX_BARS = 20
MAX_PANELS = 6
MAX_POINTS = 6_000
OTHER = "Other"

# Petroff's ten colours, told apart with any kind of colour vision; the two greys come last, next to "Other".
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#92dadd",
    "#717581",
    "#94a4a2",
)
OTHER_COLOUR = "#cfd4da"

Mark = Literal["line", "area", "bar"]
Values = tuple[float | None, ...]
Points = Mapping[datetime | None, float | None]


class Panel(Struct, frozen=True):
    """One metric: ``values`` has a row per series and in it a value per point of x."""

    column: Column
    mark: Mark
    values: tuple[Values, ...]


class Picture(Struct, frozen=True):
    """``times`` is the x axis; where it is empty, ``categories`` are the bars and there is one series."""

    times: tuple[datetime, ...]
    categories: tuple[str, ...]
    series: tuple[str, ...]
    breakdown: str
    panels: tuple[Panel, ...]
    notes: tuple[str, ...]

    @property
    def colours(self) -> list[str]:
        """One per series; "Other", which comes after all ten, is always the same pale grey."""
        return [*PALETTE, OTHER_COLOUR][: len(self.series)]

    @property
    def daily(self) -> bool:
        """Whether every time is a midnight, so that no hour need be shown."""
        return all((at.hour, at.minute, at.second) == (0, 0, 0) for at in self.times)


def picture(table: ReportTable) -> Picture | None:
    """What is drawn along an axis of times or names, or ``None`` when only a table or a heatmap can show it."""
    if (
        table.chart in ("table", "heatmap")
        or not table.metrics
        or not table.rows
        or (table.time is None and not table.names)
    ):
        return None
    columns = [table.columns[at] for at in table.metrics[:MAX_PANELS]]
    names, times = _series_names(table), _times(table)
    points = [_points(table, names, at) for at in table.metrics[:MAX_PANELS]]
    by = next((at for at, column in enumerate(columns) if column.additive), 0)
    cap = MAX_BARS if table.time is None else MAX_SERIES
    weights = {name: _weight(points[by][name], columns[by]) for name in points[by]}
    ranked = list(weights) if table.ordered else _ranked(weights, cap)
    rest = ranked[cap:] == [OTHER]
    groups, labels = _groups(ranked, cap, rest or any(column.additive for column in columns))
    labels = labels if table.names else ("",)
    mark: Mark = "bar" if table.time is None or table.chart not in ("line", "area") else table.chart
    panels = [
        Panel(column, _mark(mark, column, times, groups), _values(points[at], column, groups, times))
        for at, column in enumerate(columns)
    ]
    step = _step(len(times), len(groups) * len(panels))
    return Picture(
        times=times[::step],
        categories=() if times else labels,
        series=labels if times else ("",),
        breakdown=" · ".join(table.columns[at].label for at in table.names),
        panels=tuple(_thinned(panel, step) if times else _as_bars(panel) for panel in panels),
        notes=tuple(_notes(table, columns, columns[by], len(ranked) - rest, cap, step)),
    )


def _points(table: ReportTable, names: list[str], metric: int) -> dict[str, dict[datetime | None, float | None]]:
    """Series name → time → value; rows that meet in one point are summed where that is right."""
    points: dict[str, dict[datetime | None, float | None]] = {}
    additive = table.columns[metric].additive
    time = table.time
    for row, name in zip(table.rows, names, strict=True):
        at = None if time is None else _moment(row[time])
        value = _number(row[metric])
        series = points.setdefault(name, {})
        before = series.get(at)
        series[at] = before + value if additive and before is not None and value is not None else value
    return points


def _series_names(table: ReportTable) -> list[str]:
    """Each row's series. Two things of one name are told apart by the row's other texts."""
    full, plain = (
        [" · ".join(str(row[at] or "(none)") for at in columns) for row in table.rows]
        for columns in (table.texts, table.names)
    )
    things: dict[str, set[str]] = {}
    for name, thing in zip(plain, full, strict=True):
        things.setdefault(name, set()).add(thing)
    return [name if len(things[name]) == 1 else thing for name, thing in zip(plain, full, strict=True)]


def _times(table: ReportTable) -> tuple[datetime, ...]:
    at = table.time
    moments = () if at is None else (_moment(row[at]) for row in table.rows)
    return tuple(sorted({moment for moment in moments if moment is not None}))


def _ranked(weights: Mapping[str, float], cap: int) -> list[str]:
    """The heaviest first. Where one too many came with the rest already summed, that is the one to come last."""
    last = len(weights) == cap + 1 and OTHER in weights
    return sorted(weights, key=lambda name: (last and name == OTHER, -weights[name]))


def _groups(ranked: list[str], cap: int, summed: bool) -> tuple[list[list[str]], tuple[str, ...]]:
    """The names drawn together, one list per series, and each list's label."""
    kept, rest = ranked[:cap], ranked[cap:]
    short = distinct(kept, 44)
    groups, labels = [[name] for name in kept], [short[name] for name in kept]
    if rest and summed:
        groups.append(rest)
        labels.append(OTHER if OTHER not in labels else f"{OTHER} (the rest)")
    return groups, tuple(labels)


def _mark(wanted: Mark, column: Column, times: Sequence[datetime], groups: Sequence[object]) -> Mark:
    """Stacking adds: what must not be added is drawn as lines. An area over a single time has no extent: a bar."""
    if times and len(groups) > 1 and not column.additive:
        return "line"
    return "bar" if wanted == "area" and len(times) == 1 else wanted


def _values(
    points: Mapping[str, Points], column: Column, groups: list[list[str]], times: tuple[datetime, ...]
) -> tuple[Values, ...]:
    """A row per group. An amount that has no row is nothing, 0; a rate that has none is unknown."""
    missing = 0.0 if column.additive else None
    return tuple(
        tuple(_total([points[name].get(at, missing) for name in group], column) for at in times or (None,))
        for group in groups
    )


def _total(values: list[float | None], column: Column) -> float | None:
    known = [value for value in values if value is not None]
    if len(values) == 1:
        return values[0]
    return sum(known) if column.additive and known else None


def _weight(points: Points, column: Column) -> float:
    sizes = [abs(value) for value in points.values() if value is not None]
    return sum(sizes) if column.additive else max(sizes, default=0)


def _step(points: int, rows: int) -> int:
    return max(1, ceil(points * rows / MAX_POINTS))


def _thinned(panel: Panel, step: int) -> Panel:
    """Each ``step`` neighbours become the highest of them, so that no peak is lost."""
    if step == 1:
        return panel
    rows = tuple(
        tuple(
            max((value for value in row[at : at + step] if value is not None), default=None)
            for at in range(0, len(row), step)
        )
        for row in panel.values
    )
    return Panel(panel.column, panel.mark, rows)


def _as_bars(panel: Panel) -> Panel:
    """Without time each series has one value: the series become the bars of a single one."""
    return Panel(panel.column, panel.mark, (tuple(row[0] for row in panel.values),))


def _notes(table: ReportTable, columns: list[Column], by: Column, found: int, cap: int, step: int) -> list[str]:
    notes = []
    if len(table.metrics) > len(columns):
        notes.append(f"The first {len(columns)} of {len(table.metrics)} metrics are drawn; CSV and XLSX have all.")
    if found > cap:
        apart = [column.label for column in columns if not column.additive]
        fate = f"summed as “{OTHER}”" if len(apart) < len(columns) else "left out"
        but = f", except for {', '.join(apart)}, where they are left out" if fate != "left out" and apart else ""
        notes.append(
            f"The {cap} largest of {found:,} by {by.label} are drawn; the other {found - cap:,} are {fate}{but}."
        )
    if step > 1:
        notes.append(f"Each point is the highest of {step} neighbouring ones; CSV and XLSX have all.")
    return notes


def _moment(value: Cell) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _number(value: Cell) -> float | None:
    """A value that can be drawn; text, NaN and infinities cannot."""
    return value if isinstance(value, int | float) and isfinite(value) else None
