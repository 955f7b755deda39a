"""Tables as pages show them: turned page by page, each choice in the URL.

>>> paging = Paging("/log", {}, total=45, limit=20, offset=20)
>>> paging.first, paging.last, paging.before, paging.after
(21, 40, '/log', '/log?offset=40')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from headwater.console import words
from headwater.reports.table import Cell, Column, ReportTable


def link(path: str, parameters: Mapping[str, object]) -> str:
    """The path with these parameters; those that are None or empty are left out.

    >>> link("/ads", {"q": "a b", "id": [1, 2], "sort": ""})
    '/ads?q=a+b&id=1&id=2'
    """
    kept = {name: value for name, value in parameters.items() if value not in (None, "", [], ())}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


class Paging(msgspec.Struct, frozen=True):
    """Which rows of how many are shown."""

    at: str
    parameters: Mapping[str, object]
    total: int
    limit: int
    offset: int

    @property
    def first(self) -> int:
        """Number of the first row, from one."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last row."""
        return min(self.offset + self.limit, self.total)

    @property
    def before(self) -> str:
        """Where the rows before these are; empty where there are none."""
        return self._path(max(0, self.offset - self.limit)) if self.offset else ""

    @property
    def after(self) -> str:
        """Where the rows after these are; empty where there are none."""
        return self._path(self.offset + self.limit) if self.last < self.total else ""

    def _path(self, offset: int) -> str:
        return link(self.at, {**self.parameters, "offset": offset or None})


class Heading(msgspec.Struct, frozen=True):
    """One column's; figures stand at the right."""

    label: str
    right: bool = False


class Table(msgspec.Struct, frozen=True):
    """Cells as they are read; ``paths`` are where the cells of some columns lead, empty for one that does not."""

    caption: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[str]]
    paths: Mapping[int, Sequence[str]] = {}


def table(report: ReportTable, paths: Mapping[str, Sequence[str]] | None = None) -> Table:
    """A report's table in words; the headings of times say in which zone they are. ``paths`` lead on, by column."""
    headings = [Heading(column.heading, column.kind in ("integer", "number")) for column in report.columns]
    columns = [
        _cells(cells, column) for cells, column in zip(zip(*report.rows, strict=True), report.columns, strict=False)
    ]
    led = {at: (paths or {})[column.key] for at, column in enumerate(report.columns) if column.key in (paths or {})}
    return Table(f"{report.title}, {report.subtitle}", headings, list(zip(*columns, strict=True)), led)


def _cells(cells: Sequence[Cell], column: Column) -> list[str]:
    """A column; where one figure has two decimals all have, so that they stand under each other."""
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    if column.kind != "number" or all(float(one).is_integer() for one in numbers) or max(map(abs, numbers)) < 1:
        return [_cell(cell) for cell in cells]
    return [f"{cell:,.2f}" if isinstance(cell, int | float) else _cell(cell) for cell in cells]


def _cell(cell: Cell) -> str:
    if cell is None:
        return words.UNKNOWN
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if (cell.hour, cell.minute) == (0, 0) else f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, str):
        return cell
    return words.number(cell)
