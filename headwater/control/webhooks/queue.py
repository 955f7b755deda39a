"""What waits to be sent, as those who send see it: found, claimed by one process, and written down.

A claim is on the webhook, not on the delivery: so one process sends to it, one delivery
after the other in their order. It holds for a while from the last thing that was written
down; of a process that died, another takes over what it had begun, and the receiver may
hear the same twice. Sends nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from headwater.control.audit.service import Audit
from headwater.control.db import UnitOfWork, surroundings
from headwater.control.rules import one_line
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.control.webhooks.models import (
    LONGEST_ERROR,
    LONGEST_EXCERPT,
    Reason,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from headwater.control.webhooks.outbox import post_event
from headwater.control.webhooks.retries import is_given_up, is_hopeless, pause
from headwater.control.webhooks.secrets import signing
from headwater.control.webhooks.status import disable
from headwater.mail import Mailer
from headwater.scope import Role

CLAIM: Final = timedelta(seconds=30)
"""Longer than an attempt may take."""
_GONE: Final = 410

Result = Literal["delivered", "retried", "given_up"]


@dataclass(frozen=True)
class Outgoing:
    """One delivery to be sent; ``secrets`` sign it, and are empty where they cannot be read."""

    number: int
    webhook_id: str
    event_id: str
    url: str = field(repr=False)
    body: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the status where there was an answer, else what went wrong in words."""

    status: int | None
    error: str | None
    excerpt: str
    took: timedelta
    retry_after: timedelta | None = None

    @property
    def ok(self) -> bool:
        """Whether the receiver has it."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Settled(NamedTuple):
    """What a delivery came to; None where it is gone. And what is to be sent next under the same claim."""

    result: Result | None
    next: Outgoing | None


class DeliveryQueue:
    """The deliveries of all organisations that wait."""

    def __init__(self, letters: Letters, mailer: Mailer, chance: Callable[[], float]) -> None:
        self._letters = letters
        self._mailer = mailer
        self._chance = chance
        self._listeners: list[Callable[[], None]] = []

    def on_waiting(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever this process has committed something that can be sent."""
        self._listeners.append(listener)

    def waiting(self) -> None:
        """Tell the listeners."""
        for listener in self._listeners:
            listener()

    async def due(self, session: AsyncSession, most: int) -> Sequence[str]:
        """Webhooks that can be sent to now and are not claimed, who has waited longest first."""
        now = surroundings(session).clock()
        # The first of each is sought by index, so that what waits behind it costs nothing.
        waiting = aliased(WebhookDelivery)
        first = select(func.min(waiting.number)).where(waiting.state == "pending", waiting.webhook_id == Webhook.id)
        found = select(Webhook.id).join(WebhookDelivery, WebhookDelivery.number == first.scalar_subquery())
        found = found.where(
            WebhookDelivery.next_attempt_at <= now,
            Webhook.status == "active",
            or_(Webhook.claimed_until.is_(None), Webhook.claimed_until <= now),
        )
        return (await session.scalars(found.order_by(WebhookDelivery.next_attempt_at).limit(most))).all()

    async def claim(self, uow: UnitOfWork, webhooks: Sequence[str], holder: str) -> list[Outgoing]:
        """Take those of these webhooks that are still free, and the first delivery of each."""
        now = surroundings(uow.session).clock()
        taken: list[Outgoing] = []
        for webhook_id in webhooks:
            webhook = await uow.session.get(Webhook, webhook_id, with_for_update=True)
            if webhook is None or (webhook.claimed_until is not None and webhook.claimed_until > now):
                continue
            outgoing = await _first(uow.session, webhook)
            if outgoing is not None:
                webhook.holder, webhook.claimed_until = holder, now + CLAIM
                taken.append(outgoing)
        await uow.session.flush()
        return taken

    async def settle(
        self, uow: UnitOfWork, outgoing: Outgoing, outcome: Outcome, holder: str, *, go_on: bool
    ) -> Settled:
        """Write down what came of an attempt; keep the claim for the next delivery, or let go of it."""
        session, now = uow.session, surroundings(uow.session).clock()
        webhook = await session.get(Webhook, outgoing.webhook_id, with_for_update=True)
        delivery = await session.get(WebhookDelivery, outgoing.number)
        # Deleted meanwhile, or taken over by another, who will see for themselves.
        if webhook is None or delivery is None or webhook.holder != holder:
            return Settled(None, None)
        _note(delivery, outcome, now)
        result = await self._judge(uow, webhook, delivery, outcome)
        following = await _first(session, webhook) if go_on else None
        if following is not None:
            webhook.claimed_until = now + CLAIM
        else:
            webhook.holder, webhook.claimed_until = None, None
        await session.flush()
        return Settled(result, following)

    async def release(self, uow: UnitOfWork, holder: str) -> None:
        """Let go of everything that a process has claimed, so that others need not wait until that is over."""
        mine = update(Webhook).where(Webhook.holder == holder)
        await uow.session.execute(mine.values(holder=None, claimed_until=None))

    async def count(self, session: AsyncSession) -> int:
        """How many deliveries wait."""
        pending = WebhookDelivery.state == "pending"
        return await session.scalar(select(func.count()).select_from(WebhookDelivery).where(pending)) or 0

    async def _judge(self, uow: UnitOfWork, webhook: Webhook, delivery: WebhookDelivery, outcome: Outcome) -> Result:
        now = surroundings(uow.session).clock()
        if outcome.ok:
            webhook.failing_since = None
            _end(delivery, "delivered", now)
            return "delivered"
        webhook.failing_since = webhook.failing_since or now
        again = now + pause(delivery.attempts, self._chance(), outcome.retry_after)
        hopeless: Reason | None = (
            "gone" if outcome.status == _GONE else "failing" if is_hopeless(webhook.failing_since, now) else None
        )
        # Somebody may have disabled it while this was under way, which gave up what waited.
        if delivery.state != "pending" or hopeless or is_given_up(delivery.first_attempt_at or now, again):
            _end(delivery, "failed", now)
            if hopeless and webhook.status == "active":
                await self._disable(uow, webhook, hopeless)
            return "given_up"
        delivery.next_attempt_at = again
        return "retried"

    async def _disable(self, uow: UnitOfWork, webhook: Webhook, reason: Reason) -> None:
        """Disable a webhook, and have those told who can mend it."""
        session, organisation_id = uow.session, webhook.organisation_id
        await session.flush()
        await disable(session, webhook, reason)
        await Audit.record(
            session, organisation_id, None, "webhook_disabled", target=webhook.id, details={"reason": reason}
        )
        await post_event(session, organisation_id, "webhook.disabled", {"webhook_id": webhook.id, "reason": reason})
        for email in await _admins(session, webhook):
            uow.after_commit(partial(self._mailer.post, self._letters.webhook_disabled(email, webhook.id, reason)))


async def _first(session: AsyncSession, webhook: Webhook) -> Outgoing | None:
    """The webhook's first delivery that waits, if it can be sent now."""
    waiting = (WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "pending")
    query = select(WebhookDelivery, WebhookEvent.body).join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
    row = (await session.execute(query.where(*waiting).order_by(WebhookDelivery.number).limit(1))).one_or_none()
    if row is None or webhook.status != "active":
        return None
    delivery, body = row
    if delivery.next_attempt_at is None or delivery.next_attempt_at > surroundings(session).clock():
        return None
    secrets = signing(session, webhook)
    return Outgoing(delivery.number, webhook.id, delivery.event_id, webhook.url, body, secrets)


def _note(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> None:
    delivery.attempts += 1
    delivery.first_attempt_at = delivery.first_attempt_at or now
    delivery.last_attempt_at = now
    delivery.response_status = outcome.status
    delivery.response_excerpt = one_line(outcome.excerpt, LONGEST_EXCERPT) or None
    delivery.error = one_line(outcome.error, LONGEST_ERROR) if outcome.error else None
    delivery.duration_ms = round(outcome.took / timedelta(milliseconds=1))


def _end(delivery: WebhookDelivery, state: Literal["delivered", "failed"], now: datetime) -> None:
    delivery.state, delivery.finished_at, delivery.next_attempt_at = state, now, None


async def _admins(session: AsyncSession, webhook: Webhook) -> Sequence[str]:
    """The proven addresses of those who manage the organisation's webhooks."""
    ruling = [role.name for role in Role if role >= Role.admin]
    own = (User.organisation_id == webhook.organisation_id, User.role.in_(ruling), User.is_verified)
    return (await session.scalars(select(User.email).where(*own).order_by(User.id))).all()
