"""All data sources."""

from __future__ import annotations

from typing import Any, Final

from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.control.sources.service import DataSources
from headwater.sources.config import LABELS
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Reply
from headwater.tools.citation import BUILT_IN
from headwater.tools.data import BUILT_IN_NAME

PATH: Final = "/data-sources"


async def listed(call: Call[Any, bytes]) -> Reply:
    """All, newest first; the built-in one stands below them."""
    async with call.services.control.reading() as session:
        found = await DataSources(session, call.scope).list()
    return await render(
        call,
        "sources/list.html",
        title="Data sources",
        sources=found,
        labels=LABELS,
        built_in=BUILT_IN,
        built_in_name=BUILT_IN_NAME,
        write=WRITE,
    )


ENDPOINTS = [page(PATH, listed, READ, "Data sources")]
