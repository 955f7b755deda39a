"""How long the log of deliveries is kept. What still waits is not forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.webhooks.models import WebhookDelivery, WebhookEvent

KEPT_FOR: Final = timedelta(days=30)


async def forget_old_deliveries(session: AsyncSession, now: datetime) -> None:
    """Remove deliveries that were over by then, and events that no delivery is of any more."""
    before = now - KEPT_FOR
    await session.execute(delete(WebhookDelivery).where(WebhookDelivery.finished_at <= before))
    told = exists().where(WebhookDelivery.event_id == WebhookEvent.id)
    await session.execute(delete(WebhookEvent).where(WebhookEvent.created_at <= before, ~told))
