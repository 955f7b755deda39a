"""An answer in the form that the caller wants: a sentence, Markdown, CSV, rows, or a chart. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from headwater.agent_runtime.turn import Outcome, OutputFormat
from headwater.reports import ReportTable, render
from headwater.reports.chart import specification
from headwater.reports.table import Cell

MOST_ROWS: Final = 1_000
Plain = str | int | float | None
"""A cell as JSON has it."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#])")


class Form(msgspec.Struct, frozen=True):
    """``data`` are the rows by the columns' keys, ``chart`` a Vega-Lite specification."""

    response: str
    data: list[dict[str, Plain]] | None = None
    chart: dict[str, Any] | None = None


def formed(outcome: Outcome, form: OutputFormat) -> Form:
    """The answer in ``form``; one without figures is its text in every form."""
    table = outcome.table
    if form == "text" or table is None:
        return Form(outcome.text)
    if form == "markdown":
        return Form(f"{_escaped(outcome.text)}\n\n{markdown(table)}")
    if form == "csv":
        return Form(render(table, "csv").decode("utf-8"))
    return Form(outcome.text, rows(table), specification(table) if form == "chart" else None)


def rows(table: ReportTable) -> list[dict[str, Plain]]:
    """The table's rows as objects, ``MOST_ROWS`` at most."""
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, map(_plain, row), strict=True)) for row in table.rows[:MOST_ROWS]]


def markdown(table: ReportTable) -> str:
    r"""The table in Markdown.

    >>> from headwater.reports import Column
    >>> print(markdown(ReportTable("", "", (Column("d", "Domain", "text"), Column("n", "Clicks", "integer")),
    ...     [("a|b", 1200)], "bar")))
    | Domain | Clicks |
    | --- | ---: |
    | a\|b | 1,200 |
    """
    head = " | ".join(_escaped(column.heading) for column in table.columns)
    line = " | ".join("---:" if column.kind in ("integer", "number") else "---" for column in table.columns)
    body = [f"| {' | '.join(_escaped(_words(cell)) for cell in row)} |" for row in table.rows[:MOST_ROWS]]
    return "\n".join([f"| {head} |", f"| {line} |", *body])


def _plain(cell: Cell) -> Plain:
    return cell.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(cell, datetime) else cell


def _words(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return f"{cell:,}"
    return str(_plain(cell))


def _escaped(text: str) -> str:
    """Text that stays text: names come from data, and must not become links or markup."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
