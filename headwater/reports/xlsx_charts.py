"""A workbook's native charts and the sheet of figures that they point to.

The same points, series and notes as the drawn chart. Every name reaches a chart by
reference to a cell: a name given as text would be taken for a formula if it began
with an equals sign.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from headwater.reports.picture import Panel, Picture
from headwater.reports.table import ReportTable

_FIGURES = "Chart data"
_CHART_ROWS = 19


def add_charts(workbook: Any, table: ReportTable, drawn: Picture) -> None:
    """Sheet ``Charts``, one chart per panel with the notes under the title; sheet ``Chart data`` behind it."""
    charts, figures = workbook.add_worksheet("Charts"), workbook.add_worksheet(_FIGURES)
    quiet = workbook.add_format({"font_color": "#616e7c"})
    charts.hide_gridlines(2)
    charts.write_string(0, 0, table.title, workbook.add_format({"bold": True, "font_size": 16}))
    for row, line in enumerate((table.subtitle, *drawn.notes), 1):
        charts.write_string(row, 0, line, quiet)
    figures.set_column(0, 0, 24)
    figures.set_column(1, max(len(drawn.series), 1), 16)
    top, below = 0, len(drawn.notes) + 3
    for panel in drawn.panels:
        _write_figures(workbook, figures, table, drawn, panel, top)
        charts.insert_chart(below, 0, _chart(workbook, drawn, panel, top))
        top += 3 + len(drawn.times or drawn.categories)
        below += _CHART_ROWS + (max(0, len(drawn.categories) - 10))
    charts.set_landscape()
    charts.fit_to_pages(1, 0)


def _write_figures(workbook: Any, sheet: Any, table: ReportTable, drawn: Picture, panel: Panel, top: int) -> None:
    """A block: the metric's name, a header of series, a row per point of x."""
    bold, number = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "#,##0.####"})
    moment = workbook.add_format({"num_format": _time_form(drawn)})
    sheet.write_string(top, 0, panel.column.heading, bold)
    heading = drawn.breakdown if table.time is None else table.columns[table.time].heading
    sheet.write_string(top + 1, 0, heading, bold)
    for row, time in enumerate(drawn.times, top + 2):
        sheet.write_datetime(row, 0, time.astimezone(UTC).replace(tzinfo=None), moment)
    for row, name in enumerate(drawn.categories, top + 2):
        sheet.write_string(row, 0, name)
    for at, (name, values) in enumerate(zip(drawn.series, panel.values, strict=True), 1):
        sheet.write_string(top + 1, at, name or panel.column.label, bold)
        for row, value in enumerate(values, top + 2):
            if value is not None:
                sheet.write_number(row, at, value, number)


def _chart(workbook: Any, drawn: Picture, panel: Panel, top: int) -> Any:
    chart = workbook.add_chart(_kind(drawn, panel))
    first, last = top + 2, top + 1 + len(drawn.times or drawn.categories)
    for at, (colour, values) in enumerate(zip(drawn.colours, panel.values, strict=True), 1):
        if any(value is not None for value in values):
            chart.add_series(
                {
                    "name": [_FIGURES, top + 1, at],
                    "categories": [_FIGURES, first, 0, last, 0],
                    "values": [_FIGURES, first, at, last, at],
                    **_look(panel, colour, len(values)),
                }
            )
    across, up = _axes(drawn, panel, top)
    chart.set_x_axis(across)
    chart.set_y_axis(up)
    chart.set_title({"name": [_FIGURES, top, 0], "name_font": {"size": 13}, "overlay": False})
    chart.set_legend({"none": True} if drawn.series == ("",) else {"position": "bottom"})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 900, "height": 20 * (_CHART_ROWS - 1 + max(0, len(drawn.categories) - 10))})
    return chart


def _kind(drawn: Picture, panel: Panel) -> dict[str, str]:
    if drawn.categories:
        return {"type": "bar"}
    if panel.mark == "line":
        return {"type": "line"}
    return {"type": "column" if panel.mark == "bar" else "area", "subtype": "stacked"}


def _look(panel: Panel, colour: str, points: int) -> dict[str, Any]:
    if panel.mark != "line":
        return {"fill": {"color": colour}, "gap": 40}
    dots = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}
    return {"line": {"color": colour, "width": 2}, "marker": dots if points <= 45 else {"type": "none"}}


def _axes(drawn: Picture, panel: Panel, top: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two axes: of x with its dates or names, of the metric with its unit."""
    form = "#,##0" if panel.column.kind == "integer" else "#,##0.##"
    grid = {"visible": True, "line": {"color": "#e4e7eb"}}
    metric = {"name": [_FIGURES, top, 0], "num_format": form, "major_gridlines": grid}
    if drawn.categories:
        # Excel counts bars from the bottom; the largest belongs at the top.
        return {"name": [_FIGURES, top + 1, 0], "reverse": True}, metric | {"label_position": "high"}
    dates = {"date_axis": drawn.daily, "text_axis": not drawn.daily, "num_format": _time_form(drawn)}
    return {"name": [_FIGURES, top + 1, 0], **dates}, metric


def _time_form(drawn: Picture) -> str:
    return "yyyy-mm-dd" if drawn.daily else "yyyy-mm-dd hh:mm"
