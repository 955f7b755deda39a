"""Threads of their own for what waits on foreign engines: slow sources keep nothing else of the server waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST: Final = 32
_POOL: Final = ThreadPoolExecutor(MOST, thread_name_prefix="source")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``work`` returns, done in one of these threads."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, partial(work, *args, **kwargs))
