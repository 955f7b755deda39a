"""What is sent and answered about agents (contract: agents-and-accounts)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.agent_runtime.forms import Plain
from headwater.agent_runtime.turn import OutputFormat
from headwater.control.agents.configuration import DEFAULT_MODEL, HOTTEST, LONGEST_MODEL, MOST_TOKENS
from headwater.control.agents.models import AgentStatus, ExecutionKind, ExecutionStatus
from headwater.control.agents.service import (
    LONGEST_DESCRIPTION,
    LONGEST_INSTRUCTIONS,
    LONGEST_NAME,
    LONGEST_TYPE,
    MOST_SOURCES,
)
from headwater.tools.citation import BUILT_IN, Citation

LONGEST_QUESTION: Final = 4_000

_Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, description="What people call it.")]
_Type = Annotated[
    str, Meta(min_length=1, max_length=LONGEST_TYPE, description="What it is for: `sales`, `data_analysis`, any text.")
]
_Description = Annotated[str, Meta(max_length=LONGEST_DESCRIPTION, description="For people; no model reads it.")]
_Instructions = Annotated[str, Meta(max_length=LONGEST_INSTRUCTIONS, description="What a model is told to heed.")]
_Model = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_MODEL,
        description=f"`{DEFAULT_MODEL}` needs no key and no network; others are `provider/model`.",
    ),
]
_Temperature = Annotated[float, Meta(ge=0, le=HOTTEST, description="How freely a model words its answers.")]
_MaxTokens = Annotated[int, Meta(ge=1, le=MOST_TOKENS, description="Tokens that a model may write for one answer.")]
_Sources = Annotated[
    list[str],
    Meta(max_length=MOST_SOURCES, description=f"Data sources that it may ask; none is `{BUILT_IN}`, the measurements."),
]
_Config = Annotated[
    dict[str, Any],
    Meta(description="`model`, `temperature`, `max_tokens` and other keys, merged into the configuration."),
]
_UiSettings = Annotated[dict[str, Any], Meta(description="How it is shown, such as the title of a chat window.")]
_Input = Annotated[str, Meta(min_length=1, max_length=LONGEST_QUESTION, description="The question.")]
_ConversationId = Annotated[
    str, Meta(min_length=1, max_length=64, description="A conversation to go on with; without, one begins.")
]
_Format = Annotated[
    OutputFormat,
    Meta(
        description="`text`: a sentence. `json`: also `data`, the rows. `markdown`, `csv`: the rows within `response`."
        " `chart`: also `chart`, a Vega-Lite specification."
    ),
]


class AgentBody(msgspec.Struct, frozen=True):
    """An agent to be made."""

    name: _Name
    type: _Type | UnsetType = UNSET
    description: _Description | UnsetType = UNSET
    model: _Model | UnsetType = UNSET
    temperature: _Temperature | UnsetType | None = UNSET
    max_tokens: _MaxTokens | UnsetType | None = UNSET
    instructions: _Instructions | UnsetType = UNSET
    data_sources: _Sources | UnsetType = UNSET
    status: AgentStatus | UnsetType = UNSET
    ui_settings: _UiSettings | UnsetType = UNSET
    config: _Config | UnsetType = UNSET


class AgentPatch(AgentBody, frozen=True):
    """What is to be changed; what is left out stays."""

    name: _Name | UnsetType = UNSET  # type: ignore[assignment]


class AgentsQuery(msgspec.Struct, frozen=True):
    """Which agents."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Agents on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Agents to skip.")] = 0
    status: AgentStatus | None = None


class ListedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent in a list."""

    agent_id: str
    name: str
    type: str
    status: AgentStatus
    created_at: datetime


class AgentRow(ListedAgent, frozen=True, kw_only=True):
    """An agent."""

    description: str
    instructions: str
    configuration: dict[str, Any]
    data_sources: list[str]
    ui_settings: dict[str, Any]
    updated_at: datetime


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as who tries it needs it."""

    agent_id: str
    name: str
    config: dict[str, Any]
    ui_settings: dict[str, Any]


class AgentPage(msgspec.Struct, frozen=True):
    """A page of agents, newest first."""

    agents: list[ListedAgent]
    total: int
    limit: int
    offset: int


class OneAgent(msgspec.Struct, frozen=True):
    """An agent."""

    agent: AgentRow


class OnePreview(msgspec.Struct, frozen=True):
    """An agent's configuration and how it is shown."""

    agent: PreviewRow


class ExecuteBody(msgspec.Struct, frozen=True):
    """A question to an agent."""

    input: _Input
    model: Annotated[_Model | None, Meta(description="Another model than the agent's, this once.")] = None
    output_format: _Format = "text"
    outlet_id: Annotated[str, Meta(min_length=1, max_length=64, description="The outlet that asks.")] | None = None
    conversation_id: _ConversationId | None = None
    stream: Annotated[bool, Meta(description="Answer as `text/event-stream`, piece by piece.")] = False


class Figures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer rests on; `data` and `chart` only where the format has them."""

    answered: bool
    citations: list[Citation]
    data: list[dict[str, Plain]] | UnsetType = UNSET
    chart: dict[str, Any] | UnsetType = UNSET


class Executed(Figures, frozen=True, kw_only=True):
    """An answer; `answered` is false where the question could not be mapped: then it has no figures."""

    response: str
    execution_id: str
    conversation_id: str
    tokens_used: int
    data_sources_queried: list[str]
    execution_time_ms: int


class TestBody(msgspec.Struct, frozen=True):
    """A question that is not charged."""

    __test__ = False

    input: _Input
    output_format: _Format = "text"


class Tested(Figures, frozen=True, kw_only=True):
    """An answer that was not charged."""

    response: str
    preview: bool


class ExecutionsQuery(msgspec.Struct, frozen=True):
    """Which executions."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Executions on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Executions to skip.")] = 0
    conversation_id: Annotated[str, Meta(max_length=64, description="Only those of a conversation.")] | None = None


class ConversationsQuery(msgspec.Struct, frozen=True):
    """Which conversations."""

    channel: (
        Annotated[str, Meta(max_length=64, description="Only those through `api`, `chat` or a deployment.")] | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Conversations on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Conversations to skip.")] = 0


class ConversationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: through what it is held, its first question that is kept, and how many there are."""

    conversation_id: str
    channel: Annotated[str, Meta(description="`api`, `chat`, or the id of a deployment.")]
    opening: str
    turns: int
    created_at: datetime
    updated_at: datetime


class ConversationPage(msgspec.Struct, frozen=True):
    """A page of conversations, those that were gone on with last first."""

    conversations: list[ConversationRow]
    total: int
    limit: int
    offset: int


class ExecutionRow(msgspec.Struct, frozen=True, kw_only=True):
    """An execution; `cost` is in the server's currency, `error` what the caller was told of one that failed."""

    execution_id: str
    input: str
    response: str
    status: ExecutionStatus
    answered: bool
    citations: list[dict[str, Any]]
    kind: ExecutionKind
    model: str
    tokens_used: int
    credits: int
    cost: float
    execution_time_ms: int
    conversation_id: str | None
    outlet_id: str | None
    error: str | None
    created_at: datetime


class ExecutionPage(msgspec.Struct, frozen=True):
    """A page of executions, newest first."""

    executions: list[ExecutionRow]
    total: int
    limit: int
    offset: int


class ChatBody(msgspec.Struct, frozen=True):
    """A message to a deployed agent."""

    message: _Input
    conversation_id: _ConversationId | None = None


class Chatted(msgspec.Struct, frozen=True):
    """What a deployed agent says; `answered` and `citations` as of an execution."""

    response: str
    conversation_id: str
    answered: bool
    citations: list[Citation]


BODY_EXAMPLE: Final = {
    "name": "Sales Assistant",
    "type": "sales",
    "description": "Helps with sales inquiries",
    "model": "builtin/analyst",
    "temperature": 0.7,
    "max_tokens": 1000,
}
LISTED_EXAMPLE: Final = {
    "agent_id": "agent_0AbC…",
    "name": "Sales Assistant",
    "type": "sales",
    "status": "active",
    "created_at": "2025-01-15T10:00:00Z",
}
EXAMPLE: Final = {
    **LISTED_EXAMPLE,
    "description": "Helps with sales inquiries",
    "instructions": "",
    "configuration": {"model": "builtin/analyst", "temperature": 0.7, "max_tokens": 1000},
    "data_sources": ["ds_headwater"],
    "ui_settings": {},
    "updated_at": "2025-01-15T10:00:00Z",
}
CITATION_EXAMPLE: Final = {
    "query": '{"metrics":["link_clicks"],"period":{"from":"2025-01-06","to":"2025-01-12"}}',
    "data_source": "ds_headwater",
    "rows": 1,
}
EXECUTED_EXAMPLE: Final = {
    "response": "Link clicks were 1,204 from 6 to 12 January 2025 (UTC).",
    "execution_id": "exec_0AbC…",
    "conversation_id": "conv_0AbC…",
    "tokens_used": 0,
    "data_sources_queried": ["ds_headwater"],
    "execution_time_ms": 12,
    "answered": True,
    "citations": [CITATION_EXAMPLE],
}
CONVERSATION_EXAMPLE: Final = {
    "conversation_id": "conv_0AbC…",
    "channel": "api",
    "opening": "How many link clicks last week?",
    "turns": 3,
    "created_at": "2025-01-15T10:00:00Z",
    "updated_at": "2025-01-15T10:05:00Z",
}
EXECUTION_EXAMPLE: Final = {
    "execution_id": "exec_0AbC…",
    "input": "How many link clicks last week?",
    "response": "Link clicks were 1,204 from 6 to 12 January 2025 (UTC).",
    "status": "completed",
    "answered": True,
    "citations": [CITATION_EXAMPLE],
    "kind": "execute",
    "model": "builtin/analyst",
    "tokens_used": 0,
    "credits": 1,
    "cost": 0.01,
    "execution_time_ms": 12,
    "conversation_id": "conv_0AbC…",
    "outlet_id": None,
    "error": None,
    "created_at": "2025-01-15T10:00:00Z",
}
