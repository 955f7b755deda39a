"""The outbox: what happened is written in the transaction of what it reports, and sent once that is committed.

    await post_event(uow.session, organisation_id, "credits.low", {"balance": 90, "total": 1000})

What is rolled back is never told; what is committed is, also after a crash. Where no
active webhook is for it, one small query is all that it costs. Sends nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Change, surroundings
from headwater.control.webhooks.events import JSON, EventType
from headwater.control.webhooks.models import Webhook, WebhookDelivery, WebhookEvent
from headwater.kit.ids import new_id


class _Body(msgspec.Struct, frozen=True):
    """What is sent."""

    type: EventType
    timestamp: datetime
    data: Mapping[str, JSON]


async def post_event(session: AsyncSession, organisation_id: int, type_: EventType, data: Mapping[str, JSON]) -> None:
    """Tell an organisation's webhooks that something happened, in the caller's unit of work."""
    await post_events(session, organisation_id, type_, [data])


async def post_events(
    session: AsyncSession, organisation_id: int, type_: EventType, several: Iterable[Mapping[str, JSON]]
) -> None:
    """The same of several things of one sort, in their order."""
    webhooks = await subscribers(session, organisation_id, type_)
    if webhooks:
        await queue(session, organisation_id, type_, several, webhooks)


async def subscribers(session: AsyncSession, organisation_id: int, type_: EventType) -> list[str]:
    """The ids of an organisation's active webhooks that are for it."""
    active = (Webhook.organisation_id == organisation_id, Webhook.status == "active")
    rows = await session.execute(select(Webhook.id, Webhook.events).where(*active).order_by(Webhook.id))
    return [webhook_id for webhook_id, events in rows if type_ in events]


async def queue(
    session: AsyncSession,
    organisation_id: int,
    type_: EventType,
    several: Iterable[Mapping[str, JSON]],
    webhooks: Sequence[str],
) -> None:
    """Have each of these webhooks told, whatever it is for."""
    now = surroundings(session).clock()
    events = [
        {
            "id": new_id("msg"),
            "organisation_id": organisation_id,
            "type": type_,
            "body": msgspec.json.encode(_Body(type_, now, data)).decode("utf-8"),
            "created_at": now,
        }
        for data in several
    ]
    if not events:
        return
    await session.execute(insert(WebhookEvent), events)
    await enqueue(session, organisation_id, [(webhook, event["id"]) for event in events for webhook in webhooks])


async def enqueue(session: AsyncSession, organisation_id: int, pairs: Sequence[tuple[str, object]]) -> list[str]:
    """New deliveries, each of a webhook and an event that exist; their ids. The server sends after the commit."""
    now = surroundings(session).clock()
    rows = [
        {
            "id": new_id("dlv"),
            "webhook_id": webhook_id,
            "event_id": event_id,
            "state": "pending",
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now,
        }
        for webhook_id, event_id in pairs
    ]
    await session.execute(insert(WebhookDelivery), rows)
    surroundings(session).announce(Change("webhooks", organisation_id))
    return [str(row["id"]) for row in rows]
