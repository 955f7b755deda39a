"""Webhooks become active and disabled, in the caller's unit of work; whom that concerns is told by who calls.

One that is disabled is sent nothing: what waited for it is given up, and what happens
from then on is not kept for it.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Change, surroundings
from headwater.control.webhooks.models import Reason, Webhook, WebhookDelivery

_GIVEN_UP = "The webhook was disabled before this was delivered."


async def disable(session: AsyncSession, webhook: Webhook, reason: Reason) -> None:
    """Send nothing more to a webhook."""
    now = surroundings(session).clock()
    webhook.status, webhook.disabled_reason, webhook.disabled_at = "disabled", reason, now
    waiting = (WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "pending")
    given_up = {"state": "failed", "finished_at": now, "next_attempt_at": None, "error": _GIVEN_UP}
    await session.execute(update(WebhookDelivery).where(*waiting).values(given_up))
    await session.flush()


async def enable(session: AsyncSession, webhook: Webhook) -> None:
    """Send to a webhook again, as if it had never failed."""
    webhook.status, webhook.disabled_reason, webhook.disabled_at = "active", None, None
    await hurry(session, webhook)


async def hurry(session: AsyncSession, webhook: Webhook) -> None:
    """Forget that a webhook failed, and try at once what waits for its next attempt."""
    webhook.failing_since = None
    now = surroundings(session).clock()
    waiting = (WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "pending")
    await session.execute(update(WebhookDelivery).where(*waiting).values(next_attempt_at=now))
    await session.flush()
    surroundings(session).announce(Change("webhooks", webhook.organisation_id))
