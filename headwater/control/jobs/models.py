"""The tables of jobs: the lease of each, what became of each run, and whose rollups are to be rebuilt."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId, RowNumber

Outcome = Literal["running", "done", "failed", "stopped", "lost"]
"""``stopped``: the process was asked to end; ``lost``: it fell silent, and another took over."""


class JobLease(Record):
    """Who does a job, for which slot of its schedule, and until when that holds without a sign of life."""

    __tablename__ = "job_lease"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot: Mapped[datetime]
    holder: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[Outcome] = mapped_column(String(16))
    expires_at: Mapped[datetime]
    run_id: Mapped[int] = mapped_column(RowNumber)


class JobRun(Record):
    """One attempt at a job; ``error`` is the kind of what failed, the log has the rest."""

    __tablename__ = "job_run"
    __table_args__ = (Index(None, "job", "id"), Index(None, "started_at"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    job: Mapped[str] = mapped_column(String(64))
    slot: Mapped[datetime]
    holder: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[Outcome] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(String(255))


class RollupRequest(Record):
    """An organisation whose rollups are to be rebuilt; ``times`` tells a request from one made since."""

    __tablename__ = "rollup_request"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), primary_key=True)
    requested_at: Mapped[datetime]
    times: Mapped[int]
