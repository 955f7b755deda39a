"""Processes of their own for the embedded engine, each with a bound on its memory.

DuckDB counts what it sorts and joins, but not the values that a function makes: one
``repeat('x', 1000000000)`` would take the server's memory. Here it takes a process's.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from typing import Final, ParamSpec, TypeVar

import structlog

from headwater.errors import InvalidRequest, Timeout
from headwater.kit.child import end_with_parent

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

PROCESSES: Final = 4
MEMORY: Final = 3 * 1024**3
"""Bytes of addresses, of which the engine's own threads and code take one gibibyte or so."""
_GRACE_SECONDS: Final = 10.0


class EmbeddedPool:
    """The processes, begun with the first query and kept; a new set when one died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, seconds: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``work`` (a function that can be pickled) returns or raises.

        ``InvalidRequest`` where it needs more memory than there is, ``Timeout`` where it neither
        ends nor can be interrupted.
        """
        if kwargs:
            raise TypeError("work takes no keywords")
        if self._pool is None:
            # Not forked: the server has threads, and a forked child could inherit a lock that is held.
            self._pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=_begin)
        pool = self._pool
        try:
            async with asyncio.timeout(seconds + _GRACE_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(pool, work, *args)
        except (BrokenProcessPool, MemoryError) as error:
            log.warning("source.process_died", reason=type(error).__name__)
            if self._pool is pool:
                self._pool = None
                pool.shutdown(wait=False)
            raise too_much() from None
        except TimeoutError:
            raise Timeout(f"The query took longer than {seconds:g} seconds and was given up.") from None

    def stop(self) -> None:
        """End the processes; the next query begins new ones."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def too_much() -> InvalidRequest:
    """The refusal of a query that needs more memory than a query may have."""
    return InvalidRequest(
        "The query needs more memory than a query may have. Ask for less at once, or for shorter values.", field="query"
    )


def _begin() -> None:
    end_with_parent()
    # macOS has no such bound and may refuse to be told one.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


EMBEDDED: Final = EmbeddedPool()
"""Those of this process."""
