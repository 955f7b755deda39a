"""A server that is served runs its jobs until it is asked to end; with ``jobs = false`` it runs none."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headwater.app import Headwater
from headwater.control import Control, provide
from headwater.control.jobs.leases import Leases
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.control.founding import CHEAP_HASHER


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.jobs.worker._LOOK", timedelta(milliseconds=1))


class Served:
    """A server's application, started and stopped as by an ASGI server."""

    def __init__(self, folder: Path, clock: FixedClock, *, jobs: bool) -> None:
        settings = Settings(data_dir=str(folder), jobs=jobs)
        self.headwater = Headwater(settings, clock, provide(settings, clock, CHEAP_HASHER))
        self.control: Control = self.headwater.services.control
        self._asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._said: asyncio.Queue[Any] = asyncio.Queue()

    async def __aenter__(self) -> Served:
        self._task = asyncio.create_task(self.headwater.app({"type": "lifespan"}, self._asked.get, self._said.put))
        await self._asked.put({"type": "lifespan.startup"})
        assert (await self._said.get())["type"] == "lifespan.startup.complete"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._asked.put({"type": "lifespan.shutdown"})
        assert (await self._said.get())["type"] == "lifespan.shutdown.complete"
        await self._task
        # A connection whose work was cut off is closed by the driver, in a task of its own.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if "aiosqlite" not in repr(task.get_coro())]

    async def outcomes(self) -> list[str]:
        """What became of the runs of one job."""
        async with self.control.reading() as session:
            return [run.outcome for run in await Leases(session).runs("tidy")]


async def test_a_served_server_does_its_jobs(tmp_path: Path, clock: FixedClock) -> None:
    async with Served(tmp_path, clock, jobs=True) as served, asyncio.timeout(10):
        while await served.outcomes() != ["done"]:
            pass


async def test_without_jobs_it_does_none(tmp_path: Path, clock: FixedClock) -> None:
    async with Served(tmp_path, clock, jobs=False) as served:
        for _ in range(50):
            assert await served.outcomes() == []
