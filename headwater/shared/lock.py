"""Something only one process does at a time, so far as the shared server is there to say who.

It ends by itself when its life is over, and there is none at all while the server is lost: what must hold even
then is for the stores to see to. Commits and keys of requests have that behind them, and a lock only saves them
from getting in each other's way. A customer's turn has not: without it two decisions at once may go over a cap.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from headwater.shared.link import Link, Lost

_FIRST_LOOK: Final = 0.005
_LAST_LOOK: Final = 0.1
_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW: Final = (
    "local holder = redis.call('GET', KEYS[1])"
    " if not holder or holder == ARGV[1] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end return 0"
)


class Locks:
    """The locks of all processes; ``prefix`` begins their keys."""

    def __init__(self, link: Link, prefix: str) -> None:
        self._link = link
        self._prefix = prefix

    @asynccontextmanager
    async def held(self, name: str, life: timedelta) -> AsyncIterator[bool]:
        """Wait for the lock and hold it within the block; whether it is held, which it is not without the server."""
        token = secrets.token_hex(16)
        try:
            taken = await self._wait(name, token, life)
            yield taken
        finally:
            await self._release(name, token)

    @asynccontextmanager
    async def claimed(self, name: str, life: timedelta) -> AsyncIterator[bool]:
        """Hold the lock within the block unless somebody else does, who is not waited for; held without the server.

        It is held however long the block takes: ``life`` is what is left of it when nobody is there to renew it.
        """
        token = secrets.token_hex(16)
        try:
            taken = await self.take(name, token, life)
        except Lost:
            taken = True
        if not taken:
            yield False
            return
        keeping = asyncio.create_task(self._keep(name, token, life))
        try:
            yield True
        finally:
            keeping.cancel()
            await self._release(name, token)

    async def take(self, name: str, token: str, life: timedelta) -> bool:
        """Take the lock if nobody else has it; ``Lost`` when nobody can tell."""
        milliseconds = round(life.total_seconds() * 1000)
        return bool(await self._link.ask("SET", self._prefix + name, token, "NX", "PX", milliseconds))

    async def _wait(self, name: str, token: str, life: timedelta) -> bool:
        pause = _FIRST_LOOK
        try:
            while not await self.take(name, token, life):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LAST_LOOK)
        except Lost:
            return False
        return True

    async def _keep(self, name: str, token: str, life: timedelta) -> None:
        """Renew the lock in good time, again and again; take it where it has got lost and nobody else has it."""
        milliseconds = round(life.total_seconds() * 1000)
        while True:
            await asyncio.sleep(life.total_seconds() / 3)
            with contextlib.suppress(Lost):
                await self._link.ask("EVAL", _RENEW, 1, self._prefix + name, token, milliseconds)

    async def _release(self, name: str, token: str) -> None:
        """Give it back, if it is still ours; otherwise, and without the server, it ends by itself."""
        with contextlib.suppress(Lost):
            await self._link.ask("EVAL", _RELEASE, 1, self._prefix + name, token)
