"""A control plane with a company, its agent, and who executes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from headwater.agent_runtime.executing import Executor
from headwater.control import Control, provide
from headwater.control.agents import executions
from headwater.control.agents.models import Agent, Execution
from headwater.control.agents.service import AgentFields, Agents
from headwater.control.billing.ledger import Ledger
from headwater.control.webhooks.models import WebhookEvent
from headwater.control.webhooks.service import Webhooks
from headwater.kit.clock import FixedClock
from headwater.scope import Scope
from headwater.settings import Settings
from tests.agents.scripted import Scripted
from tests.control.founding import CHEAP_HASHER, found
from tests.migrated import lay
from tests.serving import NOW
from tests.stores import every_rows

rows_in = every_rows


@dataclass
class Stage:
    """A company with an agent."""

    control: Control
    clock: FixedClock
    scope: Scope
    agent: Agent
    runner: Scripted
    executor: Executor

    async def standing(self) -> tuple[int, int]:
        """The balance, and what of it is held."""
        async with self.control.reading() as session:
            ledger = Ledger(session, self.scope.organisation_id)
            return (await ledger.standing()).balance, await ledger.held()

    async def executions(self) -> list[Execution]:
        """What is kept of the agent's work, newest first."""
        async with self.control.reading() as session:
            return list((await executions.page(session, self.agent.id, 100, 0))[0])

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What waits for webhooks."""
        async with self.control.reading() as session:
            events = await session.scalars(select(WebhookEvent).order_by(WebhookEvent.created_at, WebhookEvent.id))
            return [(one.type, json.loads(one.body)["data"]) for one in events]


@pytest.fixture
async def stage(tmp_path: Path, control_url: str) -> AsyncIterator[Stage]:
    clock = FixedClock(NOW)
    control = provide(Settings(data_dir=str(tmp_path), control_url=control_url), clock, CHEAP_HASHER)
    if not control_url:
        lay(tmp_path)
    await control.start()
    founded = await found(control, "nord")
    async with control.unit_of_work() as uow:
        events = ["agent.execute", "agent.chat", "deployment.message"]
        await Webhooks(uow.session, founded.scope).create("https://example.com/told", events)
        agent = await Agents(uow.session, founded.scope).create(AgentFields(name="Ana"))
    runner = Scripted()
    yield Stage(control, clock, founded.scope, agent, runner, Executor(control, runner, 5))
    await control.stop()
