"""The verbs over connected data sources and documents, as agents and MCP clients meet them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from headwater.errors import InvalidRequest, NotFound
from headwater.sources.schema import Cell
from headwater.tools.data import DataTools
from headwater.tools.verb import MOST_ROWS, Given, Reach, Verb

_SourceId = Annotated[str, Meta(min_length=1, max_length=64, description="An id of list_data_sources.")]
_MOST_PASSAGES: Final = 20
MOST_BYTES: Final = 256 * 1024
"""So much of a query's result a caller is shown at once."""


class ListDataSources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to say."""


class GetSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose schema is read."""

    data_source: _SourceId


class RunSql(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query."""

    data_source: _SourceId
    query: Annotated[
        str, Meta(min_length=1, max_length=20_000, description="One SELECT in the dialect that get_schema names.")
    ]
    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS, description="Rows at most.")] = MOST_ROWS


class SearchPassages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for in documents."""

    text: Annotated[str, Meta(min_length=1, max_length=1_000, description="Words that the passage should have.")]
    data_sources: Annotated[list[str], Meta(max_length=50, description="Only these; empty searches all.")] = []
    limit: Annotated[int, Meta(ge=1, le=_MOST_PASSAGES)] = 5


class _DataVerbs:
    """What each verb does with a caller's reach."""

    def __init__(self, tools: DataTools) -> None:
        self._tools = tools

    async def list_data_sources(self, reach: Reach, _: ListDataSources) -> Given:
        """Those within reach."""
        return Given(await self._tools.list_data_sources(reach.scope, reach.sources))

    async def get_schema(self, reach: Reach, asked: GetSchema) -> Given:
        """Tables, columns, keys, some rows."""
        _hold_reach(reach, [asked.data_source])
        return Given(await self._tools.get_schema(asked.data_source, reach.scope))

    async def run_sql(self, reach: Reach, asked: RunSql) -> Given:
        """Rows with their citation."""
        _hold_reach(reach, [asked.data_source])
        answer = await self._tools.run_sql(asked.data_source, asked.query, {}, reach.scope, asked.limit)
        names = [column.name for column in answer.rows.columns]
        rows: list[dict[str, Cell]] = [dict(zip(names, row, strict=True)) for row in answer.rows.rows]
        shown = _within(rows)
        data = {
            "columns": answer.rows.columns,
            "rows": shown,
            "truncated": answer.rows.truncated or len(shown) < len(rows),
        }
        return Given(data, answer.citation)

    async def search_passages(self, reach: Reach, asked: SearchPassages) -> Given:
        """Passages, best first."""
        _hold_reach(reach, asked.data_sources)
        sources = asked.data_sources or reach.sources
        return Given(await self._tools.search_passages(asked.text, reach.scope, sources, asked.limit))


def data_verbs(tools: DataTools) -> Sequence[Verb]:
    """The verbs, in the order in which they are usually needed."""
    verbs = _DataVerbs(tools)
    return (
        Verb(
            "list_data_sources",
            "List data sources",
            "List the databases, files and APIs that are connected, with their ids.",
            ListDataSources,
            verbs.list_data_sources,
        ),
        Verb(
            "get_schema",
            "Get a schema",
            "Read the tables, columns, keys and some rows of a data source, and the SQL dialect that it speaks.",
            GetSchema,
            verbs.get_schema,
        ),
        Verb(
            "run_sql",
            "Run SQL",
            "Run one SELECT on a data source. Nothing but reading is possible; name columns, and aggregate in SQL.",
            RunSql,
            verbs.run_sql,
        ),
        Verb(
            "search_passages",
            "Search passages",
            "Search the uploaded documents for passages that have the words, best first.",
            SearchPassages,
            verbs.search_passages,
        ),
    )


def _within(rows: Sequence[dict[str, Cell]]) -> Sequence[dict[str, Cell]]:
    """The first rows that a model or client can take at once."""
    size = 0
    for at, row in enumerate(rows):
        size += len(msgspec.json.encode(row))
        if size > MOST_BYTES and at == 0:
            raise InvalidRequest(
                f"One row of the result has more than {MOST_BYTES:,} bytes. Select fewer columns, or parts of texts.",
                field="query",
            )
        if size > MOST_BYTES:
            return rows[:at]
    return rows


def _hold_reach(reach: Reach, asked: Sequence[str]) -> None:
    if reach.sources is None:
        return
    for one in asked:
        if one not in reach.sources:
            raise NotFound(
                f"There is no data source '{one[:64]}' here.", field="data_source", allowed=sorted(reach.sources)
            )
