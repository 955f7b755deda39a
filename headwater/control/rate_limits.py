"""Counts what somebody did within a moving window, and refuses what is too much.

All processes count together where they share a server for it. Each also counts what it sees by itself, and
refuses what is too much by either: while the server does not answer, or has begun anew, that is what holds.

>>> import asyncio
>>> from limits import RateLimitItemPerMinute
>>> from headwater.kit.clock import system_clock
>>> from headwater.shared import Shared
>>> limits = RateLimits("letters", Shared(None), system_clock)
>>> asyncio.run(limits.hit(RateLimitItemPerMinute(1), "ada", "Too many letters"))
>>> asyncio.run(limits.hit(RateLimitItemPerMinute(1), "ada", "Too many letters"))
Traceback (most recent call last):
headwater.errors.RateLimitExceeded: Too many letters; try again in 60 s.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from headwater.errors import RateLimitExceeded
from headwater.kit.clock import Clock
from headwater.shared import Shared
from headwater.shared.link import Lost

_Ask = Callable[[RateLimitItem, str], Awaitable[bool]]


class RateLimits:
    """Windows by what is limited and by whose they are; ``name`` tells them from those of others."""

    def __init__(self, name: str, shared: Shared, clock: Clock) -> None:
        self._name = name
        self._together = shared.windows
        self._clock = clock
        self._alone = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, item: RateLimitItem, key: str, words: str) -> None:
        """Count it, or refuse it with ``RateLimitExceeded``; ``words`` say what there was too much of."""
        if not await self._hit(item, key):
            raise await self._refusal(item, key, words)

    async def check(self, item: RateLimitItem, key: str, words: str) -> None:
        """Refuse what would be too much, and count nothing."""
        if not await self._test(item, key):
            raise await self._refusal(item, key, words)

    async def count(self, item: RateLimitItem, key: str) -> None:
        """Count it, also when it is too much."""
        await self._hit(item, key)

    async def _hit(self, item: RateLimitItem, key: str) -> bool:
        ask = self._together.hit if self._together else None
        # Others of this process may come first while the server is asked: the second look is the one that counts.
        return self._alone.test(item, key) and await self._agreed(ask, item, key) and self._alone.hit(item, key)

    async def _test(self, item: RateLimitItem, key: str) -> bool:
        ask = self._together.test if self._together else None
        return self._alone.test(item, key) and await self._agreed(ask, item, key)

    async def _agreed(self, ask: _Ask | None, item: RateLimitItem, key: str) -> bool:
        """What the shared server says; yes where there is none, or it does not answer."""
        if ask is None:
            return True
        try:
            return await ask(item, f"{self._name}:{key}")
        except Lost:
            return True

    async def _refusal(self, item: RateLimitItem, key: str, words: str) -> RateLimitExceeded:
        free_at = await self._free_at(item, key)
        wait = max(1, math.ceil(free_at - self._clock().timestamp()))
        return RateLimitExceeded(f"{words}; try again in {wait} s.", retry_after=wait)

    async def _free_at(self, item: RateLimitItem, key: str) -> float:
        if self._together is not None and self._alone.test(item, key):
            try:
                return await self._together.free_at(item, f"{self._name}:{key}")
            except Lost:
                pass
        return self._alone.get_window_stats(item, key).reset_time
