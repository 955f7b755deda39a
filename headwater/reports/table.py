"""The table that every report file is made from.

Whoever answers a report's question turns the answer into one ``ReportTable``;
the renderers next door read nothing else. It holds plain values: no query, no
scope, no file format.

>>> table = ReportTable(
...     title="Reach", subtitle="1 to 2 November 2026, UTC", chart="bar", series=("domain",),
...     columns=(Column("domain", "Domain", "text"), Column("views", "Views", "integer")),
...     rows=[("news.example", 3)])
>>> table.metrics, table.names, table.time
((1,), (0,), None)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from headwater.errors import InternalError

Kind = Literal["text", "integer", "number", "time"]
ChartKind = Literal["line", "bar", "area", "heatmap", "table"]
"""A heatmap has two text columns, that of its rows first, and one figure."""
Cell = str | int | float | datetime | None
Row = Sequence[Cell]


class Column(Struct, frozen=True):
    """One column. ``additive`` is false for what must never be summed: rates, averages, distinct counts, levels."""

    key: str
    label: str
    kind: Kind
    unit: str = ""
    additive: bool = True

    @property
    def heading(self) -> str:
        """The label as people read it, with its unit; that of a time is its zone, UTC where none is named."""
        unit = self.unit or "UTC" if self.kind == "time" else self.unit
        return f"{self.label} ({unit})" if unit else self.label


class Event(Struct, frozen=True):
    """Something that happened, which a chart over time marks."""

    at: datetime
    text: str


class ReportTable(Struct, frozen=True):
    """A titled table and how it wants to be drawn.

    ``subtitle`` is the period in words. Time cells are aware and in UTC, or hold the clock's hands in
    the zone that their column names. ``series`` names the text columns that tell one line, area or bar
    from another; empty means all of them, in their order. ``unfinished`` is the time of the bucket whose
    figures still grow. ``ordered`` rows stand in an order that bars keep, such as stages; else the largest
    bar comes first.
    """

    title: str
    subtitle: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    chart: ChartKind
    series: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    unfinished: datetime | None = None
    ordered: bool = False

    def __post_init__(self) -> None:
        texts = {column.key for column in self.columns if column.kind == "text"}
        if unknown := [key for key in self.series if key not in texts]:
            raise InternalError("A report's series must be text columns.", field="series", unknown=unknown)

    @property
    def time(self) -> int | None:
        """Index of the time column, where there is one."""
        return next((at for at, column in enumerate(self.columns) if column.kind == "time"), None)

    @property
    def texts(self) -> tuple[int, ...]:
        """Indexes of every text column."""
        return tuple(at for at, column in enumerate(self.columns) if column.kind == "text")

    @property
    def names(self) -> tuple[int, ...]:
        """Indexes of the text columns that name a series."""
        return tuple(at for at in self.texts if not self.series or self.columns[at].key in self.series)

    @property
    def metrics(self) -> tuple[int, ...]:
        """Indexes of the columns that are measured."""
        return tuple(at for at, column in enumerate(self.columns) if column.kind in ("integer", "number"))
