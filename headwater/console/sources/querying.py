"""Data sources: which there are, what they hold, and an editor for queries that read."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import render
from headwater.errors import HeadwaterError, NotFound
from headwater.sources.schema import Schema
from headwater.surfaces._http.endpoint import ASK, READ, Call, Reply, Typed
from headwater.surfaces._http.paid import paid_query
from headwater.tools.citation import BUILT_IN
from headwater.tools.data import Described, SqlAnswer

_PATH: Final = "/data-sources"
_ONE: Final = f"{_PATH}/{{source_id}}"
_MOST_ROWS: Final = 200
_LONGEST: Final = 20_000


class Started(msgspec.Struct, frozen=True):
    """What stands in the editor at first."""

    query: Annotated[str, Meta(max_length=_LONGEST)] = ""


class QueryForm(msgspec.Struct, frozen=True):
    """What is run."""

    query: Annotated[str, Meta(min_length=1, max_length=_LONGEST)]


async def sources(call: Call[Any, bytes]) -> Reply:
    """All of them."""
    found = await call.services.tools.data.list_data_sources(call.scope)
    return await render(call, "agents/sources.html", title="Data sources", sources=found, built_in=BUILT_IN)


async def source(call: Call[Any, bytes]) -> Reply:
    """What one holds."""
    found = await _found(call)
    schema, problem = await _schema(call, found)
    return await render(
        call,
        "agents/source.html",
        title=found.name,
        crumbs=[("Data sources", _PATH)],
        source=found,
        schema=schema,
        problem=problem,
    )


async def editor(call: Call[Started, bytes]) -> Reply:
    """The editor, with nothing run."""
    return await _editor(call, call.query.query)


async def run(call: Call[Any, QueryForm]) -> Reply:
    """Run the query, for credits; the answer stands below it."""
    answer = await paid_query(call, call.path["source_id"], call.body.query, {}, _MOST_ROWS)
    return await _editor(call, call.body.query, answer)


async def again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The query with what is wrong with it."""
    return await _editor(call, Shown(call.body).value("query"), shown=Shown(call.body, error))


async def _editor(
    call: Call[Any, Any], query: str, answer: SqlAnswer | None = None, shown: Shown | None = None
) -> Reply:
    found = await _found(call)
    shown = shown or Shown()
    return await render(
        call,
        "agents/query.html",
        title="Query",
        status=shown.status,
        crumbs=[("Data sources", _PATH), (found.name, f"{_PATH}/{found.id}")],
        source=found,
        query=query,
        answer=answer,
        shown=shown,
        is_built_in=found.id == BUILT_IN,
        credits=call.services.settings.credits_per_query,
    )


async def _found(call: Call[Any, Any]) -> Described:
    for one in await call.services.tools.data.list_data_sources(call.scope, [call.path["source_id"]]):
        return one
    raise NotFound("There is no such data source.", field="source_id")


async def _schema(call: Call[Any, Any], found: Described) -> tuple[Schema | None, str]:
    try:
        return await call.services.tools.data.get_schema(found.id, call.scope), ""
    except NotFound:
        raise
    except HeadwaterError as error:
        return None, error.message


ENDPOINTS = [
    page(_PATH, sources, READ, "Data sources"),
    page(_ONE, source, READ, "A data source"),
    page(f"{_ONE}/query", editor, READ, "Query a data source", Started),
    form(f"{_ONE}/query", run, ASK, "Query a data source", QueryForm, again),
]
