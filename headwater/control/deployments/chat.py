"""Whether people outside a company may ask one of its agents."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.agents.models import Agent
from headwater.control.agents.service import no_agent
from headwater.control.deployments.models import Deployment


async def deployed(session: AsyncSession, agent_id: str) -> Agent:
    """The agent, if it is active and so is a deployment of it; ``NotFound`` for all others."""
    active = select(Deployment.id).where(Deployment.agent_id == Agent.id, Deployment.status == "active")
    query = select(Agent).where(Agent.id == agent_id, Agent.status == "active", active.exists())
    agent = await session.scalar(query)
    if agent is None:
        raise no_agent(agent_id)
    return agent
