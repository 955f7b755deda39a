"""All agents, and a new one."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.agents.editing import AgentForm, fields, form_page
from headwater.console.pages import form, page
from headwater.console.rendering import done, render
from headwater.console.tables import Paging
from headwater.control.agents.service import Agents
from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Reply, Typed
from headwater.tools.citation import BUILT_IN

PATH: Final = "/agents"
_LIMIT: Final = 20


class Turned(msgspec.Struct, frozen=True):
    """Which agents."""

    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class Preset(msgspec.Struct, frozen=True):
    """What is chosen in the form of a new agent at first."""

    source: Annotated[str, Meta(max_length=64)] = BUILT_IN


async def listed(call: Call[Turned, bytes]) -> Reply:
    """All agents, newest first."""
    async with call.services.control.reading() as session:
        found, total = await Agents(session, call.scope).page(None, _LIMIT, call.query.offset)
    paging = Paging(PATH, {}, total, _LIMIT, call.query.offset)
    return await render(call, "agents/list.html", title="Agents", agents=found, paging=paging, write=WRITE)


async def new(call: Call[Preset, bytes]) -> Reply:
    """The form of a new agent."""
    return await form_page(call, None, source=call.query.source)


async def create(call: Call[Any, AgentForm]) -> Reply:
    """Make it."""
    await call.services.tools.data.hold_known(call.body.data_sources, call.scope)
    made = await Agents((await call.writing()).session, call.scope, call.client_ip).create(fields(call.body))
    return done(call, f"{PATH}/{made.id}", f"{made.name} is ready to be asked.")


async def again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await form_page(call, None, call.body, error)


ENDPOINTS = [
    page(PATH, listed, READ, "Agents", Turned),
    page(f"{PATH}/new", new, WRITE, "A new agent", Preset),
    form(f"{PATH}/new", create, WRITE, "Make an agent", AgentForm, again),
]
