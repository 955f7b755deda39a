"""Messages of platforms: taken in once, answered once, paid for once, and replied to.

Platforms that wait get the answer in theirs; the others are told that it came, and are sent a reply
beside it. What a crash or a failure leaves is gone on with by whoever looks next. A reply may
arrive twice only if the process dies between sending it and writing that down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from headwater.agent_runtime.executing import Executor, Order
from headwater.agent_runtime.orders import of_visitor
from headwater.agent_runtime.visitors import VisitorLimits
from headwater.control import Control
from headwater.control.access import visitor_scope
from headwater.control.agents.conversations import Conversations
from headwater.control.agents.models import Agent
from headwater.control.db import UnitOfWork
from headwater.control.deployments import inbox
from headwater.control.deployments.models import Deployment, InboundMessage
from headwater.control.deployments.service import whole
from headwater.control.webhooks.outbox import post_event
from headwater.control.work import Work
from headwater.errors import Conflict, HeadwaterError, PaymentRequired, RateLimitExceeded, UpstreamError
from headwater.kit.beside import Beside
from headwater.kit.clock import Clock
from headwater.outbound import Outbound
from headwater.platforms.port import Message, Outgoing, Platform

SORRY: Final = "I cannot answer at the moment. Please try again later."
_INSIDE: Final = "Something failed inside the server; it is logged under the deployment's id."
log = structlog.get_logger(__name__)


class Postbox:
    """The messages of one process."""

    def __init__(
        self,
        control: Control,
        executor: Executor,
        visitors: VisitorLimits,
        platforms: Mapping[str, Platform],
        outbound: Outbound,
        clock: Clock,
    ) -> None:
        self.platforms = platforms
        # Nobody waits any more for an answer that another request was to carry.
        self._sent_to = [one.name for one in platforms.values() if not one.inline]
        self._control = control
        self._executor = executor
        self._visitors = visitors
        self._outbound = outbound
        self._clock = clock
        self.beside = Beside()

    async def take_in(self, deployment_id: str, messages: Sequence[Message]) -> None:
        """Write messages down, and answer those that are new beside the caller, who need not wait."""
        async with self._control.unit_of_work() as uow:
            new = await inbox.take_in(uow.session, deployment_id, messages)
        for row_id in new:
            self.beside.begin(self.work(row_id))

    async def answer(self, deployment: Deployment, message: Message) -> str:
        """The answer to a platform that waits for it; the same one where the message comes again.

        Raises what ``Executor`` does; the message may then be sent again.
        """
        async with self._control.unit_of_work() as uow:
            await inbox.take_in(uow.session, deployment.id, [message])
            told = await inbox.told_before(uow.session, deployment.id, message.id)
            if told is not None and told.state == "sent":
                return told.reply or ""
            row = await inbox.claim(uow.session, told.id) if told is not None else None
            if row is None:
                raise Conflict("This message is being answered.", field="message_id", retry_after=1)
        try:
            await self._visitors.take_turn(f"{deployment.id}:{message.conversation}")
            reply = await self._answered(deployment, row, over=True)
        except HeadwaterError as error:
            await self._free(row.id, error)
            raise
        return reply

    async def is_due(self) -> bool:
        """Whether a message waits that nobody works on."""
        async with self._control.reading() as session:
            return bool(await inbox.due(session, self._sent_to, 1))

    async def work_through(self) -> None:
        """Go on with all that waits."""
        async with self._control.reading() as session:
            waiting = await inbox.due(session, self._sent_to)
        for row_id in waiting:
            await self.work(row_id)

    async def work(self, row_id: int) -> None:
        """Answer one message and send the reply, so far as that is not done."""
        async with self._control.unit_of_work() as uow:
            row = await inbox.claim(uow.session, row_id)
            deployment = await uow.session.get(Deployment, row.deployment_id) if row is not None else None
            config = whole(uow.session, deployment) if deployment is not None else {}
        if row is None or deployment is None:
            return
        platform = self.platforms[deployment.platform]
        try:
            reply = row.reply
            if row.state == "received":
                reply = await self._answered_or_sorry(deployment, row)
            await self._send(platform, config, row, (reply or "")[: platform.longest])
        except RateLimitExceeded as error:
            await self._end(row.id, error.message)
        except HeadwaterError as error:
            log.warning("deployment.message_put_off", deployment=deployment.id, reason=error.message)
            await self._put_off(row.id, error.message)
        except Exception:
            # One message that breaks something must neither hold up the others nor be tried for ever.
            log.exception("deployment.message_broke", deployment=deployment.id)
            await self._put_off(row.id, _INSIDE)
        else:
            await self._end(row.id, None)

    async def _answered_or_sorry(self, deployment: Deployment, row: InboundMessage) -> str:
        """An answer; where there are no credits, or each attempt failed, that there is none."""
        await self._visitors.take_turn(f"{deployment.id}:{row.conversation}")
        try:
            return await self._answered(deployment, row)
        except PaymentRequired:
            pass
        except Exception:
            if row.attempts < len(inbox.WAITS):
                raise
            log.exception("deployment.message_unanswered", deployment=deployment.id)
        async with self._control.unit_of_work() as uow:
            kept = await uow.session.get(InboundMessage, row.id)
            if kept is not None:
                inbox.answered(kept, SORRY)
        return SORRY

    async def _answered(self, deployment: Deployment, row: InboundMessage, *, over: bool = False) -> str:
        order = await self._order(deployment, row)
        hold = await self._executor.hold_for_visitor(order)
        async with Work(self._control) as work:
            done = await self._executor.execute(order, hold, work.begin)
            unit = await work.begin()
            kept = await unit.session.get(InboundMessage, row.id)
            if kept is not None:
                inbox.answered(kept, done.form.response)
                if over:
                    inbox.sent(kept)
            await self._tell(unit, deployment, done.execution.id)
        return done.form.response

    async def _order(self, deployment: Deployment, row: InboundMessage) -> Order:
        async with self._control.reading() as session:
            agent = await session.get(Agent, deployment.agent_id)
            if agent is None or agent.status != "active":
                raise Conflict("The agent of this deployment is not active.")
            scope = await visitor_scope(session, deployment.organisation_id)
            conversations = Conversations(session, deployment.organisation_id, agent.id)
            thread = await conversations.by_external(deployment.id, row.conversation)
        return of_visitor(agent, scope, thread, row.text, "message")

    async def _tell(self, unit: UnitOfWork, deployment: Deployment, execution_id: str) -> None:
        await post_event(
            unit.session,
            deployment.organisation_id,
            "deployment.message",
            {
                "deployment_id": deployment.id,
                "agent_id": deployment.agent_id,
                "platform": deployment.platform,
                "execution_id": execution_id,
            },
        )

    async def _send(self, platform: Platform, config: Mapping[str, Any], row: InboundMessage, text: str) -> None:
        request: Outgoing = platform.reply(config, row.address, text)
        answer = await self._outbound.send(
            request.method, request.url, headers=request.headers, content=request.content
        )
        if not 200 <= answer.status < 300:
            raise UpstreamError(f"{platform.name} answered {answer.status}.")
        if (refusal := platform.refusal(answer.body)) is not None:
            raise UpstreamError(f"{platform.name} did not take the reply: {refusal[:200]}.")

    async def _put_off(self, row_id: int, error: str) -> None:
        async with self._control.unit_of_work() as uow:
            kept = await uow.session.get(InboundMessage, row_id)
            if kept is not None:
                inbox.put_off(kept, error, self._clock())

    async def _free(self, row_id: int, error: HeadwaterError) -> None:
        """Let the message be sent again at once."""
        async with self._control.unit_of_work() as uow:
            kept = await uow.session.get(InboundMessage, row_id)
            if kept is not None:
                inbox.freed(kept, error.message)

    async def _end(self, row_id: int, error: str | None) -> None:
        async with self._control.unit_of_work() as uow:
            kept = await uow.session.get(InboundMessage, row_id)
            if kept is not None and error is None:
                inbox.sent(kept)
            elif kept is not None:
                inbox.failed(kept, error or "")
