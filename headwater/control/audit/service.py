"""Writing and reading the audit log; there is no way to change or remove an event.

Events never hold a secret, a password or a credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.models import AuditEvent
from headwater.control.db import surroundings
from headwater.control.rules import one_line
from headwater.control.users.models import User
from headwater.kit.redaction import HIDDEN, redacted, redacted_value
from headwater.scope import Scope

_IS_ADDRESS = re.compile(r"[^\s@]+@[\w-]+(\.[\w-]+)+").fullmatch

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
    "password_changed",
    "user_invited",
    "invitation_withdrawn",
    "invitation_accepted",
    "role_changed",
    "member_removed",
    "key_created",
    "key_revoked",
    "webhook_created",
    "webhook_changed",
    "webhook_secret_rotated",
    "webhook_enabled",
    "webhook_disabled",
    "webhook_deleted",
    "data_source_connected",
    "data_source_uploaded",
    "data_source_changed",
    "data_source_deleted",
    "plan_changed",
    "plan_priced",
    "secrets_rotated",
    "credits_adjusted",
    "topup_begun",
    "topup_settled",
    "topup_declined",
    "payment_method_added",
    "payment_method_removed",
    "invoice_paid",
    "report_scheduled",
    "report_unscheduled",
    "report_confirmed",
    "report_stopped",
    "report_resumed",
    "report_shared",
    "agent_created",
    "agent_changed",
    "agent_deleted",
    "deployment_created",
    "deployment_changed",
    "deployment_deleted",
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
                target=one_line(_without_secrets(target, organisation_id), 255),
                ip=one_line(ip, 64) if ip else None,
                details=redacted_value(details or {}),
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

    @staticmethod
    async def emails(session: AsyncSession, scope: Scope, events: Sequence[AuditEvent]) -> Mapping[int, str]:
        """The addresses of those who are behind ``events`` and still belong to the organisation."""
        ids = {event.user_id for event in events if event.user_id is not None}
        own = User.organisation_id == scope.organisation_id
        found = await session.execute(select(User.id, User.email).where(own, User.id.in_(ids)))
        return {row.id: row.email for row in found}


def _without_secrets(target: str, organisation_id: int | None) -> str:
    # Who fails to log in may have typed the password where the address belongs.
    if target and organisation_id is None and not _IS_ADDRESS(target):
        return HIDDEN
    return redacted(target)
