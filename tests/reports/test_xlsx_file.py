"""The workbook opens, shows what the table holds, and runs nothing."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from msgspec.structs import replace
from openpyxl import Workbook

from headwater.errors import InvalidRequest
from headwater.reports import xlsx_file
from headwater.reports.table import ReportTable, Row

from .tables import DAY, FIRST, NAME, VIEWS, WATCH, daily


def _opened(table: ReportTable) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(xlsx_file.render(table)))


def _chart_xml(table: ReportTable) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(xlsx_file.render(table))) as file:
        return [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/chart")]


def test_report_sheet_has_title_period_header_and_typed_values(launch: ReportTable) -> None:
    sheet = _opened(launch)["Report"]
    assert sheet["A1"].value == "Autumn launch"
    assert sheet["A2"].value == "24 to 26 October 2026, UTC"
    assert [cell.value for cell in sheet[4]] == ["Date (UTC)", "Creative", "Views", "Average watch time (seconds)"]
    assert [cell.value for cell in sheet[5]] == [FIRST.replace(tzinfo=None), "Spring hero 15s", 200, 5.5]
    assert sheet.max_row == 4 + len(launch.rows)
    assert sheet["C5"].number_format == "#,##0"
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A5", "A4:D10")


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://x.example")', "http://x.example", "{=1}", "007", "@a", "-1"]
)
def test_text_stays_text(text: str) -> None:
    table = ReportTable(text, text, (DAY, NAME, VIEWS), [(FIRST, text, 1)], "line")
    book = _opened(table)
    for cell in (book["Report"]["A1"], book["Report"]["B5"], book["Chart data"]["B2"], book["Charts"]["A1"]):
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    assert "<c:f>1+1" not in "".join(_chart_xml(table))


def test_missing_values_are_empty_cells_and_long_text_is_cut_visibly() -> None:
    table = ReportTable("T", "S", (DAY, NAME, VIEWS, WATCH), [(FIRST, "x" * 40_000, None, float("inf"))], "table")
    row = _opened(table)["Report"][5]
    assert (row[2].value, row[3].value) == (None, None)
    assert len(row[1].value) == 32_767
    assert row[1].value.endswith("…")


def test_each_metric_gets_a_native_chart_over_its_figures(launch: ReportTable) -> None:
    book = _opened(launch)
    assert len(book["Charts"]._charts) == 2
    figures = [[cell.value for cell in row] for row in book["Chart data"]["A1:C5"]]
    assert figures[0][0] == "Views"
    assert figures[1] == ["Date (UTC)", "Spring hero 15s", "Summer cut 6s"]
    assert [row[1:] for row in figures[2:]] == [[200, 100], [201, 101], [202, 102]]
    assert all("lineChart" in xml and "'Chart data'!$B$" in xml for xml in _chart_xml(launch))


@pytest.mark.parametrize(
    ("chart", "kind"), [("line", "<c:lineChart>"), ("area", "<c:areaChart>"), ("bar", "<c:barChart>")]
)
def test_the_chart_is_of_the_kind_asked_for(launch: ReportTable, chart, kind: str) -> None:
    assert kind in _chart_xml(replace(launch, chart=chart))[0]


def test_what_is_left_out_of_the_chart_is_said(launch: ReportTable) -> None:
    sheet = _opened(daily([f"Creative {at}" for at in range(12)]))["Charts"]
    assert "10 largest of 12" in str(sheet["A3"].value)


@pytest.mark.parametrize("rows", [[], [(FIRST, "a", 1, 1.0)]])
def test_a_table_has_no_chart_sheets(launch: ReportTable, rows: list[Row]) -> None:
    assert _opened(replace(launch, rows=rows, chart="table")).sheetnames == ["Report"]


def test_more_rows_than_a_sheet_holds_are_refused(launch: ReportTable) -> None:
    with pytest.raises(InvalidRequest) as caught:
        xlsx_file.render(replace(launch, rows=[launch.rows[0]] * 1_048_573))
    assert caught.value.details == {"field": "format", "allowed": ["csv", "json"]}
