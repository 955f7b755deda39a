"""A table's cells as text: thousands separators, units, changes. Pure.

>>> shown(12345, ""), shown(1.2077, "%"), shown(None, "%"), signed(-7, ""), signed(0.2576, "points")
('12,345', '1.21 %', 'not known', '-7', '+0.26 points')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from headwater.reports import ReportTable
from headwater.reports.table import Cell
from headwater.tools.metric_table import BEFORE, CHANGE, PERCENT

_UNKNOWN = "not known"


class Figures(msgspec.Struct, frozen=True):
    """A table's columns by key, to read its rows by."""

    table: ReportTable
    places: Mapping[str, int]

    def cell(self, row: Sequence[Cell], key: str) -> Cell:
        """A row's cell of a column."""
        return row[self.places[key]]

    def text(self, row: Sequence[Cell], key: str) -> str:
        """The same as text with its unit."""
        return shown(self.cell(row, key), self.table.columns[self.places[key]].unit)

    def change(self, row: Sequence[Cell], metric: str) -> str:
        """How a metric changed against the compared period: "down 7 (-1.7 %)"."""
        change = self.cell(row, f"{metric}_{CHANGE}")
        if not isinstance(change, int | float):
            return "so there is no change to tell"
        if not change:
            return "unchanged"
        unit = self.table.columns[self.places[f"{metric}_{CHANGE}"]].unit
        percent = self.cell(row, f"{metric}_{PERCENT}")
        relative = f" ({signed(percent, '%', 1)})" if isinstance(percent, int | float) else ""
        return f"{'up' if change > 0 else 'down'} {shown(abs(change), unit)}{relative}"

    def before(self, row: Sequence[Cell], metric: str) -> str:
        """A metric's value in the compared period."""
        return self.text(row, f"{metric}_{BEFORE}")


def figures(table: ReportTable) -> Figures:
    """The table, to be read by column."""
    return Figures(table, {column.key: place for place, column in enumerate(table.columns)})


def shown(value: Cell, unit: str, places: int = 2) -> str:
    """A value as people read it."""
    if value is None:
        return _UNKNOWN
    if isinstance(value, datetime):
        return f"{value.day} {value:%b %Y}"
    if isinstance(value, str):
        return value
    if 0 < abs(value) < 0.005:
        # "Up 0.00 points" would say that nothing changed.
        places = 4
    text = f"{value:,}" if isinstance(value, int) and unit != "%" else f"{value:,.{places}f}"
    return f"{text} {unit}".strip()


def signed(value: float | int, unit: str, places: int = 2) -> str:
    """The same with a plus sign where it is more."""
    return f"{'+' if value > 0 else ''}{shown(value, unit, places)}"


def plain(name: str) -> str:
    """A name out of the data as it may stand in a sentence: on one line, not too long, and no markup.

    >>> plain("![x](http://evil.example)")
    'x(http://evil.example)'
    """
    line = " ".join(name.split())
    kept = "".join(letter for letter in line if letter.isprintable() and letter not in "![]<>`*|\\\\")
    return kept if len(kept) <= 80 else f"{kept[:79]}…"
