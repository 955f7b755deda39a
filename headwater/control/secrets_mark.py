"""Which secrets a control plane belongs to, so that it is never opened with others.

One row is sealed with them. With other secrets no API key, no session and no stored secret would
be known, and what is stored meanwhile could not be read by the rest of the processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.db import Database, surroundings
from headwater.control.record import Record
from headwater.control.sealed import Sealed, opens, seal, unseal
from headwater.errors import InternalError, Unavailable
from headwater.settings import SettingsError

_ONLY: Final = 1
log = structlog.get_logger(__name__)


class SecretsMark(Record):
    """The one row."""

    __tablename__ = "secrets_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[Sealed]


async def hold(database: Database, file: str) -> None:
    """Mark a control plane that nobody has; SettingsError where it belongs to other secrets than those of ``file``."""
    async with database.reading() as session:
        if await _belongs(session, file):
            return
    async with database.unit_of_work() as uow:
        # Another process may have been faster.
        if not await _belongs(uow.session, file):
            await _mark(uow.session)


async def adopt(session: AsyncSession) -> None:
    """Have it belong to the secrets of now; what only the former ones could read is lost."""
    row = await session.get(SecretsMark, _ONLY)
    if row is not None:
        await session.delete(row)
        await session.flush()
    await _mark(session)


async def require_current(session: AsyncSession, sealed: Sequence[tuple[str, bytes]]) -> None:
    """Let nothing be stored that was ``sealed`` with a key that a rotation has ended; Unavailable then.

    A process may not have heard of it: it has a copy of the file, or its file system still shows the former one.
    The mark was sealed anew by the rotation, under the lock that ``session`` holds now.
    """
    mark = await session.scalar(select(SecretsMark.sealed))
    if mark is None:
        return
    vault = surroundings(session).vault
    if not opens(session, SecretsMark.sealed, mark):
        vault.reload()
    if not opens(session, SecretsMark.sealed, mark) or not all(vault.opens(*one) for one in sealed):
        log.warning("secrets.not_current", remedy="where each machine has a copy of the file, copy it anew")
        raise Unavailable(
            "This process does not have the rotated secrets yet; nothing was done. Try again.", retry_after=1
        )


async def _belongs(session: AsyncSession, file: str) -> bool:
    row = await session.get(SecretsMark, _ONLY)
    if row is None:
        return False
    try:
        found = unseal(session, SecretsMark.sealed, row.sealed)
    except InternalError:
        found = ""
    if found != _word(session):
        raise SettingsError(
            f"The control plane's database belongs to other secrets than those in {file}. Give every process that uses"
            " it the same file (setting 'secrets_file'), or restore this one from a backup. If it is lost for good,"
            " 'headwater secrets adopt' goes on without: every API key, session and stored secret is then lost too."
        )
    return True


async def _mark(session: AsyncSession) -> None:
    session.add(SecretsMark(id=_ONLY, sealed=seal(session, SecretsMark.sealed, _word(session))))
    await session.flush()


def _word(session: AsyncSession) -> str:
    """What depends on the secrets that no rotation changes."""
    return surroundings(session).vault.keyed_hash("secrets mark", "")
