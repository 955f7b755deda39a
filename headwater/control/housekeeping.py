"""Takes away what is of no more use to anybody.

Kept answers, logins that ended, old runs of jobs, deliveries, conversations that nobody goes on with,
and messages of platforms.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.agents.conversations import forget_still
from headwater.control.billing.models import CreditHold
from headwater.control.db import surroundings
from headwater.control.deployments.inbox import forget_old
from headwater.control.idempotency.service import Idempotency
from headwater.control.jobs.leases import Leases
from headwater.control.members.models import Invitation
from headwater.control.report_schedules.recipients import forget_strays
from headwater.control.tokens.models import CookieSession, MailedToken, RefreshToken
from headwater.control.webhooks.keeping import forget_old_deliveries

_RUNS_KEPT_FOR: Final = timedelta(days=30)


async def tidy(session: AsyncSession, idempotency: Idempotency) -> None:
    """Remove it, in the caller's transaction."""
    now = surroundings(session).clock()
    await idempotency.forget_old(session)
    for expiring in (CookieSession, RefreshToken, MailedToken, Invitation, CreditHold):
        await session.execute(delete(expiring).where(expiring.expires_at <= now))
    await forget_old_deliveries(session, now)
    await forget_strays(session)
    await forget_still(session)
    await forget_old(session, now)
    await Leases(session).forget(now - _RUNS_KEPT_FOR)
