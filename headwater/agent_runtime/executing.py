"""Runs an agent and is paid for it: credits are held, the question answered, and what was done charged and kept.

Nothing is charged for what failed, and nothing is done that cannot be paid for. While the
agent works no transaction is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Protocol

import msgspec
import structlog

from headwater.agent_runtime.forms import Form, formed
from headwater.agent_runtime.turn import Brief, Outcome, OutputFormat, Telling, Turn
from headwater.control import Control
from headwater.control.agents import executions
from headwater.control.agents.conversations import Conversations, Said, Thread
from headwater.control.agents.executions import Answered, Asked
from headwater.control.agents.models import Execution
from headwater.control.agents.service import Agents
from headwater.control.billing.credits import Work
from headwater.control.db import UnitOfWork
from headwater.control.webhooks.outbox import post_event
from headwater.errors import HeadwaterError, InternalError, PaymentRequired, Timeout
from headwater.kit import tracing
from headwater.kit.beside import Beside
from headwater.scope import Scope

log = structlog.get_logger(__name__)


class Runner(Protocol):
    """What answers a turn."""

    def most_tokens(self, brief: Brief, turn: Turn) -> int:
        """How many tokens it may take at most; raises ``InvalidRequest`` where no such model is set up."""

    async def run(self, brief: Brief, turn: Turn, scope: Scope, telling: Telling) -> Outcome:
        """The answer; ``telling`` is told its text piece by piece. Raises ``HeadwaterError``."""


class Order(msgspec.Struct, frozen=True):
    """An agent, what it is asked by whom, in which conversation, and how it is to answer."""

    brief: Brief
    asked: Asked
    scope: Scope
    thread: Thread
    form: OutputFormat = "text"

    @property
    def turn(self) -> Turn:
        """The question after what was said before."""
        return Turn(self.asked.input, self.thread.history)


class Done(msgspec.Struct, frozen=True):
    """An answer that was paid for and kept."""

    execution: Execution
    conversation_id: str
    outcome: Outcome
    form: Form


class Executor:
    """Executes orders; ``seconds`` is the longest that an agent may work."""

    def __init__(self, control: Control, runner: Runner, seconds: float) -> None:
        self._control = control
        self._runner = runner
        self._seconds = seconds
        self.beside = Beside()
        """Executions that go on whether or not somebody still listens."""

    async def hold(self, order: Order) -> str:
        """Set aside what the order costs at most; ``PaymentRequired`` before any work."""
        tokens = self._runner.most_tokens(order.brief, order.turn)
        work = Work("agent_execute", tokens, order.brief.agent_id, order.asked.execution_id)
        async with self._control.unit_of_work() as uow:
            return await self._control.credits.hold(uow.session, order.scope.organisation_id, work)

    async def hold_for_visitor(self, order: Order) -> str:
        """The same for somebody from outside, to whom what the company has left is no business."""
        try:
            return await self.hold(order)
        except PaymentRequired:
            raise PaymentRequired("This agent cannot answer at the moment.") from None

    async def execute(
        self, order: Order, hold: str, work: Callable[[], Awaitable[UnitOfWork]], telling: Telling = lambda *_: None
    ) -> Done:
        """Answer, then charge and keep it in the transaction that ``work`` begins; the hold ends either way."""
        began = perf_counter()
        try:
            outcome = await self._run(order, telling)
            form = formed(outcome, order.form)
        except BaseException as error:
            await asyncio.shield(self._give_up(order, hold, error, _milliseconds(began)))
            raise
        unit = await work()
        answered = Answered(form.response, outcome.answered, _plain(outcome), outcome.tokens, _milliseconds(began))
        return await self._keep(unit, order, hold, outcome, form, answered)

    async def preview(self, order: Order) -> tuple[Outcome, Form]:
        """Answer without being paid, and keep nothing."""
        self._runner.most_tokens(order.brief, order.turn)
        outcome = await self._run(order, lambda *_: None)
        return outcome, formed(outcome, order.form)

    async def _run(self, order: Order, telling: Telling) -> Outcome:
        asked = order.asked
        with tracing.span(
            "agent execution", agent=asked.agent_id, execution=asked.execution_id, execution_kind=asked.kind
        ) as span:
            # The question may have waited since it was asked.
            await self._control.shared.catch_up()
            outcome = await self._in_time(order, telling)
            span.set(agent_tokens=outcome.tokens)
        return outcome

    async def _in_time(self, order: Order, telling: Telling) -> Outcome:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._runner.run(order.brief, order.turn, order.scope, telling)
        except TimeoutError:
            raise Timeout(
                f"The agent took longer than {self._seconds:g} seconds and was stopped; nothing was charged."
            ) from None

    async def _keep(
        self, unit: UnitOfWork, order: Order, hold: str, outcome: Outcome, form: Form, answered: Answered
    ) -> Done:
        session, asked = unit.session, order.asked
        organisation = order.scope.organisation_id
        # It may have been deleted meanwhile; the hold then ends by itself.
        await Agents(session, order.scope).get(asked.agent_id)
        conversations = Conversations(session, organisation, asked.agent_id)
        query = outcome.citations[-1].query if outcome.citations else None
        turn = (Said("user", asked.input), Said("agent", outcome.text, query))
        conversation_id = await conversations.add(order.thread, turn)
        work = Work("agent_execute", outcome.tokens, asked.agent_id, asked.execution_id)
        charged = await self._control.credits.charge(session, organisation, work, hold)
        execution = executions.completed(session, asked, answered, charged, conversation_id)
        await post_event(
            session,
            organisation,
            "agent.execute" if asked.kind == "execute" else "agent.chat",
            {
                "agent_id": asked.agent_id,
                "execution_id": asked.execution_id,
                "conversation_id": conversation_id,
                "answered": outcome.answered,
                "tokens_used": outcome.tokens,
                "credits": charged.credits,
            },
        )
        await session.flush()
        return Done(execution, conversation_id, outcome, form)

    async def _give_up(self, order: Order, hold: str, error: BaseException, milliseconds: int) -> None:
        """Free the hold and keep that it failed, in the words that the caller gets."""
        words = error.message if isinstance(error, HeadwaterError) else _INSIDE.message
        try:
            async with self._control.unit_of_work() as uow:
                await self._control.credits.release(uow.session, order.scope.organisation_id, hold)
                executions.failed(uow.session, order.asked, words, milliseconds)
        except HeadwaterError as problem:
            # The hold ends by itself, and the caller is told of the first failure.
            log.warning("execution.failure_not_kept", execution=order.asked.execution_id, reason=problem.message)


_INSIDE = InternalError("Something failed inside the server, or the caller went away.")


def _plain(outcome: Outcome) -> list[dict[str, str | int]]:
    return [msgspec.to_builtins(citation) for citation in outcome.citations]


def _milliseconds(began: float) -> int:
    return round((perf_counter() - began) * 1000)
