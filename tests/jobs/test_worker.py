"""A job is done once in each slot, whichever process does it; a dead one is replaced, a failure ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from headwater.control import Control, provide
from headwater.control.jobs.leases import Leases
from headwater.control.jobs.models import JobLease, JobRun
from headwater.jobs.registry import Job
from headwater.jobs.schedule import Nightly
from headwater.jobs.worker import LEASE, Worker
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.control.founding import CHEAP_HASHER

DAY = timedelta(days=1)


class Work:
    """A job that counts how often it was run, and waits where it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.fails = False
        self.job = Job("count", Nightly(2, 15), self.run)

    async def run(self) -> None:
        self.count += 1
        self.begun.set()
        await self.go_on.wait()
        if self.fails:
            raise OSError("disk on fire")


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def workers(controls: list[Control], work: Work, clock: FixedClock) -> list[Worker]:
    return [Worker(control, [work.job], clock) for control in controls]


async def runs(control: Control) -> list[JobRun]:
    async with control.reading() as session:
        return await Leases(session).runs("count")


async def outcomes(control: Control) -> list[str]:
    return [run.outcome for run in await runs(control)]


async def test_of_two_workers_one_runs_a_job_in_each_slot(
    controls: list[Control], workers: list[Worker], work: Work, clock: FixedClock
) -> None:
    for day in range(1, 4):
        ran = await asyncio.gather(*(worker.turn(work.job) for worker in workers for _ in range(3)))
        assert sum(ran) == 1
        assert work.count == day
        clock.advance(DAY)
    assert await outcomes(controls[0]) == ["done"] * 3


async def test_while_one_runs_it_the_other_does_not_also_in_the_next_slot(
    workers: list[Worker], work: Work, clock: FixedClock
) -> None:
    work.go_on.clear()
    first = asyncio.create_task(workers[0].turn(work.job))
    await work.begun.wait()
    assert not await workers[1].turn(work.job)
    clock.advance(LEASE - timedelta(seconds=1))
    assert not await workers[1].turn(work.job)
    work.go_on.set()
    assert await first
    assert work.count == 1


async def test_a_worker_that_fell_silent_is_replaced_when_its_lease_has_run_out(
    controls: list[Control], workers: list[Worker], work: Work, clock: FixedClock
) -> None:
    async with controls[0].unit_of_work() as unit:
        slot = work.job.schedule.slot(clock())
        assert await Leases(unit.session).claim("count", slot, "a process that was killed", LEASE)
    clock.advance(LEASE - timedelta(microseconds=1))
    assert not await workers[1].turn(work.job)
    clock.advance(timedelta(microseconds=1))
    assert await workers[1].turn(work.job)
    assert await outcomes(controls[0]) == ["done", "lost"]
    assert not await workers[0].turn(work.job)
    assert work.count == 1


async def test_signs_of_life_keep_a_long_job_s_lease(controls: list[Control], work: Work, clock: FixedClock) -> None:
    lively = Worker(controls[0], [work.job], clock, beat=timedelta(0))
    other = Worker(controls[1], [work.job], clock)
    work.go_on.clear()
    first = asyncio.create_task(lively.turn(work.job))
    await work.begun.wait()
    for _ in range(5):
        clock.advance(LEASE - timedelta(seconds=1))
        await until(lambda: _lease_ends(controls[1], clock, LEASE))
        assert not await other.turn(work.job)
    work.go_on.set()
    assert await first
    assert work.count == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_lost_the_lease_leaves_the_job_to_the_other(
    controls: list[Control], work: Work, clock: FixedClock
) -> None:
    slow = Worker(controls[0], [work.job], clock, beat=timedelta(0))
    work.go_on.clear()
    with capture_logs() as lines:
        first = asyncio.create_task(slow.turn(work.job))
        await work.begun.wait()
        async with controls[1].unit_of_work() as unit:
            lease = await unit.session.get(JobLease, "count")
            assert lease is not None
            lease.holder = "another"
        async with asyncio.timeout(10):
            assert await first
    assert "job.lost" in [line["event"] for line in lines]
    assert await outcomes(controls[0]) == ["running"]


async def test_a_failure_is_logged_and_tried_again_in_the_next_slot(
    controls: list[Control], workers: list[Worker], work: Work, clock: FixedClock
) -> None:
    work.fails = True
    with capture_logs() as lines:
        assert await workers[0].turn(work.job)
    failed = next(line for line in lines if line["event"] == "job.failed")
    assert isinstance(failed["exc_info"], OSError)
    for worker in workers:
        assert not await worker.turn(work.job)
    (run,) = await runs(controls[0])
    assert (run.outcome, run.error) == ("failed", "OSError")
    clock.advance(DAY)
    work.fails = False
    assert await workers[1].turn(work.job)
    assert await outcomes(controls[0]) == ["done", "failed"]


async def test_stopping_cuts_a_job_off_and_the_next_start_does_it_anew(
    controls: list[Control], workers: list[Worker], work: Work
) -> None:
    work.go_on.clear()
    first = asyncio.create_task(workers[0].turn(work.job))
    await work.begun.wait()
    await workers[0].stop()
    assert not await first
    assert await outcomes(controls[0]) == ["stopped"]
    work.go_on.set()
    assert await workers[1].turn(work.job)
    assert await outcomes(controls[0]) == ["done", "stopped"]


async def test_a_job_that_nothing_is_wanted_of_leaves_no_trace(
    controls: list[Control], work: Work, clock: FixedClock
) -> None:
    wanted = False

    async def is_wanted() -> bool:
        return wanted

    job = Job("count", work.job.schedule, work.run, is_wanted)
    worker = Worker(controls[0], [job], clock)
    assert not await worker.turn(job)
    assert await outcomes(controls[0]) == []
    wanted = True
    assert await worker.turn(job)


async def test_a_busy_database_puts_a_job_off(
    controls: list[Control], work: Work, settings: Settings, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.control.sqlite._BUSY_MILLISECONDS", 1)
    monkeypatch.setattr("headwater.control.postgres._WAIT_MILLISECONDS", 1)
    impatient = provide(settings, clock, CHEAP_HASHER)
    worker = Worker(impatient, [work.job], clock)
    async with controls[1].unit_of_work():
        with capture_logs() as lines:
            assert not await worker.turn(work.job)
    assert [line["event"] for line in lines] == ["job.put_off"]
    assert await worker.turn(work.job)
    await impatient.stop()


async def test_a_started_worker_looks_at_every_job_by_itself(
    controls: list[Control], work: Work, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.jobs.worker._LOOK", timedelta(milliseconds=1))
    worker = Worker(controls[0], [work.job], clock)
    worker.start()
    async with asyncio.timeout(10):
        await work.begun.wait()
    await worker.stop()
    assert work.count == 1


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(10):
        while not await holds():
            pass


async def _lease_ends(control: Control, clock: FixedClock, later: timedelta) -> bool:
    async with control.reading() as session:
        lease = await session.get(JobLease, "count")
        return lease is not None and lease.expires_at == clock() + later
