"""What became of each telling of the scope's webhooks, and telling again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Change, surroundings
from headwater.control.webhooks.events import EventType
from headwater.control.webhooks.models import Webhook, WebhookDelivery, WebhookEvent
from headwater.control.webhooks.outbox import enqueue, queue
from headwater.control.webhooks.service import Webhooks
from headwater.errors import Conflict, NotFound
from headwater.scope import Scope


class Logged(NamedTuple):
    """A delivery and the sort of event that it is of."""

    delivery: WebhookDelivery
    type: EventType


class Deliveries:
    """The deliveries of the webhooks of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def page(self, webhook_id: str, limit: int, offset: int) -> tuple[Sequence[Logged], int]:
        """A webhook's, newest first, and how many there are."""
        webhook = await self._webhook(webhook_id)
        own = WebhookDelivery.webhook_id == webhook.id
        total = await self._session.scalar(select(func.count()).select_from(WebhookDelivery).where(own)) or 0
        newest = _logged().where(own).order_by(WebhookDelivery.number.desc()).limit(limit).offset(offset)
        return [Logged(delivery, type_) for delivery, type_ in await self._session.execute(newest)], total

    async def test(self, webhook_id: str) -> Logged:
        """Tell a webhook, whatever it is for, that somebody wants to see whether it works."""
        webhook = await self._active(webhook_id)
        data = {"webhook_id": webhook.id, "message": "Somebody asked for a test of this webhook."}
        await queue(self._session, webhook.organisation_id, "webhook.test", [data], [webhook.id])
        (made, *_), _total = await self.page(webhook_id, 1, 0)
        return made

    async def redeliver(self, webhook_id: str, delivery_id: str) -> Logged:
        """Try one that waits at once; one that is over goes out again as a new delivery, behind what waits."""
        webhook = await self._active(webhook_id)
        delivery = (await self._get(webhook, delivery_id)).delivery
        if delivery.state == "pending":
            delivery.next_attempt_at = surroundings(self._session).clock()
            await self._session.flush()
            surroundings(self._session).announce(Change("webhooks", webhook.organisation_id))
            return await self._get(webhook, delivery_id)
        (again,) = await enqueue(self._session, webhook.organisation_id, [(webhook.id, delivery.event_id)])
        return await self._get(webhook, again)

    async def _webhook(self, webhook_id: str) -> Webhook:
        return await Webhooks(self._session, self._scope).get(webhook_id)

    async def _active(self, webhook_id: str) -> Webhook:
        webhook = await self._webhook(webhook_id)
        if webhook.status != "active":
            raise Conflict(
                "The webhook is disabled, so nothing is sent to it. Set its 'status' to 'active' first.",
                field="webhook_id",
            )
        return webhook

    async def _get(self, webhook: Webhook, delivery_id: str) -> Logged:
        own = (WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.id == delivery_id)
        row = (await self._session.execute(_logged().where(*own))).one_or_none()
        if row is None:
            raise NotFound(f"There is no delivery '{delivery_id[:64]}'.", field="delivery_id")
        delivery, type_ = row
        return Logged(delivery, type_)


def _logged() -> Select[WebhookDelivery, EventType]:
    return select(WebhookDelivery, WebhookEvent.type).join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
