"""The figures that an answer rests on, asked again: as they are now, in the reader's name, and free as a try is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from headwater.console.tables import link
from headwater.control.agents.models import Execution
from headwater.errors import HeadwaterError
from headwater.reports import Column, ReportTable
from headwater.reports.table import Cell, Kind
from headwater.sources.schema import Rows
from headwater.surfaces._http.endpoint import Call
from headwater.tools.citation import BUILT_IN, Citation
from headwater.tools.metric_question import read

_MOST_ROWS: Final = 1_000
_MOST_BARS: Final = 40


async def figures(call: Call[Any, Any], execution: Execution) -> tuple[Mapping[str, ReportTable], str]:
    """A table for each of its citations, by the names of their charts; and why there are not all of them."""
    found: dict[str, ReportTable] = {}
    for number, one in enumerate(execution.citations):
        try:
            found[f"figures{number}"] = await _asked(call, msgspec.convert(one, Citation))
        except HeadwaterError as error:
            return found, error.message
    return found, ""


def again(citation: Citation) -> str:
    """Where the query of a citation can be run again."""
    return link(f"/data-sources/{citation.data_source}/query", {"query": citation.query})


async def _asked(call: Call[Any, Any], citation: Citation) -> ReportTable:
    tools = call.services.tools
    if citation.data_source == BUILT_IN:
        return (await tools.metrics.ask_metrics(read(citation.query), call.scope)).table
    answer = await tools.data.run_sql(citation.data_source, citation.query, {}, call.scope, _MOST_ROWS)
    named = await tools.data.list_data_sources(call.scope, [citation.data_source])
    return table_of(named[0].name, answer.rows)


def table_of(source: str, rows: Rows) -> ReportTable:
    """Rows of any query as a table: with bars where each row has a name and figures, and there are not too many.

    >>> from headwater.sources.schema import ResultColumn
    >>> columns = (ResultColumn("city", "VARCHAR"), ResultColumn("orders", "BIGINT"))
    >>> table = table_of("Shop", Rows(columns, [("Oslo", 3), ("Bergen", 1)], truncated=False))
    >>> table.title, table.chart, [column.kind for column in table.columns]
    ('Orders by city', 'bar', ['text', 'integer'])
    """
    kinds = [_kind([row[at] for row in rows.rows]) for at in range(len(rows.columns))]
    columns = tuple(
        Column(one.name, one.name, kind, additive=False) for one, kind in zip(rows.columns, kinds, strict=True)
    )
    cells = [tuple(_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)) for row in rows.rows]
    is_named = len(kinds) > 1 and kinds[0] == "text" and not {"text", "time"} & set(kinds[1:])
    fits = is_named and 1 < len(cells) <= _MOST_BARS
    names = [one.name for one in rows.columns]
    title = f"{', '.join(names[1:])} by {names[0]}".capitalize() if is_named else source
    return ReportTable(title, f"{source}, as it is now", columns, cells, "bar" if fits else "table")


def _kind(cells: Sequence[object]) -> Kind:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "text"


def _cell(cell: object, kind: Kind) -> Cell:
    if cell is None or (kind != "text" and isinstance(cell, int | float)):
        return cell
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else str(cell)
