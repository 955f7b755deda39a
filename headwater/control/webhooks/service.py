"""The webhooks of the scope's organisation.

Whether a URL may be sent to is for the caller to ask before; it is asked again at each
sending. A secret leaves this module when it is made, and never again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.db import surroundings
from headwater.control.rules import text
from headwater.control.webhooks.events import Subscribable
from headwater.control.webhooks.models import LONGEST_URL, Status, Webhook
from headwater.control.webhooks.secrets import new_signing_secret, roll, sealed
from headwater.control.webhooks.status import disable, enable, hurry
from headwater.errors import Conflict, InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.scope import Scope

MOST: Final = 20
"""So many may one organisation have, so that what one event costs is bounded."""


class WebhookChange(msgspec.Struct, frozen=True):
    """New values for some fields; ``rotate_secret`` makes a new secret."""

    url: str | UnsetType = UNSET
    events: list[Subscribable] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    rotate_secret: bool = False


class Webhooks:
    """The webhooks of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope, ip: str | None = None) -> None:
        self._session = session
        self._scope = scope
        self._ip = ip

    async def list(self) -> Sequence[Webhook]:
        """All, newest first."""
        own = select(Webhook).where(Webhook.organisation_id == self._scope.organisation_id)
        return (await self._session.scalars(own.order_by(Webhook.created_at.desc(), Webhook.id.desc()))).all()

    async def get(self, webhook_id: str) -> Webhook:
        """One; ``NotFound`` where the organisation has none of this id."""
        webhook = await self._session.get(Webhook, webhook_id)
        if webhook is None or webhook.organisation_id != self._scope.organisation_id:
            raise NotFound(f"There is no webhook '{webhook_id[:64]}'.", field="webhook_id")
        return webhook

    async def create(self, url: str, events: Sequence[Subscribable]) -> tuple[Webhook, str]:
        """A new one and its secret, which cannot be had again."""
        url, events = text(url, "url", longest=LONGEST_URL), _checked(events)
        await self._hold_cap()
        secret = new_signing_secret()
        webhook = Webhook(
            id=new_id("wh"),
            organisation_id=self._scope.organisation_id,
            url=url,
            events=events,
            secret=sealed(self._session, secret),
            status="active",
            created_at=surroundings(self._session).clock(),
        )
        self._session.add(webhook)
        await self._session.flush()
        await self._record("webhook_created", webhook, {"events": events})
        return webhook, secret

    async def update(self, webhook_id: str, change: WebhookChange) -> tuple[Webhook, str | None]:
        """Change what is given; the new secret where one was wanted."""
        webhook = await self.get(webhook_id)
        changed: list[str] = []
        if change.url is not UNSET and change.url != webhook.url:
            webhook.url = text(change.url, "url", longest=LONGEST_URL)
            changed.append("url")
        if change.events is not UNSET and change.events != webhook.events:
            webhook.events = _checked(change.events)
            changed.append("events")
        secret = roll(self._session, webhook) if change.rotate_secret else None
        if changed:
            await self._record("webhook_changed", webhook, {"changed": changed})
        if secret is not None:
            await self._record("webhook_secret_rotated", webhook)
        await self._session.flush()
        await self._give_status(webhook, webhook.status if change.status is UNSET else change.status)
        if "url" in changed and webhook.status == "active":
            await hurry(self._session, webhook)
        return webhook, secret

    async def delete(self, webhook_id: str) -> None:
        """Remove one with the log of its deliveries; what waits is not sent."""
        webhook = await self.get(webhook_id)
        await self._session.delete(webhook)
        await self._session.flush()
        await self._record("webhook_deleted", webhook)

    async def _give_status(self, webhook: Webhook, status: Status) -> None:
        if status == webhook.status:
            return
        if status == "active":
            await enable(self._session, webhook)
            await self._record("webhook_enabled", webhook)
        else:
            await disable(self._session, webhook, "person")
            await self._record("webhook_disabled", webhook, {"reason": "person"})

    async def _hold_cap(self) -> None:
        own = select(func.count()).select_from(Webhook).where(Webhook.organisation_id == self._scope.organisation_id)
        if (await self._session.scalar(own) or 0) >= MOST:
            raise Conflict(f"A company has at most {MOST} webhooks. Delete one first, or change one.", allowed=MOST)

    async def _record(self, action: Action, webhook: Webhook, details: dict[str, object] | None = None) -> None:
        await Audit.record(
            self._session,
            webhook.organisation_id,
            self._scope.user_id,
            action,
            target=webhook.id,
            ip=self._ip,
            details=details,
        )


def _checked(events: Sequence[Subscribable]) -> list[Subscribable]:
    """At least one, and each once."""
    if not events:
        raise InvalidRequest("'events' must name at least one event.", field="events")
    twice = next((one for number, one in enumerate(events) if one in events[:number]), None)
    if twice is not None:
        raise InvalidRequest(f"'events' names '{twice}' more than once.", field="events")
    return list(events)
