"""What a login leaves behind: refresh tokens and cookie sessions, stored as keyed hashes.

Does not check passwords and does not judge whether a credential still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.tokens.models import CookieSession, RefreshToken
from headwater.control.users.models import User
from headwater.kit.ids import new_id, new_secret

_RANDOM_BYTES = 32
SESSION = "session"
REFRESH = "refresh"


@dataclass(frozen=True)
class Family:
    """A login that a refresh token belongs to; ``successor`` is its next token, None after a second use."""

    user_id: int
    successor: str | None = None


async def issue_refresh_token(session: AsyncSession, user_id: int, days: int) -> str:
    """The first token of a new family; the user's expired ones go."""
    now = surroundings(session).clock()
    await session.execute(delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at <= now))
    return await _add_to_family(session, user_id, new_id("family"), days)


async def rotate_refresh_token(session: AsyncSession, secret: str, days: int) -> Family | None:
    """Use a token up for the next one of its family; None where there is no such token, or no longer.

    A second use ends the family: of the two who have the token, one is not who logged in.
    """
    row = await _refresh_token(session, secret)
    now = surroundings(session).clock()
    if row is None or row.expires_at <= now:
        return None
    # One statement both looks and marks, so that of two at once only one can be the first.
    unused = update(RefreshToken).where(RefreshToken.id == row.id, RefreshToken.used_at.is_(None))
    if await session.scalar(unused.values(used_at=now).returning(RefreshToken.id)) is None:
        await session.execute(delete(RefreshToken).where(RefreshToken.family_id == row.family_id))
        return Family(row.user_id)
    return Family(row.user_id, await _add_to_family(session, row.user_id, row.family_id, days))


async def end_family(session: AsyncSession, secret: str) -> Family | None:
    """End the login that a refresh token belongs to; None where that has ended already or never was."""
    row = await _refresh_token(session, secret)
    if row is None:
        return None
    await session.execute(delete(RefreshToken).where(RefreshToken.family_id == row.family_id))
    return Family(row.user_id)


async def end_all_logins(session: AsyncSession, user: User) -> None:
    """End every refresh token, cookie session and access token of a user; caches are for the caller to evict."""
    for ending in (RefreshToken, CookieSession):
        await session.execute(delete(ending).where(ending.user_id == user.id))
    user.credentials_version += 1
    await session.flush()


async def _refresh_token(session: AsyncSession, secret: str) -> RefreshToken | None:
    secret_hash = surroundings(session).vault.keyed_hash(REFRESH, secret)
    return await session.scalar(select(RefreshToken).where(RefreshToken.secret_hash == secret_hash))


async def _add_to_family(session: AsyncSession, user_id: int, family_id: str, days: int) -> str:
    around = surroundings(session)
    now, secret = around.clock(), new_secret(_RANDOM_BYTES)
    session.add(
        RefreshToken(
            user_id=user_id,
            family_id=family_id,
            secret_hash=around.vault.keyed_hash(REFRESH, secret),
            created_at=now,
            expires_at=now + timedelta(days=days),
            used_at=None,
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
