"""Columns that hold secrets of others (passwords of data sources, tokens of platforms), encrypted at rest.

A table declares such a column, and rotation finds it by itself:

    class Source(Record):
        password: Mapped[Sealed]

    source.password = seal(session, Source.password, "the password")

Values are sealed inside the unit of work that stores them: a rotation waits for it,
so that no value of an old key is committed behind its back. Before it commits it makes
sure that this process has the secrets of the last rotation (``secrets_mark``). A value
opens in its own column only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Final

from sqlalchemy import Column, LargeBinary, MetaData, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, mapped_column

from headwater.control.db import surroundings
from headwater.control.secrets import Vault
from headwater.errors import InternalError

_MARK: Final = "sealed"
IS_SEALED: Final = {_MARK: True}
"""The ``info`` of a column that holds sealed values; ``Sealed`` and ``SealedOrNone`` have it."""

Sealed = Annotated[bytes, mapped_column(LargeBinary, info=IS_SEALED)]
SealedOrNone = Annotated[bytes | None, mapped_column(LargeBinary, info=IS_SEALED)]

_ROWS_AT_ONCE: Final = 500


def seal(session: AsyncSession, column: InstrumentedAttribute[Any], value: str) -> bytes:
    """``value`` as it may be stored in ``column`` by this session's unit of work."""
    around, purpose = surroundings(session), _purpose(column.property.columns[0])
    if around.unit_of_work is None:
        raise InternalError("A secret is sealed in a unit of work.")
    sealed = around.vault.seal(purpose, value.encode("utf-8"))
    around.unit_of_work.sealed.append((purpose, sealed))
    return sealed


def unseal(session: AsyncSession, column: InstrumentedAttribute[Any], sealed: bytes) -> str:
    """What ``column`` holds, in clear; ``InternalError`` when it cannot be decrypted."""
    return surroundings(session).vault.unseal(_purpose(column.property.columns[0]), sealed).decode("utf-8")


def opens(session: AsyncSession, column: InstrumentedAttribute[Any], sealed: bytes) -> bool:
    """Whether the secrets that this process has now open what ``column`` holds."""
    return surroundings(session).vault.opens(_purpose(column.property.columns[0]), sealed)


def sealed_columns(metadata: MetaData) -> list[Column[Any]]:
    """Every column that holds sealed values."""
    return [column for table in metadata.sorted_tables for column in table.columns if column.info.get(_MARK)]


async def reseal(session: AsyncSession, metadata: MetaData) -> int:
    """Seal again, with the key that encrypts now, what another has sealed; how many values that were."""
    vault = surroundings(session).vault
    count = 0
    for column in sealed_columns(metadata):
        async for rows in _pages(session, column):
            stale = list(_resealed(vault, column, rows))
            if stale:
                keys = list(column.table.primary_key.columns)
                same_row = [key == bindparam(f"key_{number}") for number, key in enumerate(keys)]
                # Core SQL on the connection: the table may have no class here, and no object is to be loaded.
                connection = await session.connection()
                statement = update(column.table).where(*same_row).values({column: bindparam("value")})
                await connection.execute(statement, stale)
                count += len(stale)
    return count


async def _pages(session: AsyncSession, column: Column[Any]) -> AsyncIterator[list[tuple[Any, ...]]]:
    """The rows that hold a value, by primary key, a bounded number at once."""
    keys = list(column.table.primary_key.columns)
    query = select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(_ROWS_AT_ONCE)
    offset = 0
    while True:
        rows = [tuple(row) for row in await session.execute(query.offset(offset))]
        if not rows:
            return
        yield rows
        offset += len(rows)


def _resealed(vault: Vault, column: Column[Any], rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    purpose = _purpose(column)
    for *keys, sealed in rows:
        if not vault.is_current(purpose, sealed):
            value = vault.seal(purpose, vault.unseal(purpose, sealed))
            yield {**{f"key_{number}": key for number, key in enumerate(keys)}, "value": value}


def _purpose(column: Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"
