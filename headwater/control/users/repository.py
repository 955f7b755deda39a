"""Finding people."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.users.models import User


async def by_email(session: AsyncSession, email: str) -> User | None:
    """The user with this address, in its normal form."""
    return await session.scalar(select(User).where(User.email == email))


async def is_empty(session: AsyncSession) -> bool:
    """Whether the server has no user yet."""
    return await session.scalar(select(func.count()).select_from(User)) == 0
