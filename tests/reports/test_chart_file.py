"""Pictures say what they show, draw any name, and fetch nothing."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from headwater.errors import InvalidRequest
from headwater.reports import FORMATS, render
from headwater.reports.chart import specification
from headwater.reports.table import Column, ReportTable, Row

from .tables import DAY, FIRST, NAME, VIEWS, WATCH, daily, days


def words(table: ReportTable) -> list[str]:
    """Every text of the SVG, in order; parsing proves that it is well-formed."""
    root = ET.fromstring(render(table, "svg"))
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_svg_has_title_period_units_and_legend(launch: ReportTable) -> None:
    seen = words(launch)
    for text in ("Autumn launch", "24 to 26 October 2026, UTC", "Views", "Average watch time (seconds)"):
        assert text in seen
    for text in ("Creative", "Spring hero 15s", "Summer cut 6s", "Date (UTC)", "24 Oct", "26 Oct"):
        assert text in seen


def test_png_has_twice_the_pixels_of_the_svg(launch: ReportTable) -> None:
    png = render(launch, "png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    drawn = ET.fromstring(render(launch, "svg"))
    assert (width, height) == (2 * int(drawn.attrib["width"]), 2 * int(drawn.attrib["height"]))


def test_pdf_is_one_page_of_selectable_text(launch: ReportTable) -> None:
    reader = PdfReader(io.BytesIO(render(launch, "pdf")))
    assert len(reader.pages) == 1
    text = reader.pages[0].extract_text()
    assert "Autumn launch" in text
    assert "Summer cut 6s" in text


@pytest.mark.parametrize("chart", ["line", "bar", "area"])
def test_counts_have_no_ticks_between_whole_numbers(chart) -> None:
    rows: list[Row] = [(day, at % 2) for at, day in enumerate(days(3))]
    seen = words(ReportTable("T", "S", (DAY, VIEWS), rows, chart))
    assert {"0", "1"} <= set(seen)
    assert not [text for text in seen if "." in text]


def test_large_numbers_are_shortened() -> None:
    seen = words(ReportTable("T", "S", (DAY, VIEWS), [(day, 4 * 10**9) for day in days(2)], "bar"))
    assert "4B" in seen
    figures = words(ReportTable("T", "S", (NAME, VIEWS), [("a", 12_500), ("b", 950)], "bar"))
    assert {"12.5k", "950"} <= set(figures)


def test_bars_share_their_names_and_show_figures_that_cannot_be_summed_as_a_dash() -> None:
    rows: list[Row] = [(f"site{at:02}.example", 100 - at, 0.25) for at in range(22)]
    seen = words(ReportTable("T", "S", (Column("domain", "Domain", "text"), VIEWS, WATCH), rows, "bar"))
    assert seen.count("site00.example") == 1
    assert seen.count("Domain") == 1
    assert "–" in seen
    assert any("20 largest of 22" in text for text in seen)


def test_hours_are_shown_only_where_they_matter() -> None:
    seen = words(ReportTable("T", "S", (DAY, VIEWS), [(FIRST.replace(hour=hour), 1) for hour in range(3)], "line"))
    assert "24 Oct 01:00" in seen


def test_a_table_is_drawn_with_its_values_and_the_rest_is_counted() -> None:
    table = replace(daily(["a", "b"], count=30), chart="table")
    seen = words(table)
    assert {"Date (UTC)", "2026-10-24", "5.50", "and 20 more rows in the CSV"} <= set(seen)
    assert seen.count("a") == 20


def test_no_data_is_said(launch: ReportTable) -> None:
    assert "No data in this period" in words(replace(launch, rows=[]))
    assert "No data in this period" in words(replace(launch, rows=[], chart="table"))


HOSTILE = [
    "</text><script>alert(1)</script>",
    "a\x00b\x1b\r\n\tc",
    "\u202ereversed\u2066",
    "\ud800",
    "]]>&amp;\"'",
    '{"signal": "datum"}',
    "=cmd|'/c calc'!A0",
    "",
    "   ",
    "秋季广告 حملة 🎉👩‍👩‍👧",
    "x" * 5_000,
]


@pytest.mark.parametrize("chart", ["line", "table"])
def test_hostile_names_stay_text(chart) -> None:
    table = replace(daily(HOSTILE, count=1), chart=chart, title=HOSTILE[0], subtitle=HOSTILE[1])
    root = ET.fromstring(render(table, "svg"))
    assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {"svg", "rect", "g", "path", "text", "line", "defs"}
    seen = words(table)
    assert "</text><script>alert(1)</script>" in seen
    assert not any(mark in "".join(seen) for mark in ("\x00", "\u202e"))
    assert render(table, "png").startswith(b"\x89PNG")


def test_one_point_and_all_zeros_are_drawn(launch: ReportTable) -> None:
    for chart in ("line", "bar", "area"):
        one = ReportTable("T", "S", (DAY, VIEWS, WATCH), [(FIRST, 0, None)], chart)
        assert "24 Oct" in words(one)


def test_specification_holds_its_data_and_names_no_address(launch: ReportTable) -> None:
    spec = specification(launch)
    assert spec["datasets"]["views"][0] == {"x": 1_792_800_000_000, "s": "Spring hero 15s", "o": 0, "v": 200}
    spec.pop("$schema")
    assert "http" not in json.dumps(spec)


def test_every_format_renders_and_others_are_refused_by_name(launch: ReportTable) -> None:
    assert list(FORMATS) == ["csv", "json", "xlsx", "png", "svg", "pdf"]
    assert all(render(launch, name) for name in FORMATS)
    with pytest.raises(InvalidRequest, match=r"'pgn'.*Did you mean 'png'") as caught:
        render(launch, "pgn")
    assert caught.value.details == {"field": "format", "allowed": list(FORMATS)}


def test_importing_reports_loads_no_heavy_library() -> None:
    code = (
        "import sys, headwater.reports; print([m for m in ('altair', 'vl_convert', 'xlsxwriter') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
