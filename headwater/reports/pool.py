"""Renders report files in a process of its own.

The chart converter holds the interpreter's lock while it draws; in the server's
own process every other request would wait for it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from headwater.errors import Unavailable
from headwater.kit.child import end_with_parent
from headwater.reports import render
from headwater.reports.table import ReportTable


class RenderPool:
    """One rendering process, started with the first report and kept."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def render(self, table: ReportTable, format: str) -> bytes:
        """``table`` as a file of ``format``; ``Unavailable`` when the process died of it."""
        if self._pool is None:
            # Not forked: the server has threads, and a forked child could inherit a lock that is held.
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=end_with_parent)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, render, table, format)
        except BrokenProcessPool:
            self._pool = None
            raise Unavailable("The report could not be drawn just now. Try again.", retry_after=1) from None

    def stop(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
