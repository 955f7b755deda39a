"""The change feed: what one process makes stale, every other process hears of before it answers again.

A capped stream of the shared server. A process keeps the last entry that it has applied, its anchor, and
reads from there: what comes behind it is new, and where the anchor itself is missing (trimmed away, or the
server began anew) nothing kept here can be trusted. The same holds for every new connection, since a server
may come back with less than it had. Writers announce a change before they commit it and settle it behind;
an announcement that stays open is a change that may have happened, and counts as one until it is settled.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog

from headwater.errors import HeadwaterError
from headwater.kit.ids import SNOWFLAKES
from headwater.shared.changes import Everything, Stale, Told, decode, encode
from headwater.shared.link import Link, Lost

MOST_ENTRIES: Final = 4096
"""So many entries at least are kept for those who have not read them."""
MOST_AT_ONCE: Final = 1000
"""Who is further behind drops everything, which is less work."""
OPEN_AFTER: Final = 2.0
OPEN_UNTIL: Final = 60.0
"""An announcement counts as a change between so many seconds after it, unless it is settled."""
_AGAIN_SECONDS: Final = 0.5
_SOON_SECONDS: Final = 0.3
_ANNOUNCE_SECONDS: Final = 0.05
log = structlog.get_logger(__name__)


class Listener(Protocol):
    """What keeps answers in this process."""

    async def apply(self, changes: Sequence[Stale]) -> None:
        """Let nothing that these changes made stale be used any more; an error leaves that open."""

    async def drop(self) -> None:
        """Let nothing that is kept now be used any more, also when it ends in an error."""


class _Nobody:
    async def apply(self, changes: Sequence[Stale]) -> None:
        """Nothing is kept."""

    async def drop(self) -> None:
        """Nothing is kept."""


NOBODY: Final[Listener] = _Nobody()
"""Keeps nothing, and so has nothing to hear."""


class Counts(msgspec.Struct):
    """What happened since the start."""

    catch_ups: int = 0
    applied: int = 0
    dropped: int = 0
    losses: int = 0
    unpublished: int = 0


class _Entry(NamedTuple):
    id: bytes
    fields: list[bytes]

    @property
    def told(self) -> Told:
        return decode(self.fields[1])


class _Open(NamedTuple):
    changes: Sequence[Stale]
    after: float
    until: float


class Feed:
    """The feed as one process writes and reads it; ``prefix`` begins its keys."""

    def __init__(self, link: Link, prefix: str, *, open_after: float = OPEN_AFTER) -> None:
        self.counts = Counts()
        self._link = link
        self._key = f"{prefix}:feed"
        self._numbering = f"{prefix}:process"
        self._open_after = open_after
        self._listener: Listener = NOBODY
        self._own = secrets.token_hex(8).encode()
        self._numbers = count(1)
        self._anchor: _Entry | None = None
        self._losses = 0
        self._owing = False
        self._open: dict[tuple[bytes, int], _Open] = {}
        self._next: asyncio.Task[None] | None = None
        self._last: asyncio.Task[None] | None = None
        self._joining = asyncio.Lock()
        self._apart = asyncio.Event()
        self._back = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def in_step(self) -> bool:
        """Whether what is kept in this process may be used."""
        return self._anchor is not None

    async def start(self, listener: Listener) -> None:
        """Begin to read for ``listener``, and from now on come back by itself when the server was lost."""
        self._listener = listener
        self._apart.set()
        if self._link.is_open:
            await self._try_to_join()
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Write what is owed, if that can be done now, and read no more."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        under_way = [*self._writing, *([self._last] if self._last else [])]
        if under_way:
            await asyncio.wait(under_way)
        with contextlib.suppress(Lost):
            await self._pay()

    def lost(self) -> None:
        """The link has ended: nothing that is kept here may be used until the feed is joined again."""
        self._anchor = None
        self._losses += 1
        self.counts.losses += 1
        self._open.clear()
        self._back.clear()
        self._apart.set()

    async def catch_up(self) -> None:
        """Apply everything that was published before this call; who comes at the same time shares the way.

        A catch-up under way may have read already, so it is of no use to who comes later.
        """
        if self._next is None:
            self._next = self._last = asyncio.create_task(self._behind(self._last))
        await asyncio.shield(self._next)

    async def _behind(self, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._next = None
        self.counts.catch_ups += 1
        if self._anchor is not None and await self._try_to_read(self._anchor):
            return
        # Answers are right all the same, since nothing kept is used for them.
        try:
            await self._drop()
        except HeadwaterError as error:
            log.warning("cache.not_dropped", reason=error.message)
        except Exception:
            log.exception("cache.not_dropped")

    async def _try_to_read(self, anchor: _Entry) -> bool:
        try:
            return await self._read(anchor)
        except Lost:
            return False
        except HeadwaterError as error:
            log.warning("cache.not_applied", reason=error.message)
        except Exception:
            log.exception("cache.not_applied")
        self.lost()
        return False

    async def _read(self, anchor: _Entry) -> bool:
        """Apply what stands behind ``anchor``; whether all that is kept is as good as the feed now."""
        losses = self._losses
        read = await self._link.ask("XRANGE", self._key, anchor.id, "+", "COUNT", MOST_AT_ONCE)
        entries = [_Entry(*entry) for entry in read]
        if not entries or entries[0] != anchor or len(entries) == MOST_AT_ONCE:
            await self._join()
            return self.in_step
        stale = self._stale(entries[1:])
        if stale:
            await self._listener.apply(stale)
            self.counts.applied += len(stale)
        if losses != self._losses:
            return False
        self._anchor = entries[-1]
        return True

    def _stale(self, entries: Sequence[_Entry]) -> list[Stale]:
        """What others changed, and what they may have changed and not told of."""
        now = time.monotonic()
        found: list[Stale] = []
        for entry in entries:
            told = entry.told
            if told.by == self._own:
                continue
            if told.settled:
                self._open.pop((told.by, told.number), None)
                found.extend(told.changes)
            else:
                after, until = now + self._open_after, now + OPEN_UNTIL
                self._open[told.by, told.number] = _Open(told.changes, after, until)
        if self._open:
            self._open = {mark: one for mark, one in self._open.items() if now < one.until}
            found.extend(change for one in self._open.values() if now >= one.after for change in one.changes)
        return found

    @asynccontextmanager
    async def announcing(self, changes: Sequence[Stale]) -> AsyncIterator[None]:
        """Around a commit: others hear of ``changes`` when the block has been left, or might have been.

        That they cannot be told is no reason not to commit: they are told of everything as soon as they can be. Nor
        is a server that does not answer: who has a lock within the block is kept from it for a moment only.
        """
        if not changes:
            yield
            return
        number = next(self._numbers)
        announced = asyncio.create_task(self._write(Told(self._own, number, False, changes)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANNOUNCE_SECONDS):
                await asyncio.shield(announced)
        try:
            yield
        finally:
            # It goes out behind the announcement, also where that is still under way.
            await self._write(Told(self._own, number, True, changes))
            await announced

    async def publish(self, changes: Sequence[Stale]) -> None:
        """Tell others of what has changed already."""
        if changes:
            await self._write(self._news(changes))

    def _news(self, changes: Sequence[Stale]) -> Told:
        return Told(self._own, next(self._numbers), True, changes)

    async def _write(self, told: Told) -> None:
        # Whoever is waiting may go away; what was done must be told all the same.
        task = asyncio.create_task(self._try_to_write(told))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    async def _try_to_write(self, told: Told) -> None:
        was_open = self._link.is_open
        try:
            await self._add(told)
        except Lost:
            self._owing = True
            self.counts.unpublished += 1
            if was_open:
                await self._back_soon()

    async def _back_soon(self) -> None:
        """Give a server that only dropped the connection the time to hear it after all; who comes later need not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SOON_SECONDS):
                await self._back.wait()

    async def _add(self, told: Told) -> None:
        # One field: the last entry is read with every catch-up.
        await self._link.ask("XADD", self._key, "MAXLEN", "~", MOST_ENTRIES, "*", "told", encode(told))

    async def _pay(self) -> None:
        """Have everybody drop everything, where something could not be told."""
        while self._owing:
            self._owing = False
            try:
                await self._add(self._news([Everything()]))
            except BaseException:
                self._owing = True
                raise

    async def _join(self) -> None:
        """Begin behind the last entry there is; nothing that was kept before can be trusted."""
        async with self._joining:
            losses = self._losses
            # Anew each time: a server that has forgotten gives numbers again that others still have.
            SNOWFLAKES.renumber(int(await self._link.ask("INCR", self._numbering)))
            while True:
                await self._pay()
                newest = await self._link.ask("XREVRANGE", self._key, "+", "-", "COUNT", 1)
                if not newest:
                    await self._add(self._news([]))
                elif not self._owing:
                    break
            self._open.clear()
            await self._drop()
            if losses == self._losses:
                self._anchor = _Entry(*newest[0])
                self._apart.clear()
                self._back.set()

    async def _drop(self) -> None:
        self.counts.dropped += 1
        await self._listener.drop()

    async def _keep(self) -> None:
        """Come back whenever the server was lost."""
        while True:
            await self._apart.wait()
            if not await self._try_to_join():
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _try_to_join(self) -> bool:
        try:
            if not self._link.is_open:
                await self._link.open()
            await self._join()
        except Lost:
            return False
        except HeadwaterError as error:
            log.warning("cache.not_joined", reason=error.message)
            return False
        except Exception:
            log.exception("cache.not_joined")
            return False
        if self.in_step:
            log.info("cache.in_step")
        return self.in_step
