"""What the processes of one installation have in common beside their stores: a Valkey or Redis server.

It holds nothing that cannot be lost: who has changed what (``feed``), how much was asked within windows
(``windows``, ``count``) and who does what only one should (``lock``). Without ``cache_url`` the process is
on its own, and none of this costs anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Final

import structlog

from headwater.settings import Settings, SettingsError
from headwater.shared.address import Address, address
from headwater.shared.changes import Stale
from headwater.shared.feed import Feed, Listener
from headwater.shared.link import Link, Lost, Refused
from headwater.shared.lock import Locks
from headwater.shared.windows import Windows

KEPT_FOR: Final = timedelta(seconds=60)
"""How old an answer that is kept may become at most where other processes could have changed what it shows."""
_CLAIMED_FOR: Final = timedelta(minutes=1)
log = structlog.get_logger(__name__)


class Shared:
    """The shared server as one process uses it; ``feed`` and ``windows`` are None where there is none."""

    def __init__(self, address: Address | None) -> None:
        self._address = address
        self._link: Link | None = None
        self._claimed: set[str] = set()
        self.feed: Feed | None = None
        self.windows: Windows | None = None
        if address is not None:
            self._link = link = Link(address, self._lost)
            self._locks = Locks(link, f"{address.prefix}:lock:")
            self.feed = Feed(link, address.prefix)
            self.windows = Windows(address, link)

    @property
    def kept_for(self) -> timedelta | None:
        """How long answers may be kept at most; None is for as long as nothing has changed."""
        return None if self.feed is None else KEPT_FOR

    async def start(self) -> None:
        """Connect; SettingsError where the server would never let us in. One that does not answer is tried again."""
        if self._link is None or self._link.is_open:
            return
        try:
            await self._link.open()
        except Refused as error:
            raise SettingsError(f"Settings: cache_url: {self._address!r} refuses us: {error}.") from None
        except Lost as error:
            self._lost(str(error))

    async def stop(self) -> None:
        """Tell what is owed, and disconnect."""
        if self.feed is not None and self.windows is not None and self._link is not None:
            await self.feed.stop()
            await self.windows.close()
            await self._link.close()

    async def begin(self, listener: Listener) -> None:
        """From now on ``listener`` hears of what other processes change."""
        if self.feed is not None:
            await self.feed.start(listener)

    async def catch_up(self) -> None:
        """Wait until this process has applied what others had changed when this was called."""
        if self.feed is not None:
            await self.feed.catch_up()

    def announcing(self, changes: Sequence[Stale]) -> AbstractAsyncContextManager[None]:
        """Around a commit: see ``Feed.announcing``."""
        return nullcontext() if self.feed is None else self.feed.announcing(changes)

    async def publish(self, changes: Sequence[Stale]) -> None:
        """Tell other processes of what has changed."""
        if self.feed is not None:
            await self.feed.publish(changes)

    @asynccontextmanager
    async def lock(self, name: str, life: timedelta) -> AsyncIterator[bool]:
        """Hold a lock over all processes within the block, for ``life`` at most; whether it is held.

        Without a shared server, or while it is lost, it is not, and the block runs all the same.
        """
        if self._link is None:
            yield False
            return
        async with self._locks.held(name, life) as held:
            yield held

    @asynccontextmanager
    async def claim(self, name: str) -> AsyncIterator[bool]:
        """Have something to oneself within the block; False where somebody else has it, here or in another process.

        Without a shared server, or while it is lost, other processes are not asked. A process that is killed has what
        it claimed for another minute.
        """
        if name in self._claimed:
            yield False
            return
        self._claimed.add(name)
        try:
            async with self._claimed_of_all(name) as is_ours:
                yield is_ours
        finally:
            self._claimed.discard(name)

    def _claimed_of_all(self, name: str) -> AbstractAsyncContextManager[bool]:
        return nullcontext(True) if self._link is None else self._locks.claimed(name, _CLAIMED_FOR)

    async def count(self, name: str, amount: int, life: timedelta) -> int | None:
        """Add to a number that lasts for ``life`` after it was last added to; None when it cannot be counted."""
        if self._link is None or self._address is None or not self._link.is_open:
            return None
        key = f"{self._address.prefix}:count:{name}"
        try:
            counted = await self._link.ask_all(("INCRBY", key, amount), ("EXPIRE", key, round(life.total_seconds())))
        except Lost:
            return None
        return int(counted[0])

    async def responsive(self) -> bool | None:
        """Whether the server answers now and this process is in step with the others; None where there is none."""
        if self._link is None or self.feed is None:
            return None
        try:
            await self._link.ask("PING")
        except Lost:
            return False
        return self.feed.in_step

    def _lost(self, reason: str) -> None:
        log.warning("cache.lost", server=repr(self._address), reason=reason)
        if self.feed is not None:
            self.feed.lost()


def check(settings: Settings) -> None:
    """SettingsError where the settings name a server that would never let us in."""

    async def tried() -> None:
        shared = provide(settings)
        try:
            await shared.start()
        finally:
            await shared.stop()

    asyncio.run(tried())


def provide(settings: Settings) -> Shared:
    """The shared server that the settings name, or none."""
    return Shared(address(settings.cache_url) if settings.cache_url else None)
