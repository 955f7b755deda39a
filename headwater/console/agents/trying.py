"""An agent's page, on which it is asked: with its figures as a chart, and where each comes from."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.agent_runtime.orders import of_member
from headwater.agent_runtime.turn import Outcome
from headwater.console import charts
from headwater.console.agents.figures import again
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.tables import link
from headwater.control.agents.conversations import Thread
from headwater.control.agents.models import Agent
from headwater.control.agents.service import Agents
from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import ADMIN, ASK, READ, WRITE, Call, Reply
from headwater.tools.citation import BUILT_IN, Citation

_ONE: Final = "/agents/{agent_id}"
_OWN: Final = ("", "none", "same-origin")
"""Where a request comes from, as browsers say it (Fetch Metadata): from elsewhere than a page is "none"."""
_EXAMPLES: Final = (
    "Which creative had the best click rate last week, and how does that compare with the week before?",
    "Daily impressions in the last 30 days",
    "Top 5 creators by views last month",
    "Which offers never win?",
)


class Asked(charts.Downloads, frozen=True):
    """The question, so that an answer can be shared by its address."""

    q: Annotated[str, Meta(max_length=4000)] = ""


class Source(msgspec.Struct, frozen=True):
    """Where a figure comes from, and where the query can be run again."""

    citation: Citation
    path: str


async def agent(call: Call[Asked, bytes]) -> Reply:
    """The agent, and its answer where a question stands in the address: a try, which is free.

    A page of somebody else can fill in a question, but not have it asked in its reader's name.
    """
    async with call.services.control.reading() as session:
        found = await Agents(session, call.scope).get(call.path["agent_id"])
    question = call.query.q.strip()
    is_asked = bool(question) and call.headers.fetch_site in _OWN
    if is_asked:
        call.hold(ASK)
    outcome, problem = await _answer(call, found, question) if is_asked else (None, "")
    table = outcome.table if outcome else None
    if call.query.download is not None:
        return await charts.download(call, table, call.query.download)
    return await render(
        call,
        "agents/agent.html",
        title=found.name,
        crumbs=[("Agents", "/agents")],
        agent=found,
        question=question,
        outcome=outcome,
        problem=problem,
        sources=[Source(one, again(one)) for one in outcome.citations] if outcome else [],
        chart=charts.chart(call, table, "answer") if table is not None else None,
        examples=[(one, link(f"/agents/{found.id}", {"q": one})) for one in _EXAMPLES],
        curl=_curl(call, found, question or _EXAMPLES[0]),
        write=WRITE,
        admin=ADMIN,
        reads_measurements=not found.data_sources or BUILT_IN in found.data_sources,
    )


async def _answer(call: Call[Any, Any], found: Agent, question: str) -> tuple[Outcome | None, str]:
    """What it says, or why it cannot."""
    if found.status != "active":
        return None, "This agent is inactive, and answers nobody."
    order = of_member(found, call.scope, Thread("console"), question)
    try:
        outcome, _ = await call.services.agents.executor.preview(order)
    except HeadwaterError as error:
        return None, error.message
    return outcome, ""


def _curl(call: Call[Any, Any], found: Agent, question: str) -> str:
    body = msgspec.json.encode({"input": question}).decode()
    data = "-H 'Content-Type: application/json' -d " + charts.quoted(body)
    return charts.curl(call, f"/api/v1/agents/{found.id}/execute") + f" \\\n  {data}"


ENDPOINTS = [page(_ONE, agent, READ, "An agent", Asked)]
