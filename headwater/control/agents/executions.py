"""What agents were asked and what became of it: written once, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.agents.models import Conversation, Execution, ExecutionKind
from headwater.control.billing.credits import Charged
from headwater.control.db import surroundings
from headwater.kit.ids import new_id

_LONGEST_ERROR: Final = 1_000


class Asked(msgspec.Struct, frozen=True):
    """Who asked which agent what; ``user_id`` is None for people outside the company."""

    organisation_id: int
    agent_id: str
    kind: ExecutionKind
    model: str
    input: str
    user_id: int | None = None
    outlet_id: str | None = None
    execution_id: str = msgspec.field(default_factory=lambda: new_id("exec"))


class Answered(msgspec.Struct, frozen=True):
    """What was said; ``answered`` is false where it has no figures. ``tokens`` are the model's."""

    response: str
    answered: bool
    citations: Sequence[dict[str, str | int]]
    tokens: int
    milliseconds: int


def completed(
    session: AsyncSession, asked: Asked, answered: Answered, charged: Charged, conversation_id: str | None
) -> Execution:
    """Keep an answer, in the transaction in which it is paid for."""
    execution = _execution(session, asked, answered.milliseconds)
    execution.status = "completed"
    execution.conversation_id = conversation_id
    execution.response = answered.response
    execution.answered = answered.answered
    execution.citations = list(answered.citations)
    execution.tokens = answered.tokens
    execution.credits = charged.credits
    execution.cost_micros = charged.cost_micros
    session.add(execution)
    return execution


def failed(session: AsyncSession, asked: Asked, error: str, milliseconds: int) -> Execution:
    """Keep that nothing came of it; ``error`` is what the caller was told."""
    execution = _execution(session, asked, milliseconds)
    execution.status = "failed"
    execution.error = error[:_LONGEST_ERROR]
    session.add(execution)
    return execution


def _execution(session: AsyncSession, asked: Asked, milliseconds: int) -> Execution:
    return Execution(
        id=asked.execution_id,
        organisation_id=asked.organisation_id,
        agent_id=asked.agent_id,
        user_id=asked.user_id,
        outlet_id=asked.outlet_id,
        kind=asked.kind,
        model=asked.model,
        input=asked.input,
        response="",
        answered=False,
        citations=[],
        tokens=0,
        credits=0,
        cost_micros=0,
        milliseconds=milliseconds,
        created_at=surroundings(session).clock(),
    )


async def page(
    session: AsyncSession, agent_id: str, limit: int, offset: int, conversation: Conversation | None = None
) -> tuple[Sequence[Execution], int]:
    """Some of an agent's executions, newest first, and how many there are; whose the agent is was asked before."""
    of_it = Execution.agent_id == agent_id
    if conversation is not None:
        # By the time first, which the index has.
        since = Execution.created_at >= conversation.created_at
        of_it = and_(of_it, since, Execution.conversation_id == conversation.id)
    total = await session.scalar(select(func.count()).select_from(Execution).where(of_it))
    newest = select(Execution).where(of_it).order_by(Execution.created_at.desc(), Execution.id.desc())
    return (await session.scalars(newest.limit(limit).offset(offset))).all(), total or 0
