"""Asking agents: executions that are charged, tries that are not, and the chat of deployed ones."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.agent_runtime.executing import Done, Order
from headwater.agent_runtime.forms import Form
from headwater.agent_runtime.orders import of_member, of_visitor
from headwater.agent_runtime.turn import Outcome
from headwater.control.access import visitor_scope
from headwater.control.agents.conversations import Conversations, Thread
from headwater.control.agents.models import Agent
from headwater.control.agents.service import Agents
from headwater.control.deployments.chat import deployed
from headwater.control.outlets.service import Outlets
from headwater.errors import (
    Conflict,
    HeadwaterError,
    InvalidRequest,
    PaymentRequired,
    RateLimitExceeded,
    Timeout,
    UpstreamError,
)
from headwater.surfaces._http.endpoint import ASK, PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces.agents.agents import ONE, TAG
from headwater.surfaces.agents.agents_contract import (
    CITATION_EXAMPLE,
    EXECUTED_EXAMPLE,
    ChatBody,
    Chatted,
    ExecuteBody,
    Executed,
    TestBody,
    Tested,
)
from headwater.surfaces.agents.streaming import MEDIA_TYPE, events

_API: Final = "api"
_CHAT: Final = "chat"


async def execute(call: Call[Any, ExecuteBody]) -> Reply:
    """Ask an agent, for credits."""
    order = await _order(call)
    executor = call.services.agents.executor
    if call.body.stream:
        _hold_no_key(call)
        hold = await executor.hold(order)
        return Reply(stream=events(call.services, order, hold, executed), media_type=MEDIA_TYPE)
    hold = await executor.hold(order)
    return Reply(executed(await executor.execute(order, hold, call.writing)))


async def test(call: Call[Any, TestBody]) -> Reply:
    """Ask an agent without being charged; nothing is kept."""
    async with call.services.control.reading() as session:
        agent = _active(await Agents(session, call.scope).get(call.path["agent_id"]))
    order = of_member(agent, call.scope, Thread(_API), call.body.input, form=call.body.output_format)
    outcome, form = await call.services.agents.executor.preview(order)
    return Reply(Tested(response=form.response, preview=True, **_figures(outcome, form)))


async def chat(call: Call[Any, ChatBody]) -> Reply:
    """Ask a deployed agent, from outside."""
    body = call.body
    await call.services.agents.visitors.take(call.client_ip, body.conversation_id)
    async with call.services.control.reading() as session:
        agent = await deployed(session, call.path["agent_id"])
        scope = await visitor_scope(session, agent.organisation_id)
        thread = await _thread(session, agent, body.conversation_id, _CHAT)
    order = of_visitor(agent, scope, thread, body.message, "chat")
    executor = call.services.agents.executor
    hold = await executor.hold_for_visitor(order)
    done = await executor.execute(order, hold, call.writing)
    citations = list(done.outcome.citations)
    return Reply(Chatted(done.form.response, done.conversation_id, done.outcome.answered, citations))


def executed(done: Done) -> Executed:
    """An execution as answered."""
    execution = done.execution
    return Executed(
        response=done.form.response,
        execution_id=execution.id,
        conversation_id=done.conversation_id,
        tokens_used=execution.tokens,
        data_sources_queried=list(done.outcome.sources),
        execution_time_ms=execution.milliseconds,
        **_figures(done.outcome, done.form),
    )


async def _order(call: Call[Any, ExecuteBody]) -> Order:
    body = call.body
    async with call.services.control.reading() as session:
        agent = _active(await Agents(session, call.scope).get(call.path["agent_id"]))
        if body.outlet_id is not None:
            await Outlets(session, call.scope).get(body.outlet_id)
        thread = await _thread(session, agent, body.conversation_id, _API)
    return of_member(
        agent,
        call.scope,
        thread,
        body.input,
        model=body.model,
        outlet_id=body.outlet_id,
        form=body.output_format,
    )


async def _thread(session: AsyncSession, agent: Agent, conversation_id: str | None, channel: str) -> Thread:
    if conversation_id is None:
        return Thread(channel)
    return await Conversations(session, agent.organisation_id, agent.id).by_id(conversation_id, channel)


def _active(agent: Agent) -> Agent:
    if agent.status != "active":
        raise Conflict("This agent is inactive. Set its 'status' to 'active' to ask it.", field="status")
    return agent


def _figures(outcome: Outcome, form: Form) -> dict[str, Any]:
    return {
        "answered": outcome.answered,
        "citations": list(outcome.citations),
        "data": UNSET if form.data is None else form.data,
        "chart": UNSET if form.chart is None else form.chart,
    }


def _hold_no_key(call: Call[Any, Any]) -> None:
    if call.headers.idempotency_key is not None:
        raise InvalidRequest(
            "A streamed answer is not kept under an Idempotency-Key. Leave the header or 'stream' out.",
            field="stream",
            allowed=False,
        )


_ERRORS: tuple[type[HeadwaterError], ...] = (PaymentRequired, Conflict, UpstreamError, Timeout)

ENDPOINTS = [
    Endpoint(
        "POST",
        f"{ONE}/execute",
        execute,
        ASK,
        "Ask an agent",
        TAG,
        {200: Answers("The answer.", Executed, EXECUTED_EXAMPLE, media_types=("application/json", MEDIA_TYPE))},
        description="Costs credits: one answers 402 before any work where there are too few, and nothing is charged"
        " for what fails. Every number of the answer comes with the query that gave it; run it again with"
        " `POST /api/v1/data-sources/query`. With `stream` the answer comes as server-sent events: `start` with the"
        " `execution_id`, `tool` with the `name` of a tool that is asked, `delta` with a piece of `text`, then `done`"
        " with this body, or `error`.",
        body=ExecuteBody,
        body_example={"input": "How many link clicks last week?", "output_format": "json"},
        errors=_ERRORS,
    ),
    Endpoint(
        "POST",
        f"{ONE}/preview/test",
        test,
        ASK,
        "Try an agent",
        TAG,
        {
            200: Answers(
                "The answer, which is neither charged nor kept.",
                Tested,
                {
                    "response": "Link clicks were 1,204 from 6 to 12 January 2025 (UTC).",
                    "preview": True,
                    "answered": True,
                    "citations": [CITATION_EXAMPLE],
                },
            )
        },
        body=TestBody,
        body_example={"input": "How many link clicks last week?"},
        errors=(Conflict, UpstreamError, Timeout),
    ),
    Endpoint(
        "POST",
        f"{ONE}/chat",
        chat,
        PUBLIC,
        "Chat with a deployed agent",
        TAG,
        {
            200: Answers(
                "What it says.",
                Chatted,
                {
                    "response": "Link clicks were 1,204 from 6 to 12 January 2025 (UTC).",
                    "conversation_id": "conv_0AbC…",
                    "answered": True,
                    "citations": [CITATION_EXAMPLE],
                },
            )
        },
        description="Needs no credential: whoever knows the id of an agent with an active deployment may ask it, and it"
        " reads all that its data sources hold. The company pays; addresses and conversations are limited.",
        body=ChatBody,
        body_example={"message": "Hello"},
        errors=(PaymentRequired, RateLimitExceeded, UpstreamError, Timeout),
    ),
]
