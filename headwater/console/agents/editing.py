"""An agent's form, for a new one and for changes, and its end."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.control.agents.configuration import DEFAULT_MODEL
from headwater.control.agents.models import Agent, AgentStatus
from headwater.control.agents.service import AgentFields, Agents
from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import WRITE, Call, Reply, Typed
from headwater.tools.citation import BUILT_IN

_ONE: Final = "/agents/{agent_id}"


class AgentForm(msgspec.Struct, frozen=True):
    """An agent as it is typed; what is left empty is the default."""

    name: str
    type: str = "data_analysis"
    description: str = ""
    model: str = DEFAULT_MODEL
    temperature: float | None = None
    max_tokens: int | None = None
    instructions: str = ""
    data_sources: list[str] = []
    status: AgentStatus = "active"


def fields(typed: AgentForm) -> AgentFields:
    """As the control plane takes them."""
    return AgentFields(
        typed.name,
        typed.type,
        typed.description,
        typed.instructions,
        typed.status,
        typed.data_sources,
        configuration={key: getattr(typed, key) for key in ("model", "temperature", "max_tokens")},
    )


async def form_page(
    call: Call[Any, Any],
    agent: Agent | None,
    typed: Typed | None = None,
    error: HeadwaterError | None = None,
    source: str = BUILT_IN,
) -> Reply:
    """The form; ``agent`` is None for a new one, for which ``source`` is chosen at first."""
    shown = Shown(typed, error)
    sources = await call.services.tools.data.list_data_sources(call.scope)
    crumbs = [("Agents", "/agents")] + ([(agent.name, f"/agents/{agent.id}")] if agent else [])
    return await render(
        call,
        "agents/form.html",
        title="Change" if agent else "New agent",
        status=shown.status,
        crumbs=crumbs,
        shown=shown,
        agent=agent,
        sources=[
            (one.id, one.name, one.id in (agent.data_sources or [BUILT_IN] if agent else [source])) for one in sources
        ],
        default_model=DEFAULT_MODEL,
    )


async def edit(call: Call[Any, bytes]) -> Reply:
    """The form of an agent."""
    return await form_page(call, await _found(call))


async def change(call: Call[Any, AgentForm]) -> Reply:
    """Change it."""
    agent_id = call.path["agent_id"]
    await call.services.tools.data.hold_known(call.body.data_sources, call.scope)
    await Agents((await call.writing()).session, call.scope, call.client_ip).update(agent_id, fields(call.body))
    return done(call, f"/agents/{agent_id}", "The agent was changed.")


async def again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The form again."""
    return await form_page(call, await _found(call), call.body, error)


async def delete(call: Call[Any, Any]) -> Reply:
    """Remove it."""
    await Agents((await call.writing()).session, call.scope, call.client_ip).delete(call.path["agent_id"])
    return done(call, "/agents", "The agent and all that it was asked are gone.")


async def _found(call: Call[Any, Any]) -> Agent:
    async with call.services.control.reading() as session:
        return await Agents(session, call.scope).get(call.path["agent_id"])


ENDPOINTS = [
    page(f"{_ONE}/change", edit, WRITE, "Change an agent"),
    form(f"{_ONE}/change", change, WRITE, "Change an agent", AgentForm, again),
    form(f"{_ONE}/delete", delete, WRITE, "Delete an agent"),
]
