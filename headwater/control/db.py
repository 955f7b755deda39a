"""The way to the control plane's database: sessions that read, units of work that write.

Only ``Database.unit_of_work`` commits. A session carries its ``Surroundings``, so that a
service needs nothing but a session and a scope. No table is named here.

    async with database.unit_of_work() as uow:
        await Entities(uow.session, scope).archive("campaign", 7)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from headwater.control.secrets import Vault
from headwater.errors import HeadwaterError, InternalError, Unavailable
from headwater.kit.clock import Clock

_BUSY_MILLISECONDS = 10_000
_SURROUNDINGS = "surroundings"


class Change(msgspec.Struct, frozen=True):
    """Something that caches hold has changed for an organisation, or for one ``entity`` (kind and number) of it.

    Of ``webhooks``: there is something to be sent.
    """

    what: Literal["entities", "access", "roster", "annotations", "decisions", "webhooks"]
    organisation_id: int
    entity: tuple[str, int] | None = None


Announcing = Callable[[Sequence[Change]], AbstractAsyncContextManager[None]]
"""What goes round a commit, so that other processes hear of the changes in it."""


class UnitOfWork:
    """One write transaction; it is committed where it was opened, and nowhere else."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.changes: list[Change] = []
        self._callbacks: list[Callable[[], None]] = []
        self._standing: HeadwaterError | None = None

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` once, and only if the transaction is committed."""
        self._callbacks.append(callback)

    def standing(self, error: HeadwaterError) -> HeadwaterError:
        """``error``, to be raised, made one that commits what was done: a refusal with a consequence."""
        self._standing = error
        return error

    def keeps(self, error: HeadwaterError) -> bool:
        """Whether the work stands though ``error`` ends it."""
        return error is self._standing

    def committed(self) -> None:
        """Run what was waiting for the commit."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


@dataclass(frozen=True)
class Surroundings:
    """What a service finds with its session."""

    clock: Clock
    vault: Vault
    on_change: Callable[[Change], None]
    unit_of_work: UnitOfWork | None

    def announce(self, change: Change) -> None:
        """Have caches drop what ``change`` makes stale, once it is committed."""
        if self.unit_of_work is None:
            raise InternalError("A change needs a unit of work.")
        self.unit_of_work.changes.append(change)
        self.unit_of_work.after_commit(lambda: self.on_change(change))


def surroundings(session: AsyncSession) -> Surroundings:
    """The surroundings that ``Database`` gave to this session."""
    return cast(Surroundings, session.info[_SURROUNDINGS])


class Database:
    """The engines of one database: many readers, one writer."""

    def __init__(
        self,
        url: URL,
        clock: Clock,
        vault: Vault,
        on_change: Callable[[Change], None],
        announcing: Announcing = lambda _: nullcontext(),
    ) -> None:
        self._clock = clock
        self._vault = vault
        self._on_change = on_change
        self._announcing = announcing
        self._readers = _engine(url, read_only=True)
        self._writer = _engine(url, read_only=False)
        self._one_writer = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and can change nothing."""
        async with AsyncSession(self._readers, autoflush=False) as session:
            session.info[_SURROUNDINGS] = self._surroundings(None)
            yield session

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """One write transaction: committed at the end, rolled back by an exception that is not ``standing``."""
        refusal = None
        async with self._one_writer, AsyncExitStack() as announced:
            try:
                async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
                    uow = UnitOfWork(session)
                    session.info[_SURROUNDINGS] = self._surroundings(uow)
                    try:
                        yield uow
                    except HeadwaterError as error:
                        if not uow.keeps(error):
                            raise
                        refusal = error
                    await announced.enter_async_context(self._announcing(uow.changes))
            except OperationalError as error:
                raise Unavailable(
                    "The server's records are busy; nothing was done. Try again.", retry_after=1
                ) from error
            uow.committed()
        if refusal is not None:
            raise refusal

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction without a session, for migrations."""
        async with self._one_writer, self._writer.begin() as connection:
            yield connection

    async def responsive(self) -> bool:
        """Whether the database answers."""
        try:
            async with self._readers.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.dispose()
        await self._writer.dispose()

    def _surroundings(self, uow: UnitOfWork | None) -> Surroundings:
        return Surroundings(self._clock, self._vault, self._on_change, uow)


def _engine(url: URL, *, read_only: bool) -> AsyncEngine:
    # An error of the database is logged with its statement, but not with what was to be stored.
    engine = create_async_engine(url, hide_parameters=True)
    if url.get_backend_name() == "sqlite":
        _set_up_sqlite(engine, read_only=read_only)
    return engine


def _lower(value: str | None) -> str | None:
    return value.lower() if isinstance(value, str) else value


def _set_up_sqlite(engine: AsyncEngine, *, read_only: bool) -> None:
    pragmas = [f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON", "synchronous=FULL"]
    pragmas.append("query_only=ON" if read_only else "journal_mode=WAL")
    # A writer that begins as a reader cannot wait for another process: it fails when it first writes.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine.sync_engine, "connect")
    def configure(driver_connection: Any, _record: object) -> None:
        # The driver opens no transaction of its own, so that ours also hold DDL and reads.
        driver_connection.isolation_level = None
        # SQLite's own knows no letters but those of ASCII.
        driver_connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = driver_connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
