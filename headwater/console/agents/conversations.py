"""Conversations with an agent: which there were, through what, and one of them turn by turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.console import charts
from headwater.console.agents.deploying import NAMES
from headwater.console.agents.figures import again, figures
from headwater.console.agents.listing import Turned
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.tables import Paging, link
from headwater.control.agents import executions
from headwater.control.agents.conversations import KEPT_FOR, Conversations
from headwater.control.agents.models import Execution
from headwater.control.agents.service import Agents
from headwater.control.deployments.service import MOST, Deployments
from headwater.surfaces._http.endpoint import ASK, READ, Call, Reply
from headwater.tools.citation import Citation

_ALL: Final = "/agents/{agent_id}/conversations"
_ONE: Final = f"{_ALL}/{{conversation_id}}"
_LIMIT: Final = 20
_OWN: Final = {"api": "API", "chat": "Public chat"}


class Through(Turned, frozen=True):
    """Only those through ``through``: the API, the public chat, or a deployment."""

    through: Annotated[str, Meta(max_length=64)] = ""


class Looked(charts.Downloads, frozen=True, kw_only=True):
    """Which turns, and of which of them the figures."""

    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    figures: Annotated[str, Meta(max_length=64)] = ""


class Turn(msgspec.Struct, frozen=True):
    """A question with what was answered, and where its figures can be looked at."""

    execution: Execution
    sources: Sequence[tuple[Citation, str]]
    figures: str
    charts: Sequence[charts.Chart]
    problem: str


async def listed(call: Call[Through, bytes]) -> Reply:
    """All, or those through one channel; those that were gone on with last stand first."""
    query = call.query
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
        held = Conversations(session, agent.organisation_id, agent.id)
        found, total = await held.page(query.through or None, _LIMIT, query.offset)
        used = await held.channels()
        names = await _names(call, session)
    parameters = {"through": query.through}
    api = link(f"/api/v1/agents/{agent.id}/conversations", {"channel": query.through})
    return await render(
        call,
        "agents/conversations.html",
        title="Conversations",
        crumbs=[("Agents", "/agents"), (agent.name, f"/agents/{agent.id}")],
        agent=agent,
        found=found,
        names=names,
        through=query.through,
        channels=[(one, names.get(one, _GONE)) for one in used],
        gone=_GONE,
        days=KEPT_FOR.days,
        paging=Paging(call.at, parameters, total, _LIMIT, query.offset),
        curl=charts.curl(call, api),
    )


async def one(call: Call[Looked, bytes]) -> Reply:
    """One of them, its turns in the order in which they were; ``figures`` names the turn whose are drawn."""
    query = call.query
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
        held = Conversations(session, agent.organisation_id, agent.id)
        conversation = await held.known(call.path["conversation_id"])
        found, total = await executions.page(session, agent.id, _LIMIT, query.offset, conversation)
        names = await _names(call, session)
    chosen = next((one for one in found if one.id == query.figures), None)
    if chosen is not None:
        call.hold(ASK)
    drawn, problem = await figures(call, chosen) if chosen else ({}, "")
    if query.download is not None:
        return await charts.download(call, drawn.get(query.chart), query.download)
    api = link(f"/api/v1/agents/{agent.id}/executions", {"conversation_id": conversation.id})
    return await render(
        call,
        "agents/conversation.html",
        title="Conversation",
        crumbs=[
            ("Agents", "/agents"),
            (agent.name, f"/agents/{agent.id}"),
            ("Conversations", f"/agents/{agent.id}/conversations"),
        ],
        agent=agent,
        conversation=conversation,
        through=names.get(conversation.channel, _GONE),
        turns=[
            _turn(call, one, drawn if one is chosen else {}, problem if one is chosen else "") for one in found[::-1]
        ],
        paging=Paging(call.at, {}, total, _LIMIT, query.offset),
        curl=charts.curl(call, api),
    )


def _turn(call: Call[Looked, Any], execution: Execution, drawn: Mapping[str, Any], problem: str) -> Turn:
    cited = [msgspec.convert(one, Citation) for one in execution.citations]
    shown = link(call.at, {"offset": call.query.offset or None, "figures": execution.id})
    return Turn(
        execution,
        [(one, again(one)) for one in cited],
        f"{shown}#{execution.id}",
        [charts.chart(call, table, name) for name, table in drawn.items()],
        problem,
    )


async def _names(call: Call[Any, Any], session: AsyncSession) -> Mapping[str, str]:
    """What people call the channels."""
    found, _ = await Deployments(session, call.scope).page(MOST, 0)
    return {**_OWN, **{one.id: NAMES[one.platform] for one in found}}


_GONE: Final = "Ended deployment"

ENDPOINTS = [
    page(_ALL, listed, READ, "An agent's conversations", Through),
    page(_ONE, one, READ, "A conversation", Looked),
]
