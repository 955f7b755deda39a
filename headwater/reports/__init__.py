"""Files made from an answer, fit for a client's presentation.

``render(table, "pdf")`` is the way in. Rendering is synchronous; PNG, SVG and PDF
also hold the interpreter's lock while they are converted, so that a server must
render them in another process, not merely another thread: tables can be pickled.
It fetches nothing, from the network or from the store.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.reports import chart_file, csv_file, json_file, xlsx_file
from headwater.reports.table import Column, ReportTable

__all__ = ["FORMATS", "Column", "Format", "ReportTable", "render"]


class Format(Struct, frozen=True):
    """A kind of file that a report can become."""

    media_type: str
    extension: str
    render: Callable[[ReportTable], bytes]


FORMATS: dict[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", "csv", csv_file.render),
    "json": Format("application/json", "json", json_file.render),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", xlsx_file.render),
    "png": Format("image/png", "png", chart_file.png),
    "svg": Format("image/svg+xml", "svg", chart_file.svg),
    "pdf": Format("application/pdf", "pdf", chart_file.pdf),
}


def render(table: ReportTable, format: str) -> bytes:
    """``table`` as a file of ``format``, one of ``FORMATS``."""
    if format not in FORMATS:
        raise InvalidRequest(
            f"'{format}' is not a format that a report can be exported in.{did_you_mean(format, FORMATS)}",
            field="format",
            allowed=list(FORMATS),
        )
    return FORMATS[format].render(table)
