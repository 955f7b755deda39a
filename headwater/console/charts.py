"""Charts on pages: one table of figures as a drawing, as rows, as files and as the API call behind them.

    chart = charts.chart(call, table, "trend", api="/api/v2/aggregation-api/counts?…")
    if call.query.download: return await charts.download(call, table, call.query.download)

A page that shows charts has ``charts.html`` as its template's ``head`` (see ``docs/design.md``)
and a ``chart`` and a ``download`` in its query, by which the files are asked for.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from markupsafe import Markup

from headwater.console import tables
from headwater.errors import NotFound
from headwater.reporting.run import file_name
from headwater.reports import FORMATS, ReportTable
from headwater.reports.chart import specification
from headwater.reports.chart_style import GRID, INK, QUIET, STRIPE
from headwater.surfaces._http.endpoint import Call, Reply

Download = Literal["csv", "png", "svg"]
DARK: Final = {INK: "#e8ecf1", QUIET: "#a9b4c0", GRID: "#364150", STRIPE: "#242c37", "#9aa5b1": "#7f8b99"}
"""What the colours of charts, which are drawn for paper, are on a dark page."""
_FEW: Final = 10
_SHOWN: Final = (("CSV", "csv"), ("PNG", "png"), ("SVG", "svg"))
# Would end the script element that the specification stands in, or begin a comment in it.
_ESCAPES: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class Downloads(msgspec.Struct, frozen=True, kw_only=True):
    """What the query of a page with charts holds besides its filters."""

    chart: str = ""
    download: Download | None = None


class Chart(msgspec.Struct, frozen=True):
    """A chart as the template ``parts.html`` shows it; without a specification it is but its table.

    ``height`` is the room kept for the drawing: that of so many bars, or else the usual.
    """

    title: str
    subtitle: str
    specification: Markup | None
    table: tables.Table
    downloads: tuple[tuple[str, str], ...]
    curl: str
    height: str = ""


def chart(call: Call[Any, Any], table: ReportTable, name: str, api: str = "") -> Chart:
    """The chart of ``table``; ``name`` tells it from the page's others, ``api`` is the path that gives its figures."""
    made = listed(call, table, name, api)
    return msgspec.structs.replace(made, specification=_specification(_Told(table)), height=_height(table))


def listed(call: Call[Any, Any], table: ReportTable, name: str, api: str = "") -> Chart:
    """The same for what no drawing makes clearer: its table and its files."""
    asked = [(key, value) for key, value in parse_qsl(call.asked.decode("latin-1")) if key not in ("chart", "download")]
    parameters: dict[str, list[str]] = {}
    for key, value in asked:
        parameters.setdefault(key, []).append(value)
    return Chart(
        table.title,
        table.subtitle,
        None,
        tables.table(table),
        tuple((label, tables.link(call.at, {**parameters, "chart": name, "download": kind})) for label, kind in _SHOWN),
        curl(call, api) if api else "",
    )


def _height(table: ReportTable) -> str:
    """So that the page does not jump when the chart is drawn, nor is left with a hole under it."""
    if table.chart != "bar" or table.time is not None:
        return ""
    bars = len({tuple(row[at] for at in table.names) for row in table.rows})
    return f"bars-{bars}" if bars <= _FEW else ""


class _Told:
    """A table that is told from others by all that it says."""

    def __init__(self, table: ReportTable) -> None:
        self.table = table
        self._content = msgspec.json.encode(table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)


# A specification takes 20 to 40 ms to make, and what is looked at is looked at again.
@lru_cache(maxsize=64)
def _specification(told: _Told) -> Markup:
    text = msgspec.json.encode(specification(told.table)).decode().translate(_ESCAPES)
    return Markup(text)  # noqa: S704  # JSON whose angle brackets are escaped


def curl(call: Call[Any, Any], api: str) -> str:
    """The command that asks the API for the same."""
    return f'curl -H "Authorization: Bearer $HEADWATER_KEY" \\\n  {shlex.quote(call.services.settings.origin + api)}'


def quoted(text: str) -> str:
    """Text as one word of a shell."""
    return shlex.quote(text)


async def download(call: Call[Any, Any], table: ReportTable | None, kind: Download) -> Reply:
    """The file of a chart; ``table`` is None where the page has no chart of the name that was asked for."""
    if table is None:
        raise NotFound("This page has no such chart.", field="chart")
    content = await call.services.reporting.drawn(table, kind)
    form = FORMATS[kind]
    name = f"{file_name(table.title, 0)}.{form.extension}"
    disposition = ("content-disposition", f'attachment; filename="{name}"')
    return Reply(content, media_type=form.media_type, headers=(disposition,))
