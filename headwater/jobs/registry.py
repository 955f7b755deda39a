"""All jobs: name, schedule, and what they call. To add one, add a line to ``jobs``.

Each may be begun anew after it was cut off, so what it calls must bear being done twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control import Control
from headwater.control.billing.ledger import Ledger
from headwater.control.housekeeping import tidy
from headwater.control.jobs.requests import fulfilled, requested
from headwater.control.organisations.models import Organisation
from headwater.control.plans.models import Plan
from headwater.control.webhooks.outbox import post_event
from headwater.jobs.schedule import Every, Nightly, Schedule
from headwater.kit.clock import Clock
from headwater.kit.zones import midnight

Rebuild = Callable[[int, bool], Awaitable[None]]
"""Rebuilds the rollups of an organisation: those that are stale, or all."""
Prune = Callable[[int, datetime], Awaitable[None]]
"""Removes an organisation's facts of before a time (naive, UTC)."""
Mark = Callable[[int], Awaitable[None]]
"""Marks what an organisation's figures have reached."""

Id = TypeVar("Id", int, str)


class Mailing(Protocol):
    """Mails the reports that are due."""

    async def is_due(self) -> bool:
        """Whether there is anything to mail."""

    async def mail(self) -> None:
        """Mail it."""


class Answering(Protocol):
    """Goes on with messages of platforms that nobody works on."""

    async def is_due(self) -> bool:
        """Whether any waits."""

    async def work_through(self) -> None:
        """Go on with them."""


class Syncing(Protocol):
    """Copies the data sources that are due."""

    async def is_due(self) -> bool:
        """Whether any is to be copied."""

    async def sync_due(self) -> None:
        """Copy them."""

    async def sweep(self) -> None:
        """Remove files that no source has."""


_MAILS_KEPT_FOR: Final = timedelta(days=30)
_AT_ONCE: Final = timedelta(seconds=10)
_OFTEN: Final = timedelta(minutes=2)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """One job; ``run`` raises where it failed. ``wanted`` spares a run in which there would be nothing to do."""

    name: str
    schedule: Schedule
    run: Callable[[], Awaitable[None]]
    wanted: Callable[[], Awaitable[bool]] | None = None


def jobs(
    control: Control,
    clock: Clock,
    rebuild: Rebuild | None = None,
    prune: Prune | None = None,
    mark: Mark | None = None,
    reports: Mailing | None = None,
    sources: Syncing | None = None,
    messages: Answering | None = None,
) -> list[Job]:
    """The jobs of a server; those that need what is not given are left out."""
    found = [
        Job("tidy", Nightly(4, 15), lambda: _tidy(control, clock)),
        Job("billing", Nightly(0, 10), lambda: bill_all(control)),
        Job("payments", Every(_OFTEN), lambda: _reconcile(control), lambda: _is_pending(control)),
    ]
    if rebuild is not None:
        found.append(
            Job(
                "rollup-creators",
                Every(_OFTEN),
                lambda: _rebuild_requested(control, rebuild),
                lambda: _is_requested(control),
            )
        )
        found.append(Job("rollup-creators-nightly", Nightly(2, 15), lambda: rebuild_all(control, rebuild)))
    if mark is not None:
        # After the rollup, so that its sums answer, and before pruning takes away what records are held against.
        found.append(Job("milestones", Nightly(2, 45), lambda: _mark_all(control, mark)))
    if prune is not None:
        found.append(Job("prune", Nightly(3, 15), lambda: prune_all(control, clock, prune)))
    if reports is not None:
        found.append(Job("reports", Every(_OFTEN), reports.mail, reports.is_due))
    if messages is not None:
        found.append(Job("messages", Every(_AT_ONCE), messages.work_through, messages.is_due))
    if sources is not None:
        found.append(Job("sync-sources", Every(_OFTEN), sources.sync_due, sources.is_due))
        found.append(Job("sweep-sources", Nightly(4, 45), sources.sweep))
    return found


async def _tidy(control: Control, clock: Clock) -> None:
    async with control.unit_of_work() as unit:
        await tidy(unit.session, control.idempotency)
    # Written mails hold tokens and reports.
    await control.mailer.forget(clock() - _MAILS_KEPT_FOR)


async def _is_requested(control: Control) -> bool:
    async with control.reading() as session:
        return bool(await requested(session))


async def _rebuild_requested(control: Control, rebuild: Rebuild) -> None:
    async with control.reading() as session:
        waiting = {one.organisation_id: one for one in await requested(session)}

    async def one(organisation_id: int) -> None:
        await rebuild(organisation_id, False)
        async with control.unit_of_work() as unit:
            await fulfilled(unit.session, waiting[organisation_id])
            await _tell(unit.session, organisation_id, "stale")

    await _for_each(list(waiting), one)


async def rebuild_all(control: Control, rebuild: Rebuild) -> None:
    """Rebuild all rollups of all organisations."""

    async def one(organisation_id: int) -> None:
        await rebuild(organisation_id, True)
        async with control.unit_of_work() as unit:
            await _tell(unit.session, organisation_id, "all")

    await _for_each(await _organisations(control), one)


async def _tell(session: AsyncSession, organisation_id: int, rebuilt: Literal["stale", "all"]) -> None:
    await post_event(session, organisation_id, "rollup.completed", {"rollup": "creators", "rebuilt": rebuilt})


async def _mark_all(control: Control, mark: Mark) -> None:
    await _for_each(await _organisations(control), mark)


async def bill_all(control: Control) -> None:
    """Begin the month in each ledger, and make the invoices of months that are over."""

    async def one(organisation_id: int) -> None:
        async with control.unit_of_work() as unit:
            await Ledger(unit.session, organisation_id).bring_up_to_date()
            await control.invoices.make(unit.session, organisation_id)

    await _for_each(await _organisations(control), one)


async def _is_pending(control: Control) -> bool:
    return bool(await control.topups.unheard_of())


async def _reconcile(control: Control) -> None:
    await _for_each(await control.topups.unheard_of(), control.topups.reconcile, "transaction")


async def _organisations(control: Control) -> list[int]:
    async with control.reading() as session:
        return list(await session.scalars(select(Organisation.id).order_by(Organisation.id)))


async def prune_all(control: Control, clock: Clock, prune: Prune) -> None:
    """Remove what the plans of their organisations do not keep."""
    query = select(Organisation.id, Organisation.analytics_tz, Plan.retention_days).join(
        Plan, Organisation.plan == Plan.name
    )
    async with control.reading() as session:
        rows = (await session.execute(query.where(Plan.retention_days.is_not(None)).order_by(Organisation.id))).all()
    before = {number: oldest_kept(clock(), zone, days) for number, zone, days in rows}
    await _for_each(list(before), lambda number: prune(number, before[number]))


def oldest_kept(now: datetime, zone: str, days: int | None) -> datetime:
    """The first instant of the oldest day that a plan of ``days`` days keeps (naive, UTC).

    >>> oldest_kept(datetime.fromisoformat("2026-03-02T04:00:00Z"), "America/New_York", 1)
    datetime.datetime(2026, 2, 28, 5, 0)
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    return midnight(today - timedelta(days=days or 0), zone)


async def _for_each(ids: Sequence[Id], do: Callable[[Id], Awaitable[None]], what: str = "organisation") -> None:
    """One after the other; that one fails keeps none of the others from its turn."""
    failed: list[Exception] = []
    for one in ids:
        try:
            await do(one)
        except Exception as error:
            log.exception(f"job.{what}_failed", **{what: one})
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(ids)} {what}s", failed)
