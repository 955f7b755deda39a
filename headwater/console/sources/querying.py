"""An editor for queries that read a data source."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import render
from headwater.console.sources.listing import PATH
from headwater.errors import HeadwaterError, NotFound
from headwater.surfaces._http.endpoint import ASK, READ, Call, Reply, Typed
from headwater.surfaces._http.paid import paid_query
from headwater.tools.citation import BUILT_IN
from headwater.tools.data import Described, SqlAnswer

_HERE: Final = f"{PATH}/{{source_id}}/query"
_MOST_ROWS: Final = 200
_LONGEST: Final = 20_000


class Started(msgspec.Struct, frozen=True):
    """What stands in the editor at first."""

    query: Annotated[str, Meta(max_length=_LONGEST)] = ""


class QueryForm(msgspec.Struct, frozen=True):
    """What is run."""

    query: Annotated[str, Meta(min_length=1, max_length=_LONGEST)]


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
    found = await described(call)
    shown = shown or Shown()
    return await render(
        call,
        "sources/query.html",
        title="Query",
        status=shown.status,
        crumbs=[("Data sources", PATH), (found.name, f"{PATH}/{found.id}")],
        source=found,
        query=query,
        answer=answer,
        shown=shown,
        is_built_in=found.id == BUILT_IN,
        credits=call.services.settings.credits_per_query,
    )


async def described(call: Call[Any, Any]) -> Described:
    """The source of the path; ``NotFound`` where the organisation has none of this id."""
    for one in await call.services.tools.data.list_data_sources(call.scope, [call.path["source_id"]]):
        return one
    raise NotFound("There is no such data source.", field="source_id")


ENDPOINTS = [
    page(_HERE, editor, READ, "Query a data source", Started),
    form(_HERE, run, ASK, "Query a data source", QueryForm, again),
]
