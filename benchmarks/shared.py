"""What several processes pay for their shared server: a catch-up before each request, on loopback."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.servers import free_port, pinned
from headwater.shared import Shared
from headwater.shared.address import address
from headwater.shared.changes import Rows, Stale

_TIMES = 5000


@contextmanager
def server() -> Iterator[str]:
    """A Valkey or Redis beside the load; the setting that names it."""
    binary = shutil.which("valkey-server") or shutil.which("redis-server")
    if binary is None:
        raise SystemExit("The benchmark needs Valkey or Redis (on Debian: apt-get install redis-server).")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen([*pinned("1"), binary, *options], stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            yield f"valkey://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(30)


def catch_up_ms(url: str) -> tuple[float, float]:
    """The p50 of a catch-up that finds nothing, and of one that finds a change."""
    return asyncio.run(_catch_up_ms(url))


async def _catch_up_ms(url: str) -> tuple[float, float]:
    one, other = Shared(address(url)), Shared(address(url))
    for shared in (one, other):
        await shared.start()
        await shared.begin(_Nothing())
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


class _Nothing:
    async def apply(self, changes: list[Stale]) -> None:
        """Nothing is kept."""

    async def drop(self) -> None:
        """Nothing is kept."""
