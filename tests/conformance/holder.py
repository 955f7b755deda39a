"""A process that stores one fact, says so, and then holds the file until it is killed.

Run as ``python -m tests.conformance.holder FILE``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.conformance.facts import Event, append, opened


async def hold(path: Path) -> None:
    async with opened(path) as store:
        await append(store, Event(session_id="s1"))
        print("stored", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(Path(sys.argv[1])))
