"""Work that goes on beside the answers, and is waited for at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Beside:
    """The work under way; what it raises is for it to handle."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Start it; the loop itself would forget a task that nobody holds."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for all that is under way, and for what that begins."""
        while self._tasks:
            # Not gathered: what one of them breaks on shall not keep the server from closing its stores.
            await asyncio.wait(tuple(self._tasks))
