"""Leases: of all processes over one database, one does a job in each slot of its schedule.

A lease holds while its holder gives signs of life. One that fell silent is replaced, in
the same slot; one that failed is not tried again before the next. Runs nothing itself.

    claimed = await Leases(uow.session).claim("prune", slot, "worker_1", timedelta(minutes=1))
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import CursorResult, Update, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.jobs.models import JobLease, JobRun, Outcome


class Leases:
    """The leases of all jobs."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._now = surroundings(session).clock()

    async def is_free(self, job: str, slot: datetime) -> bool:
        """Whether a claim would be granted now; asked first, since it needs no write transaction."""
        lease = await self._session.get(JobLease, job)
        return lease is None or self._free(lease, slot)

    async def claim(self, job: str, slot: datetime, holder: str, life: timedelta) -> bool:
        """Take a job for this slot; false where it is being done, or has been."""
        lease = await self._session.get(JobLease, job, with_for_update=True)
        if lease is not None and not self._free(lease, slot):
            return False
        if lease is not None and lease.outcome == "running":
            await self._end_run(lease.run_id, "lost", None)
        run = JobRun(
            job=job, slot=slot, holder=holder, started_at=self._now, finished_at=None, outcome="running", error=None
        )
        self._session.add(run)
        await self._session.flush()
        held = JobLease(
            job=job, slot=slot, holder=holder, outcome="running", expires_at=self._now + life, run_id=run.id
        )
        await self._session.merge(held)
        await self._session.flush()
        return True

    async def beat(self, job: str, holder: str, life: timedelta) -> bool:
        """A sign of life; false where another has taken over."""
        changed = await self._session.execute(self._held(job, holder).values(expires_at=self._now + life))
        return isinstance(changed, CursorResult) and changed.rowcount == 1

    async def end(
        self, job: str, holder: str, outcome: Literal["done", "failed", "stopped"], error: str | None = None
    ) -> bool:
        """Write what became of it; false where another has taken over."""
        lease = await self._session.get(JobLease, job, with_for_update=True)
        if lease is None or (lease.holder, lease.outcome) != (holder, "running"):
            return False
        lease.outcome = outcome
        await self._end_run(lease.run_id, outcome, error)
        return True

    async def forget(self, before: datetime) -> None:
        """Remove what is known of runs that began before."""
        await self._session.execute(delete(JobRun).where(JobRun.started_at < before, JobRun.outcome != "running"))

    async def runs(self, job: str) -> list[JobRun]:
        """What is known of a job's runs, latest first."""
        return list(await self._session.scalars(select(JobRun).where(JobRun.job == job).order_by(JobRun.id.desc())))

    def _free(self, lease: JobLease, slot: datetime) -> bool:
        match lease.outcome:
            case "running":
                return lease.expires_at <= self._now
            case "stopped":
                return lease.slot <= slot
            case _:
                return lease.slot < slot

    def _held(self, job: str, holder: str) -> Update:
        mine = (JobLease.job == job, JobLease.holder == holder, JobLease.outcome == "running")
        return update(JobLease).where(*mine)

    async def _end_run(self, run_id: int, outcome: Outcome, error: str | None) -> None:
        values = {"outcome": outcome, "finished_at": self._now, "error": error}
        await self._session.execute(update(JobRun).where(JobRun.id == run_id).values(values))
