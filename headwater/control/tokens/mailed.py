"""Tokens that go to people by mail: each proves, once and for a while, that its bearer reads the mail of a user.

Stored as keyed hashes. A newer token of a user and purpose takes the place of the one before it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.tokens.models import MailedToken
from headwater.kit.ids import new_secret

Purpose = Literal["password_reset", "email_verification"]

LIFETIMES: Final[dict[Purpose, timedelta]] = {
    "password_reset": timedelta(hours=1),
    "email_verification": timedelta(hours=24),
}
_RANDOM_BYTES = 32


async def issue_mailed_token(session: AsyncSession, user_id: int, purpose: Purpose) -> str:
    """The secret of a new token."""
    around = surroundings(session)
    now, secret = around.clock(), new_secret(_RANDOM_BYTES)
    await drop_mailed_tokens(session, user_id, purpose)
    session.add(
        MailedToken(
            user_id=user_id,
            purpose=purpose,
            secret_hash=around.vault.keyed_hash(purpose, secret),
            created_at=now,
            expires_at=now + LIFETIMES[purpose],
        )
    )
    await session.flush()
    return secret


async def is_good(session: AsyncSession, purpose: Purpose, secret: str) -> bool:
    """Whether a token could be used now."""
    return await session.scalar(select(MailedToken.id).where(_is(session, purpose, secret))) is not None


async def use_mailed_token(session: AsyncSession, purpose: Purpose, secret: str) -> int | None:
    """Use a token up: whose it was, or None where it is unknown, used or expired."""
    # One statement both looks and takes away, so that of two at once only one gets it.
    return await session.scalar(delete(MailedToken).where(_is(session, purpose, secret)).returning(MailedToken.user_id))


async def drop_mailed_tokens(session: AsyncSession, user_id: int, purpose: Purpose) -> None:
    """Make the user's token of a purpose void."""
    await session.execute(delete(MailedToken).where(MailedToken.user_id == user_id, MailedToken.purpose == purpose))


def _is(session: AsyncSession, purpose: Purpose, secret: str) -> ColumnElement[bool]:
    around = surroundings(session)
    return and_(
        MailedToken.secret_hash == around.vault.keyed_hash(purpose, secret),
        MailedToken.purpose == purpose,
        MailedToken.expires_at > around.clock(),
    )
