"""A report as an Excel workbook: the table, native charts, and the figures behind them.

Text is always written as text: nothing in a name can become a formula, a link or a
number. Charts are Excel's own, so that a reader can restyle them.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from headwater.errors import InvalidRequest
from headwater.reports.lettering import cell_text, width
from headwater.reports.picture import picture
from headwater.reports.table import Cell, Kind, ReportTable
from headwater.reports.xlsx_charts import add_charts

_MAX_ROWS = 1_048_576
_MAX_TEXT = 32_767
_HEADER = 3
_FORMS: dict[Kind, str] = {"text": "@", "integer": "#,##0", "number": "#,##0.00##", "time": "yyyy-mm-dd hh:mm"}
_SAMPLED = 200


def render(table: ReportTable) -> bytes:
    """A workbook with sheet ``Report`` and, where there is a chart, ``Charts`` and ``Chart data``."""
    import xlsxwriter

    if len(table.rows) > _MAX_ROWS - _HEADER - 1:
        raise InvalidRequest(
            f"An Excel sheet cannot hold {len(table.rows):,} rows; export this report as CSV.",
            field="format",
            allowed=["csv", "json"],
        )
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": table.title, "subject": table.subtitle})
        _add_report(workbook, table)
        if drawn := picture(table):
            add_charts(workbook, table, drawn)
    return file.getvalue()


def _add_report(workbook: Any, table: ReportTable) -> None:
    """Title, period, and the table under a header that stays in view and filters."""
    sheet = workbook.add_worksheet("Report")
    sheet.write_string(0, 0, table.title[:_MAX_TEXT], workbook.add_format({"bold": True, "font_size": 16}))
    sheet.write_string(1, 0, table.subtitle[:_MAX_TEXT], workbook.add_format({"font_color": "#616e7c"}))
    look = {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#e4e7eb", "bottom": 1}
    left, right = workbook.add_format(look), workbook.add_format(look | {"align": "right"})
    for at, column in enumerate(table.columns):
        sheet.write_string(_HEADER, at, column.heading, right if column.kind in ("integer", "number") else left)
        form = workbook.add_format({"num_format": _FORMS[column.kind]})
        sheet.set_column(at, at, _column_width(table, at))
        for row, cells in enumerate(table.rows, _HEADER + 1):
            _write(sheet, row, at, cells[at], form)
    last = _HEADER + max(len(table.rows), 1)
    sheet.autofilter(_HEADER, 0, last, len(table.columns) - 1)
    sheet.freeze_panes(_HEADER + 1, 0)
    sheet.repeat_rows(_HEADER)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write(sheet: Any, row: int, at: int, value: Cell, form: Any) -> None:
    if isinstance(value, str):
        text = value if len(value) <= _MAX_TEXT else f"{value[: _MAX_TEXT - 1]}…"
        sheet.write_string(row, at, text, form)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, at, value.astimezone(UTC).replace(tzinfo=None), form)
    elif value is not None and isfinite(value):
        sheet.write_number(row, at, value, form)


def _column_width(table: ReportTable, at: int) -> float:
    """Wide enough for the heading's longest word and the first rows, in Excel's letters."""
    column = table.columns[at]
    cells = (cell_text(row[at], column.kind) for row in table.rows[:_SAMPLED])
    words = [*cells, *column.heading.split()]
    return min(60, max(12, max((width(word) for word in words), default=0) / 0.56 + 4))
