"""Has files read in a process of its own, and waits for it only so long."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from headwater.errors import InvalidRequest
from headwater.sources.files.task import Outcome, Task, Upload

SECONDS: Final = 120
log = structlog.get_logger(__name__)


async def read_files(files: Sequence[Upload], folder: Path, seconds: int = SECONDS) -> Outcome:
    """Build a source of ``files`` in ``folder``; ``InvalidRequest`` where that cannot be done."""
    task = msgspec.json.encode(Task(tuple(files), str(folder), seconds))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "headwater.sources.files.build"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, complaints = await process.communicate(task)
    except TimeoutError:
        raise InvalidRequest(
            f"The files were not read within {seconds} seconds. Send fewer, or smaller ones.", field="file"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _outcome(process.returncode, out, complaints)


def _outcome(code: int | None, out: bytes, complaints: bytes) -> Outcome:
    if code != 0 or not out:
        log.error("source.reader_failed", code=code, complaints=complaints[-2000:].decode("utf-8", "replace"))
        raise InvalidRequest("The files cannot be read: one of them is damaged, or far too large.", field="file")
    outcome = msgspec.json.decode(out, type=Outcome)
    if outcome.error:
        if outcome.allowed:
            raise InvalidRequest(outcome.error, field="file", allowed=outcome.allowed)
        raise InvalidRequest(outcome.error, field="file")
    return outcome
