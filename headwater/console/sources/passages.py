"""The documents of a data source, and the passages of them that have what somebody looks for."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.sources.listing import PATH
from headwater.control.sources.service import DataSources
from headwater.surfaces._http import sources
from headwater.surfaces._http.endpoint import READ, Call, Reply

_HERE: Final = f"{PATH}/{{source_id}}/passages"
_MOST: Final = 20


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for."""

    q: Annotated[str, Meta(max_length=1_000)] = ""


async def passages(call: Call[Wanted, bytes]) -> Reply:
    """All documents, or what was found in them, best first."""
    source_id, tools = sources.hold_own(call.path["source_id"]), call.services.tools.data
    async with call.services.control.reading() as session:
        row = await DataSources(session, call.scope).get(source_id)
    wanted = call.query.q.strip()
    found = await tools.search_passages(wanted, call.scope, [source_id], _MOST) if wanted else []
    return await render(
        call,
        "sources/passages.html",
        title="Documents",
        crumbs=[("Data sources", PATH), (row.source_name, f"{PATH}/{row.id}")],
        source=row,
        wanted=wanted,
        found=found,
        documents=await tools.list_documents(source_id, call.scope),
        most=_MOST,
    )


ENDPOINTS = [page(_HERE, passages, READ, "A data source's documents", Wanted)]
