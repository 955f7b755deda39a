"""Runs jobs when they are due, each in one process however many there are.

A process that wants to run a job takes its lease in the control plane's database and
gives signs of life while it runs it; where these stop, another takes over. A job that
fails is logged and tried again in its next slot; the worker goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

import structlog

from headwater.control import Control
from headwater.control.jobs.leases import Leases
from headwater.errors import HeadwaterError
from headwater.jobs.registry import Job
from headwater.kit import tracing
from headwater.kit.clock import Clock
from headwater.kit.ids import new_id

LEASE: Final = timedelta(minutes=2)
_BEAT: Final = timedelta(seconds=30)
_LOOK: Final = timedelta(seconds=20)
log = structlog.get_logger(__name__)


class Worker:
    """The jobs of one process."""

    def __init__(self, control: Control, jobs: Sequence[Job], clock: Clock, *, beat: timedelta = _BEAT) -> None:
        self.holder = new_id("worker")
        self._control = control
        self.jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._beat_seconds = beat.total_seconds()
        self._scheduler: Any = None
        self._turns: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._settled: dict[str, datetime] = {}

    def start(self) -> None:
        """Look from now on, every few seconds, whether a job is due."""
        # Loaded with the first worker: commands and tests that run no jobs do not pay for it.
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        # That a long job is still running at the next look is not worth a warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        for job in self.jobs.values():
            self._scheduler.add_job(
                self.turn, "interval", [job], seconds=_LOOK.total_seconds(), id=job.name, max_instances=1, coalesce=True
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """Begin nothing more, and cut off what runs; another process, or the next start, does it anew."""
        self._stopping = True
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        turns = [task for task in self._turns if task is not asyncio.current_task()]
        for task in turns:
            task.cancel()
        await asyncio.gather(*turns, return_exceptions=True)

    async def turn(self, job: Job) -> bool:
        """Run a job if it is due and nobody else runs it or has; whether it was run here."""
        task = cast(asyncio.Task[Any], asyncio.current_task())
        self._turns.add(task)
        try:
            slot = job.schedule.slot(self._clock())
            if not await self._claim(job, slot):
                return False
            with tracing.span("job", job=job.name):
                await self._run(job, slot)
            return True
        except HeadwaterError as error:
            # The control plane's database was busy: what was not begun is due at the next look, too, and
            # what could not be written down is begun anew when the lease has run out.
            log.warning("job.put_off", job=job.name, reason=error.message)
            return False
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return False
        finally:
            self._turns.discard(task)

    async def _claim(self, job: Job, slot: datetime) -> bool:
        if self._settled.get(job.name) == slot:
            return False
        async with self._control.reading() as session:
            if not await Leases(session).is_free(job.name, slot):
                return False
        if job.wanted is not None and not await job.wanted():
            return False
        async with self._control.unit_of_work() as unit:
            return await Leases(unit.session).claim(job.name, slot, self.holder, LEASE)

    async def _run(self, job: Job, slot: datetime) -> None:
        log.info("job.begun", job=job.name, slot=slot.isoformat())
        work = asyncio.ensure_future(self._caught_up(job))
        over = asyncio.Event()
        beats = asyncio.create_task(self._beat(job, work, over))
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            work.cancel()
            over.set()
            await asyncio.gather(work, beats, return_exceptions=True)
            await self._end(job, "stopped")
            raise
        over.set()
        await beats
        if not work.cancelled():
            await self._judge(job, slot, work.exception())

    async def _caught_up(self, job: Job) -> None:
        """Run it on what is so now, whichever process has changed it."""
        await self._control.shared.catch_up()
        await job.run()

    async def _judge(self, job: Job, slot: datetime, error: BaseException | None) -> None:
        if error is None:
            await self._end(job, "done")
            log.info("job.done", job=job.name, slot=slot.isoformat())
        else:
            tracing.current().fail(error)
            log.error("job.failed", job=job.name, slot=slot.isoformat(), exc_info=error)
            await self._end(job, "failed", type(error).__name__)
        self._settled[job.name] = slot

    async def _beat(self, job: Job, work: asyncio.Future[None], over: asyncio.Event) -> None:
        """Give signs of life until it is over; where another has taken the work over, leave it to that one."""
        while not await _within(over, self._beat_seconds):
            try:
                async with self._control.unit_of_work() as unit:
                    mine = await Leases(unit.session).beat(job.name, self.holder, LEASE)
            except HeadwaterError as error:
                log.warning("job.silent", job=job.name, reason=error.message)
                continue
            if not mine:
                log.error("job.lost", job=job.name)
                work.cancel()
                return

    async def _end(self, job: Job, outcome: Literal["done", "failed", "stopped"], error: str | None = None) -> None:
        async with self._control.unit_of_work() as unit:
            await Leases(unit.session).end(job.name, self.holder, outcome, error)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it has happened when so many seconds have passed; no longer is waited for it."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
