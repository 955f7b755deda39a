"""Which secrets a control plane belongs to, so that it is never opened with others.

One row is sealed with them. With other secrets no API key, no session and no stored secret would
be known, and what is stored meanwhile could not be read by the rest of the processes.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.db import Database, surroundings
from headwater.control.record import Record
from headwater.control.sealed import Sealed, seal, unseal
from headwater.errors import InternalError
from headwater.settings import SettingsError

_ONLY: Final = 1


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
