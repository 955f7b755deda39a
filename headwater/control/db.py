"""The way to the control plane's database: sessions that read, units of work that write.

Only ``Database.unit_of_work`` commits. A session carries its ``Surroundings``, so that a
service needs nothing but a session and a scope. No table is named here.

    async with database.unit_of_work() as uow:
        await Entities(uow.session, scope).archive("campaign", 7)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import msgspec
from sqlalchemy import URL, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from headwater.control import postgres, sqlite
from headwater.control.secrets import Vault
from headwater.errors import HeadwaterError, InternalError, OutcomeUnknown, Unavailable
from headwater.kit.clock import Clock
from headwater.settings import SettingsError

_SURROUNDINGS = "surroundings"
_LOOK_SECONDS = 3.0


class Change(msgspec.Struct, frozen=True):
    """Something that caches hold has changed for an organisation, or for one ``entity`` (kind and number) of it.

    Of ``webhooks``: there is something to be sent.
    """

    what: Literal["entities", "access", "roster", "annotations", "decisions", "webhooks"]
    organisation_id: int
    entity: tuple[str, int] | None = None


Announcing = Callable[[Sequence[Change]], AbstractAsyncContextManager[None]]
"""What goes round a commit, so that other processes hear of the changes in it."""
Holding = Callable[[AsyncSession, Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Refuses to commit what was sealed with secrets that are not those of all processes."""


async def _seals_nothing(_: AsyncSession, sealed: Sequence[tuple[str, bytes]]) -> None:
    raise InternalError(f"Nobody looks whether {len(sealed)} secrets may be stored.")


class UnitOfWork:
    """One write transaction; it is committed where it was opened, and nowhere else."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.changes: list[Change] = []
        self.sealed: list[tuple[str, bytes]] = []
        """What was sealed to be stored, each with its purpose."""
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
    unit_of_work: UnitOfWork | None

    def announce(self, change: Change) -> None:
        """Have caches drop what ``change`` makes stale, once it is committed or may have been."""
        if self.unit_of_work is None:
            raise InternalError("A change needs a unit of work.")
        self.unit_of_work.changes.append(change)


def surroundings(session: AsyncSession) -> Surroundings:
    """The surroundings that ``Database`` gave to this session."""
    return cast(Surroundings, session.info[_SURROUNDINGS])


class Kind(Protocol):
    """What differs between the databases that this can be: ``control.sqlite`` and ``control.postgres`` are such."""

    def engine(self, url: URL, *, read_only: bool, patient: bool = False) -> AsyncEngine: ...
    def answer_seconds(self) -> float: ...
    def is_interruptible(self) -> bool: ...
    def is_outage(self, error: BaseException, *, read_only: bool) -> bool: ...
    def may_be_done(self, error: BaseException) -> bool: ...
    def unusable(self, url: URL, error: BaseException) -> SettingsError | None: ...


class Database:
    """The engines of one database: many readers, and one writer at a time over all processes."""

    def __init__(
        self,
        url: URL,
        clock: Clock,
        vault: Vault,
        on_change: Callable[[Change], None],
        announcing: Announcing = lambda _: nullcontext(),
        holding: Holding = _seals_nothing,
    ) -> None:
        self._url = url
        self._kind: Kind = postgres if url.get_backend_name() == "postgresql" else sqlite
        self._clock = clock
        self._vault = vault
        self._on_change = on_change
        self._announcing = announcing
        self._holding = holding
        self._readers = self._kind.engine(url, read_only=True)
        self._writer = self._kind.engine(url, read_only=False)
        self._one_writer = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and can change nothing."""
        async with AsyncSession(self._readers, autoflush=False) as session:
            session.info[_SURROUNDINGS] = self._surroundings(None)
            try:
                await self._reach(session, self._deadline(), read_only=True)
                yield session
            except SQLAlchemyError as error:
                if self._kind.is_outage(error, read_only=True):
                    raise Unavailable("The server's records cannot be read now. Try again.", retry_after=1) from error
                raise

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """One write transaction: committed at the end, rolled back by an exception that is not ``standing``."""
        refusal = None
        # Left last: what others are told when all is done keeps no writer waiting.
        async with AsyncExitStack() as announced:
            async with self._turn() as deadline, AsyncSession(self._writer, expire_on_commit=False) as session:
                uow = UnitOfWork(session)
                session.info[_SURROUNDINGS] = self._surroundings(uow)
                try:
                    await self._reach(session, deadline, read_only=False)
                    try:
                        yield uow
                    except HeadwaterError as error:
                        if not uow.keeps(error):
                            raise
                        refusal = error
                    await session.flush()
                    if uow.sealed:
                        await self._holding(session, uow.sealed)
                    await announced.enter_async_context(self._announcing(uow.changes))
                except SQLAlchemyError as error:
                    if self._kind.is_outage(error, read_only=False):
                        raise _busy() from error
                    raise
                await self._commit(uow)
            uow.committed()
        if refusal is not None:
            raise refusal

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction without a session, for migrations; waits for others as long as it takes."""
        engine = self._kind.engine(self._url, read_only=False, patient=True)
        try:
            async with self._one_writer, engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            if (unusable := self._kind.unusable(self._url, error)) is not None:
                raise unusable from error
            raise
        finally:
            await engine.dispose()

    async def responsive(self) -> bool:
        """Whether the database answers, and soon."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS), self._readers.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[float]:
        """Let this process's writers come one after another, in order; until when the next one may wait, all in all."""
        deadline = self._deadline()
        try:
            async with asyncio.timeout_at(deadline):
                await self._one_writer.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            yield deadline
        finally:
            self._one_writer.release()

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._kind.answer_seconds()

    async def _reach(self, session: AsyncSession, deadline: float, *, read_only: bool) -> None:
        """Begin the session's transaction; what the driver itself raises when nobody answers becomes ours."""
        try:
            async with asyncio.timeout_at(deadline if self._kind.is_interruptible() else None):
                await session.connection()
        except OSError as error:
            if self._kind.is_outage(error, read_only=read_only):
                raise _busy() from error
            raise

    async def _commit(self, uow: UnitOfWork) -> None:
        try:
            await uow.session.commit()
        except SQLAlchemyError as error:
            if self._kind.may_be_done(error):
                raise OutcomeUnknown(
                    "The connection to the server's records was lost while this was stored; whether it was is not"
                    " known. Look before you try again, or send it with the Idempotency-Key that it had.",
                    retry_after=1,
                ) from error
            if self._kind.is_outage(error, read_only=False):
                raise _busy() from error
            raise
        finally:
            # Also of what was broken off: it may have come about all the same.
            for change in uow.changes:
                self._on_change(change)

    def _surroundings(self, uow: UnitOfWork | None) -> Surroundings:
        return Surroundings(self._clock, self._vault, uow)


def _busy() -> Unavailable:
    return Unavailable("The server's records are busy; nothing was done. Try again.", retry_after=1)
