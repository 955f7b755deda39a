"""A company's agents (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from headwater.control.agents import executions
from headwater.control.agents.conversations import Conversations
from headwater.control.agents.models import Agent, Execution
from headwater.control.agents.service import AgentFields, Agents
from headwater.control.billing.money import number
from headwater.errors import NotFound
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success
from headwater.surfaces.agents.agents_contract import (
    BODY_EXAMPLE,
    CONVERSATION_EXAMPLE,
    EXAMPLE,
    EXECUTION_EXAMPLE,
    LISTED_EXAMPLE,
    AgentBody,
    AgentPage,
    AgentPatch,
    AgentRow,
    AgentsQuery,
    ConversationPage,
    ConversationRow,
    ConversationsQuery,
    ExecutionPage,
    ExecutionRow,
    ExecutionsQuery,
    ListedAgent,
    OneAgent,
    OnePreview,
    PreviewRow,
)
from headwater.tools.citation import BUILT_IN

AGENTS: Final = "/api/v1/agents"
ONE: Final = f"{AGENTS}/{{agent_id}}"
TAG: Final = "Agents"
_OF_CONVERSATION: Final = ("channel", "opening", "turns", "created_at", "updated_at")
_MODEL_KEYS: Final = ("model", "temperature", "max_tokens")


async def list_agents(call: Call[AgentsQuery, bytes]) -> Reply:
    """Some agents, newest first."""
    query = call.query
    async with call.services.control.reading() as session:
        found, total = await Agents(session, call.scope).page(query.status, query.limit, query.offset)
    return Reply(AgentPage([_listed(one) for one in found], total, query.limit, query.offset))


async def get_agent(call: Call[Any, bytes]) -> Reply:
    """One agent."""
    return Reply(OneAgent(_row(await _found(call))))


async def create_agent(call: Call[Any, AgentBody]) -> Reply:
    """A new agent."""
    await _check_sources(call)
    return Reply(OneAgent(_row(await (await _changing(call)).create(_fields(call.body)))), 201)


async def update_agent(call: Call[Any, AgentPatch]) -> Reply:
    """Change what was sent."""
    await _check_sources(call)
    agents = await _changing(call)
    return Reply(OneAgent(_row(await agents.update(call.path["agent_id"], _fields(call.body)))))


async def delete_agent(call: Call[Any, bytes]) -> Reply:
    """Remove an agent."""
    await (await _changing(call)).delete(call.path["agent_id"])
    return Reply(Success(True, "Agent deleted"))


async def preview_agent(call: Call[Any, bytes]) -> Reply:
    """How an agent is set up and shown."""
    agent = await _found(call)
    shown = PreviewRow(agent_id=agent.id, name=agent.name, config=agent.configuration, ui_settings=agent.ui_settings)
    return Reply(OnePreview(shown))


async def list_executions(call: Call[ExecutionsQuery, bytes]) -> Reply:
    """What an agent was asked, newest first."""
    query = call.query
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
        conversation = None
        if query.conversation_id is not None:
            conversation = await Conversations(session, agent.organisation_id, agent.id).known(query.conversation_id)
        found, total = await executions.page(session, agent.id, query.limit, query.offset, conversation)
    return Reply(ExecutionPage([_execution(one) for one in found], total, query.limit, query.offset))


async def list_conversations(call: Call[ConversationsQuery, bytes]) -> Reply:
    """The conversations with an agent, those that were gone on with last first."""
    query = call.query
    async with call.services.control.reading() as session:
        agent = await Agents(session, call.scope).get(call.path["agent_id"])
        held = Conversations(session, agent.organisation_id, agent.id)
        found, total = await held.page(query.channel, query.limit, query.offset)
    rows = [
        ConversationRow(conversation_id=one.id, **{name: getattr(one, name) for name in _OF_CONVERSATION})
        for one in found
    ]
    return Reply(ConversationPage(rows, total, query.limit, query.offset))


async def _found(call: Call[Any, Any]) -> Agent:
    async with call.services.control.reading() as session:
        return await Agents(session, call.scope).get(call.path["agent_id"])


async def _changing(call: Call[Any, Any]) -> Agents:
    return Agents((await call.writing()).session, call.scope, call.client_ip)


async def _check_sources(call: Call[Any, Any]) -> None:
    if call.body.data_sources is not UNSET:
        await call.services.tools.data.hold_known(call.body.data_sources, call.scope)


def _fields(body: AgentBody) -> AgentFields:
    """The body with its three fields of the model where they are kept; a field wins over the same key of ``config``."""
    config = {} if body.config is UNSET else body.config
    own = {key: value for key in _MODEL_KEYS if (value := getattr(body, key)) is not UNSET}
    return AgentFields(
        body.name,
        body.type,
        body.description,
        body.instructions,
        body.status,
        body.data_sources,
        body.ui_settings,
        {**config, **own},
    )


def _listed(agent: Agent) -> ListedAgent:
    return ListedAgent(
        agent_id=agent.id, name=agent.name, type=agent.type, status=agent.status, created_at=agent.created_at
    )


def _row(agent: Agent) -> AgentRow:
    return AgentRow(
        agent_id=agent.id,
        name=agent.name,
        type=agent.type,
        status=agent.status,
        created_at=agent.created_at,
        description=agent.description,
        instructions=agent.instructions,
        configuration=agent.configuration,
        data_sources=agent.data_sources or [BUILT_IN],
        ui_settings=agent.ui_settings,
        updated_at=agent.updated_at,
    )


def _execution(execution: Execution) -> ExecutionRow:
    same = ("input", "response", "status", "answered", "citations", "kind", "model", "credits")
    more = ("conversation_id", "outlet_id", "error", "created_at")
    return ExecutionRow(
        execution_id=execution.id,
        tokens_used=execution.tokens,
        cost=number(execution.cost_micros),
        execution_time_ms=execution.milliseconds,
        **{name: getattr(execution, name) for name in (*same, *more)},
    )


ENDPOINTS = [
    Endpoint(
        "GET",
        AGENTS,
        list_agents,
        READ,
        "List agents",
        TAG,
        {
            200: Answers(
                "A page of agents.", AgentPage, {"agents": [LISTED_EXAMPLE], "total": 1, "limit": 20, "offset": 0}
            )
        },
        query=AgentsQuery,
    ),
    Endpoint(
        "POST",
        AGENTS,
        create_agent,
        WRITE,
        "Create an agent",
        TAG,
        {201: Answers("The agent.", OneAgent, {"agent": EXAMPLE})},
        description="A model that is not set up on this server can be named; executing the agent then answers 400.",
        body=AgentBody,
        body_example=BODY_EXAMPLE,
        errors=(NotFound,),
    ),
    Endpoint(
        "GET", ONE, get_agent, READ, "Get an agent", TAG, {200: Answers("The agent.", OneAgent, {"agent": EXAMPLE})}
    ),
    Endpoint(
        "PUT",
        ONE,
        update_agent,
        WRITE,
        "Change an agent",
        TAG,
        {200: Answers("The agent.", OneAgent, {"agent": EXAMPLE})},
        description="`config` is merged into `configuration`; a key that is null is taken out.",
        body=AgentPatch,
        body_example={"name": "Updated Sales Assistant", "description": "Updated description", "config": {}},
    ),
    Endpoint(
        "DELETE",
        ONE,
        delete_agent,
        WRITE,
        "Delete an agent",
        TAG,
        {200: Answers("It is gone.", Success, {"success": True, "message": "Agent deleted"})},
        description="Its executions, conversations and deployments go with it; what was charged stays in the usage.",
    ),
    Endpoint(
        "GET",
        f"{ONE}/preview",
        preview_agent,
        READ,
        "Get an agent's set-up",
        TAG,
        {
            200: Answers(
                "How it is set up and shown.",
                OnePreview,
                {
                    "agent": {
                        "agent_id": "agent_0AbC…",
                        "name": "Sales Assistant",
                        "config": {"model": "builtin/analyst"},
                        "ui_settings": {},
                    }
                },
            )
        },
    ),
    Endpoint(
        "GET",
        f"{ONE}/executions",
        list_executions,
        READ,
        "List an agent's executions",
        TAG,
        {
            200: Answers(
                "A page of executions, newest first.",
                ExecutionPage,
                {"executions": [EXECUTION_EXAMPLE], "total": 1, "limit": 20, "offset": 0},
            )
        },
        query=ExecutionsQuery,
    ),
    Endpoint(
        "GET",
        f"{ONE}/conversations",
        list_conversations,
        READ,
        "List an agent's conversations",
        TAG,
        {
            200: Answers(
                "A page of conversations, those that were gone on with last first.",
                ConversationPage,
                {"conversations": [CONVERSATION_EXAMPLE], "total": 1, "limit": 20, "offset": 0},
            )
        },
        description="What was said in one is in its executions: `GET …/executions?conversation_id=`.",
        query=ConversationsQuery,
    ),
]
