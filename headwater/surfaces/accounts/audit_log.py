"""The audit log: who did what to the company's security, when and from where (contract: agents-and-accounts)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.control.audit.models import AuditEvent
from headwater.surfaces._http.endpoint import ADMIN, Answers, Call, Endpoint, Reply


class Page(msgspec.Struct, frozen=True):
    """Which events."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Events on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Events to skip.")] = 0


class EventRow(msgspec.Struct, frozen=True):
    """Something that happened; ``user_id`` is null when nobody was signed in, as for the server's operator."""

    id: str
    action: str
    user_id: str | None
    email: str | None
    target: str
    ip: str | None
    details: dict[str, Any]
    created_at: datetime


class Events(msgspec.Struct, frozen=True):
    """A page of events, newest first."""

    events: list[EventRow]
    total: int
    limit: int
    offset: int


async def list_events(call: Call[Page, bytes]) -> Reply:
    """The company's events."""
    control, query = call.services.control, call.query
    async with control.reading() as session:
        found, total = await control.audit.list(session, call.scope, query.limit, query.offset)
        emails = await control.audit.emails(session, call.scope, found)
    return Reply(Events([_row(event, emails) for event in found], total, query.limit, query.offset))


def _row(event: AuditEvent, emails: Mapping[int, str]) -> EventRow:
    return EventRow(
        id=str(event.id),
        action=event.action,
        user_id=None if event.user_id is None else str(event.user_id),
        email=None if event.user_id is None else emails.get(event.user_id),
        target=event.target,
        ip=event.ip,
        details=event.details,
        created_at=event.created_at,
    )


_EXAMPLE = {
    "events": [
        {
            "id": "7",
            "action": "key_created",
            "user_id": "1",
            "email": "user@example.com",
            "target": "key_0AbC…",
            "ip": "192.0.2.7",
            "details": {"name": "Production integration", "permissions": ["read", "write"]},
            "created_at": "2025-01-15T10:00:00Z",
        }
    ],
    "total": 1,
    "limit": 20,
    "offset": 0,
}

ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/account/audit-log",
        list_events,
        ADMIN,
        "List security events",
        "Account",
        {200: Answers("A page of events, newest first.", Events, _EXAMPLE)},
        description="Registrations, logins (also failed ones), sessions that ended, keys that were made or revoked,"
        " changes of plan, payments. Events cannot be changed or removed, and hold no secret.",
        query=Page,
    )
]
