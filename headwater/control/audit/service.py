"""Writing and reading the audit log; there is no way to change or remove an event.

Events never hold a secret, a password or a credential.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.models import AuditEvent
from headwater.control.db import surroundings
from headwater.control.rules import one_line
from headwater.scope import Scope

Action = Literal[
    "register",
    "login",
    "login_failed",
    "logout",
    "refresh_token_reused",
    "session_ended",
    "verification_requested",
    "email_verified",
    "password_reset_requested",
    "password_reset",
    "user_invited",
    "invitation_withdrawn",
    "invitation_accepted",
    "role_changed",
    "member_removed",
    "key_created",
    "key_revoked",
    "plan_changed",
    "secrets_rotated",
]


class Audit:
    """The log of security events."""

    @staticmethod
    async def record(
        session: AsyncSession,
        organisation_id: int | None,
        user_id: int | None,
        action: Action,
        target: str = "",
        ip: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Add an event, in the transaction of what it reports."""
        session.add(
            AuditEvent(
                organisation_id=organisation_id,
                user_id=user_id,
                action=action,
                target=one_line(target, 255),
                ip=one_line(ip, 64) if ip else None,
                details=dict(details or {}),
                created_at=surroundings(session).clock(),
            )
        )
        await session.flush()

    @staticmethod
    async def list(session: AsyncSession, scope: Scope, limit: int, offset: int) -> tuple[Sequence[AuditEvent], int]:
        """The organisation's events, newest first, and how many there are."""
        own = AuditEvent.organisation_id == scope.organisation_id
        total = await session.scalar(select(func.count()).select_from(AuditEvent).where(own)) or 0
        newest = select(AuditEvent).where(own).order_by(AuditEvent.id.desc()).limit(limit).offset(offset)
        return (await session.scalars(newest)).all(), total
