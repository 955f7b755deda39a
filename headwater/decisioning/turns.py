"""One at a time for each customer: what is read, decided and written must not overlap.

Two requests at once would both find room for a last contact. Turns cost nothing when nobody else is
asking for the customer; where processes share a server they are taken over all of them, and each begins
with what the others have written.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from headwater.shared import Shared

_LIFE: Final = timedelta(seconds=30)


class Turns:
    """A queue for each key, gone when the last one leaves it; ``kind`` tells its keys from those of others."""

    def __init__(self, kind: str, shared: Shared) -> None:
        self._kind = kind
        self._shared = shared
        self._locks: dict[tuple[int, int | str], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, organisation_id: int, of: int | str) -> AsyncIterator[None]:
        """Wait for those who came before, and make those who come later wait."""
        key = (organisation_id, of)
        lock, waiting = self._locks.get(key) or (asyncio.Lock(), 0)
        self._locks[key] = lock, waiting + 1
        try:
            async with lock, self._alone(f"{organisation_id}\0{of}"):
                yield
        finally:
            lock, waiting = self._locks[key]
            if waiting == 1:
                del self._locks[key]
            else:
                self._locks[key] = lock, waiting - 1

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[None]:
        if self._shared.feed is None:
            yield
            return
        # Whom a customer's id names is nobody's business there.
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        async with self._shared.lock(f"{self._kind}:{digest}", _LIFE):
            await self._shared.catch_up()
            yield
