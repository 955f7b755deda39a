"""What people said through deployments, taken in once and worked on by one process at a time.

A message is written down in one transaction, before the platform is told that it came; it is
answered in the transaction in which the answer is paid for; and it is over once the platform took
the reply. A crash in between leaves it where the next who looks goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.deployments.models import Deployment, InboundMessage
from headwater.platforms.port import LONGEST_ID, Message

CLAIMED_FOR: Final = timedelta(minutes=5)
KEPT_FOR: Final = timedelta(days=30)
WAITS: Final = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""How long to wait before each further attempt; after the last it failed."""
LONGEST_TEXT: Final = 4_000
_LONGEST_ERROR: Final = 500


async def take_in(session: AsyncSession, deployment_id: str, messages: Sequence[Message]) -> list[int]:
    """Write messages down; the ids of those that were not there yet."""
    now = surroundings(session).clock()
    made: list[int] = []
    for message in messages:
        values = {
            "deployment_id": deployment_id,
            "message_id": message.id[:LONGEST_ID],
            "conversation": message.conversation[:LONGEST_ID],
            "text": message.text[:LONGEST_TEXT],
            "address": message.address,
            "state": "received",
            "attempts": 0,
            "try_at": now,
            "created_at": now,
        }
        insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
        once = insert(InboundMessage).values(values).on_conflict_do_nothing().returning(InboundMessage.id)
        made += (await session.scalars(once)).all()
    return made


async def claim(session: AsyncSession, row_id: int) -> InboundMessage | None:
    """The message, to be worked on by the caller alone; None where it is over, not due, or another's."""
    now = surroundings(session).clock()
    free = or_(InboundMessage.claimed_until.is_(None), InboundMessage.claimed_until <= now)
    due = (InboundMessage.state.in_(("received", "answered")), InboundMessage.try_at <= now, free)
    claimed = update(InboundMessage).where(InboundMessage.id == row_id, *due)
    found = await session.execute(claimed.values(claimed_until=now + CLAIMED_FOR).returning(InboundMessage.id))
    if found.scalar() is None:
        return None
    return await session.get(InboundMessage, row_id, populate_existing=True)


async def due(session: AsyncSession, platforms: Collection[str], limit: int = 100) -> Sequence[int]:
    """The ids of these platforms' messages that nobody works on and whose time has come, oldest first."""
    now = surroundings(session).clock()
    free = or_(InboundMessage.claimed_until.is_(None), InboundMessage.claimed_until <= now)
    query = (
        select(InboundMessage.id)
        .join(Deployment, Deployment.id == InboundMessage.deployment_id)
        .where(InboundMessage.state.in_(("received", "answered")), InboundMessage.try_at <= now, free)
        .where(Deployment.status == "active", Deployment.platform.in_(platforms))
    )
    return (await session.scalars(query.order_by(InboundMessage.id).limit(limit))).all()


def answered(message: InboundMessage, reply: str) -> None:
    """It has an answer, which is still to be sent; attempts are counted anew."""
    message.state = "answered"
    message.reply = reply
    message.attempts = 0


def sent(message: InboundMessage) -> None:
    """It is over, well."""
    message.state = "sent"
    message.claimed_until = None
    message.error = None


def freed(message: InboundMessage, error: str) -> None:
    """It did not work, and may be sent again at once."""
    message.error = error[:_LONGEST_ERROR]
    message.claimed_until = None


def failed(message: InboundMessage, error: str) -> None:
    """It is over, not well."""
    freed(message, error)
    message.state = "failed"


def put_off(message: InboundMessage, error: str, now: datetime) -> bool:
    """It did not work this time; whether there is another."""
    freed(message, error)
    if message.attempts >= len(WAITS):
        message.state = "failed"
        return False
    message.try_at = now + WAITS[message.attempts]
    message.attempts += 1
    return True


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Remove what was said long ago."""
    await session.execute(delete(InboundMessage).where(InboundMessage.created_at < now - KEPT_FOR))


async def told_before(session: AsyncSession, deployment_id: str, message_id: str) -> InboundMessage | None:
    """The message as it was taken in before."""
    known = (InboundMessage.deployment_id == deployment_id, InboundMessage.message_id == message_id[:LONGEST_ID])
    return await session.scalar(select(InboundMessage).where(*known))


async def last_error(session: AsyncSession, deployment_id: str) -> str | None:
    """Why the newest message that is not over well has not been; None where it has been."""
    newest = select(InboundMessage.error).where(InboundMessage.deployment_id == deployment_id)
    return await session.scalar(newest.order_by(InboundMessage.id.desc()).limit(1))
