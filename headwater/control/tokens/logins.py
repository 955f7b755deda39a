"""What a login leaves behind: refresh tokens and cookie sessions, stored as keyed hashes.

Does not check passwords and does not judge whether a credential still holds.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.tokens.models import CookieSession, RefreshToken
from headwater.kit.ids import new_id, new_secret

_RANDOM_BYTES = 32
SESSION = "session"
REFRESH = "refresh"


async def issue_refresh_token(session: AsyncSession, user_id: int, days: int) -> str:
    """The first token of a new family; the user's expired ones go."""
    around = surroundings(session)
    now, secret = around.clock(), new_secret(_RANDOM_BYTES)
    await session.execute(delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at <= now))
    session.add(
        RefreshToken(
            user_id=user_id,
            family_id=new_id("family"),
            secret_hash=around.vault.keyed_hash(REFRESH, secret),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    await session.flush()
    return secret


async def open_session(session: AsyncSession, user_id: int, days: int) -> str:
    """The secret of a new cookie session; the user's expired ones go."""
    around = surroundings(session)
    now, secret = around.clock(), new_secret(_RANDOM_BYTES)
    await session.execute(
        delete(CookieSession).where(CookieSession.user_id == user_id, CookieSession.expires_at <= now)
    )
    session.add(
        CookieSession(
            user_id=user_id,
            secret_hash=around.vault.keyed_hash(SESSION, secret),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    await session.flush()
    return secret


async def close_session(session: AsyncSession, secret: str) -> int | None:
    """End a cookie session; whose it was, or ``None`` where there was none."""
    secret_hash = surroundings(session).vault.keyed_hash(SESSION, secret)
    row = await session.scalar(select(CookieSession).where(CookieSession.secret_hash == secret_hash))
    if row is None:
        return None
    await session.delete(row)
    await session.flush()
    return row.user_id
