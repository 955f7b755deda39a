"""The agents of the scope's organisation.

Whether the data sources that an agent names exist is asked where both are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.agents.configuration import DEFAULT_MODEL, configured
from headwater.control.agents.models import Agent, AgentStatus
from headwater.control.audit.service import Action, Audit
from headwater.control.db import surroundings
from headwater.control.rules import long_text, not_too_deep, text
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.scope import Scope

MOST: Final = 200
"""So many may one organisation have."""
MOST_SOURCES: Final = 20
LONGEST_NAME: Final = 255
LONGEST_TYPE: Final = 64
LONGEST_DESCRIPTION: Final = 2_000
LONGEST_INSTRUCTIONS: Final = 20_000
_LARGEST_UI_SETTINGS: Final = 20_000


class AgentFields(msgspec.Struct, frozen=True):
    """What an agent may be given; what is left out stays as it is, or is the default."""

    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    status: AgentStatus | UnsetType = UNSET
    data_sources: list[str] | UnsetType = UNSET
    ui_settings: dict[str, Any] | UnsetType = UNSET
    configuration: Mapping[str, Any] = {}


class Agents:
    """The agents of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope, ip: str | None = None) -> None:
        self._session = session
        self._scope = scope
        self._ip = ip

    async def page(self, status: AgentStatus | None, limit: int, offset: int) -> tuple[Sequence[Agent], int]:
        """Some of them, newest first, and how many there are."""
        own = select(Agent).where(Agent.organisation_id == self._scope.organisation_id)
        if status is not None:
            own = own.where(Agent.status == status)
        total = await self._session.scalar(select(func.count()).select_from(own.subquery()))
        rows = own.order_by(Agent.created_at.desc(), Agent.id.desc()).limit(limit).offset(offset)
        return (await self._session.scalars(rows)).all(), total or 0

    async def get(self, agent_id: str) -> Agent:
        """One; ``NotFound`` where the organisation has none of this id."""
        agent = await self._session.get(Agent, agent_id)
        if agent is None or agent.organisation_id != self._scope.organisation_id:
            raise no_agent(agent_id)
        return agent

    async def asking(self, source_id: str, *, default: bool = False) -> Sequence[Agent]:
        """Those that may ask a data source, by name; with ``default`` also those for which none was chosen."""
        found, _ = await self.page(None, MOST, 0)
        asking = [one for one in found if source_id in one.data_sources or (default and not one.data_sources)]
        return sorted(asking, key=lambda one: one.name)

    async def create(self, fields: AgentFields) -> Agent:
        """A new one; ``name`` is needed."""
        await self._hold_cap()
        now = surroundings(self._session).clock()
        agent = Agent(
            id=new_id("agent"),
            organisation_id=self._scope.organisation_id,
            type="custom",
            description="",
            instructions="",
            status="active",
            configuration={"model": DEFAULT_MODEL},
            data_sources=[],
            ui_settings={},
            created_at=now,
        )
        _apply(agent, fields)
        agent.updated_at = now
        self._session.add(agent)
        await self._session.flush()
        await self._record("agent_created", agent)
        return agent

    async def update(self, agent_id: str, fields: AgentFields) -> Agent:
        """Change what is given; the configuration is merged into what there is, a null takes a key out."""
        agent = await self.get(agent_id)
        _apply(agent, fields)
        agent.updated_at = surroundings(self._session).clock()
        await self._session.flush()
        await self._record("agent_changed", agent)
        return agent

    async def delete(self, agent_id: str) -> None:
        """Remove one with its executions, conversations and deployments; what was charged stays in the ledger."""
        agent = await self.get(agent_id)
        await self._record("agent_deleted", agent)
        await self._session.delete(agent)
        await self._session.flush()

    async def _hold_cap(self) -> None:
        own = select(func.count()).select_from(Agent).where(Agent.organisation_id == self._scope.organisation_id)
        if (await self._session.scalar(own) or 0) >= MOST:
            raise InvalidRequest(f"A company may have {MOST} agents. Delete one first.", field="name", allowed=MOST)

    async def _record(self, action: Action, agent: Agent) -> None:
        scope = self._scope
        await Audit.record(
            self._session, scope.organisation_id, scope.user_id, action, agent.id, self._ip, {"name": agent.name}
        )


def no_agent(agent_id: str) -> NotFound:
    """What is said of an agent that nobody has, or somebody else."""
    return NotFound(f"There is no agent '{agent_id[:64]}'.", field="agent_id")


def _apply(agent: Agent, fields: AgentFields) -> None:
    if fields.name is not UNSET:
        agent.name = text(fields.name, "name", longest=LONGEST_NAME)
    if fields.type is not UNSET:
        agent.type = text(fields.type, "type", longest=LONGEST_TYPE)
    if fields.description is not UNSET:
        agent.description = long_text(fields.description, "description", longest=LONGEST_DESCRIPTION)
    if fields.instructions is not UNSET:
        agent.instructions = long_text(fields.instructions, "instructions", longest=LONGEST_INSTRUCTIONS)
    if fields.status is not UNSET:
        agent.status = fields.status
    if fields.data_sources is not UNSET:
        agent.data_sources = _sources(fields.data_sources)
    if fields.ui_settings is not UNSET:
        agent.ui_settings = _ui_settings(fields.ui_settings)
    agent.configuration = configured(agent.configuration, fields.configuration)


def _sources(ids: list[str]) -> list[str]:
    if len(ids) > MOST_SOURCES or len(set(ids)) != len(ids):
        raise InvalidRequest(
            f"'data_sources' must name at most {MOST_SOURCES} data sources, each once.", field="data_sources"
        )
    return ids


def _ui_settings(settings: dict[str, Any]) -> dict[str, Any]:
    not_too_deep(settings, "ui_settings")
    if len(msgspec.json.encode(settings)) > _LARGEST_UI_SETTINGS:
        raise InvalidRequest(
            f"'ui_settings' must be at most {_LARGEST_UI_SETTINGS:,} bytes of JSON.", field="ui_settings"
        )
    return settings
