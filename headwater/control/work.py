"""The one write transaction of a piece of work: begun when first needed, committed at the edge."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType

from headwater.control import Control
from headwater.control.db import UnitOfWork


class Work:
    """Holds the unit of work; leaving the block commits it, or rolls back on an error."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._stack = AsyncExitStack()
        self._unit: UnitOfWork | None = None

    async def begin(self) -> UnitOfWork:
        """The transaction; the same one at every call."""
        if self._unit is None:
            self._unit = await self._stack.enter_async_context(self._control.unit_of_work())
        return self._unit

    async def __aenter__(self) -> Work:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)
