"""Moving windows in which all processes count together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from limits import RateLimitItem
from limits.aio.strategies import MovingWindowRateLimiter

from headwater.shared.address import Address
from headwater.shared.link import Link, Lost

_T = TypeVar("_T")


class Windows:
    """See ``limits``; every method raises ``Lost`` when the server does not answer."""

    def __init__(self, address: Address, link: Link) -> None:
        from limits.aio.storage import RedisStorage

        self._link = link
        self._pool = address.pool()
        # The scheme chooses the client; where the server is, the pool knows.
        options: dict[str, Any] = {"key_prefix": f"{address.prefix}:windows", "connection_pool": self._pool}
        storage = RedisStorage("async+valkey://", **options)
        self._limiter = MovingWindowRateLimiter(storage)

    async def hit(self, item: RateLimitItem, key: str) -> bool:
        """Count it, unless it is too much; whether it was counted."""
        return await self._answer(lambda: self._limiter.hit(item, key))

    async def test(self, item: RateLimitItem, key: str) -> bool:
        """Whether it would be counted."""
        return await self._answer(lambda: self._limiter.test(item, key))

    async def free_at(self, item: RateLimitItem, key: str) -> float:
        """When the oldest that was counted is no more, in seconds since 1970."""
        return (await self._answer(lambda: self._limiter.get_window_stats(item, key))).reset_time

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _answer(self, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        from valkey.exceptions import ValkeyError

        # Where the link has found out already, nobody needs to wait for the same again.
        if not self._link.is_open:
            raise Lost("it is not connected")
        try:
            return await ask()
        except (ValkeyError, OSError) as error:
            raise Lost(str(error)) from None
