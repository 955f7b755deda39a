"""What an agent was asked, by whom it may be, and what became of it."""

from __future__ import annotations

from typing import Any, Final

from headwater.console.agents.listing import Turned
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.tables import Paging
from headwater.control.agents import executions
from headwater.control.agents.service import Agents
from headwater.surfaces._http.endpoint import READ, Call, Reply

_PATH: Final = "/agents/{agent_id}/history"
_LIMIT: Final = 20


async def history(call: Call[Turned, Any]) -> Reply:
    """Its executions, newest first."""
    offset = call.query.offset
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
        found, total = await executions.page(session, agent.id, _LIMIT, offset)
    return await render(
        call,
        "agents/history.html",
        title="History",
        crumbs=[("Agents", "/agents"), (agent.name, f"/agents/{agent.id}")],
        executions=found,
        paging=Paging(call.at, {}, total, _LIMIT, offset),
    )


ENDPOINTS = [page(_PATH, history, READ, "An agent's history", Turned)]
