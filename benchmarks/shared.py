"""What several processes pay for their shared server: a catch-up before each request, on loopback."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.servers import pinned
from headwater.shared import Shared
from headwater.shared.address import address
from headwater.shared.changes import Rows
from headwater.shared.feed import NOBODY
from tests.caching import cache_server

_TIMES = 5000


@contextmanager
def server() -> Iterator[str]:
    """A Valkey or Redis beside the load; the setting that names it."""
    with cache_server(before=pinned("1")) as started:
        yield started.url()


def catch_up_ms(url: str) -> tuple[float, float]:
    """The p50 of a catch-up that finds nothing, and of one that finds a change."""
    return asyncio.run(_catch_up_ms(url))


async def _catch_up_ms(url: str) -> tuple[float, float]:
    one, other = Shared(address(url)), Shared(address(url))
    for shared in (one, other):
        await shared.start()
        await shared.begin(NOBODY)
    try:
        idle = [await _timed(other) for _ in range(_TIMES)]
        busy = []
        for number in range(_TIMES):
            await one.publish([Rows("roster", number)])
            busy.append(await _timed(other))
    finally:
        for shared in (one, other):
            await shared.stop()
    return statistics.median(idle), statistics.median(busy)


async def _timed(shared: Shared) -> float:
    began = time.perf_counter()
    await shared.catch_up()
    return (time.perf_counter() - began) * 1000
