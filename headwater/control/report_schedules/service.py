"""The schedule of a report: set, shown, removed. Who may is for the caller to ask of the scope."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, cast

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Action, Audit
from headwater.control.db import UnitOfWork, surroundings
from headwater.control.report_schedules import consent
from headwater.control.report_schedules.models import ReportRecipient, ReportSchedule
from headwater.control.report_schedules.recipients import (
    State,
    checked_recipients,
    list_anew,
    listed,
    to_be_asked,
)
from headwater.control.report_schedules.slots import Frequency, Timing, Weekday, next_slot
from headwater.control.saved_reports.models import SavedReport
from headwater.control.saved_reports.service import SavedReports
from headwater.control.users.letters import Letters
from headwater.control.users.models import User
from headwater.errors import InvalidRequest, NotFound
from headwater.mail import Mailer
from headwater.scope import Scope


class ScheduleFields(msgspec.Struct, frozen=True):
    """What the caller says; ``weekday`` is for weekly schedules only, ``day`` for monthly ones."""

    frequency: Frequency
    hour: int
    recipients: tuple[str, ...]
    format: str
    weekday: Weekday | None = None
    day: int | None = None


class Scheduled(NamedTuple):
    """A schedule, and how it is with each of its recipients."""

    schedule: ReportSchedule
    recipients: Mapping[ReportRecipient, State]


class ReportSchedules:
    """The schedules of saved reports; each report has one at most."""

    def __init__(self, letters: Letters, mailer: Mailer) -> None:
        self._letters = letters
        self._mailer = mailer

    async def get(self, session: AsyncSession, scope: Scope, report_id: int) -> Scheduled:
        """The schedule of a report."""
        report = await SavedReports(session, scope).get(report_id)
        schedule = await session.get(ReportSchedule, report.id)
        if schedule is None:
            raise NotFound(f"Report {report_id} has no schedule.", field="id")
        return Scheduled(schedule, await listed(session, report.id))

    async def set(
        self, uow: UnitOfWork, scope: Scope, report_id: int, fields: ScheduleFields, ip: str | None = None
    ) -> tuple[Scheduled, bool]:
        """Give a report this schedule in place of any other, and whether it had none.

        Those who have not agreed yet are asked by mail.
        """
        session, emails = uow.session, checked_recipients(fields.recipients)
        timing = _timing(fields)
        report = await SavedReports(session, scope).get(report_id)
        schedule = await session.get(ReportSchedule, report.id)
        created = schedule is None
        if schedule is None:
            schedule = ReportSchedule(report_id=report.id, organisation_id=scope.organisation_id, attempts=0)
            session.add(schedule)
        _write(session, schedule, timing, fields.format)
        await list_anew(session, scope.organisation_id, report.id, emails)
        await _record(session, scope, "report_scheduled", report, ip, {"frequency": timing.frequency, "to": emails})
        recipients = await listed(session, report.id)
        await self._ask(uow, scope, [row for row, state in recipients.items() if state == "pending"])
        return Scheduled(schedule, recipients), created

    async def delete(self, uow: UnitOfWork, scope: Scope, report_id: int, ip: str | None = None) -> None:
        """Mail a report no more; mails that wait to be sent go with it."""
        scheduled = await self.get(uow.session, scope, report_id)
        report = await SavedReports(uow.session, scope).get(report_id)
        await uow.session.delete(scheduled.schedule)
        everybody = update(ReportRecipient).where(ReportRecipient.report_id == report.id)
        await uow.session.execute(everybody.values(listed=False))
        await _record(uow.session, scope, "report_unscheduled", report, ip, {})

    async def _ask(self, uow: UnitOfWork, scope: Scope, pending: list[ReportRecipient]) -> None:
        asked = await to_be_asked(uow.session, pending)
        host = await uow.session.get(User, scope.user_id) if asked else None
        by = host.email if host and host.is_verified else None
        letters = [
            self._letters.report_confirmation(
                row.email, consent.token(uow.session, row, "confirm"), consent.token(uow.session, row, "stop"), by
            )
            for row in asked
        ]
        for letter in letters:
            uow.after_commit(partial(self._mailer.post, letter))


def timing_of(schedule: ReportSchedule) -> Timing:
    """When a schedule sends."""
    # The columns are texts; only these values are let in.
    frequency, weekday = cast(Frequency, schedule.frequency), cast(Weekday, schedule.weekday or "monday")
    return Timing(frequency, schedule.hour, weekday, schedule.day or 1)


def _timing(fields: ScheduleFields) -> Timing:
    for field, frequency in (("weekday", "weekly"), ("day", "monthly")):
        if getattr(fields, field) is not None and fields.frequency != frequency:
            raise InvalidRequest(
                f"'{field}' is for '{frequency}' only; this schedule is '{fields.frequency}'. Leave it out.",
                field=field,
                allowed=f"no '{field}', or frequency '{frequency}'",
            )
    return Timing(fields.frequency, fields.hour, fields.weekday or "monday", fields.day or 1)


def _write(session: AsyncSession, schedule: ReportSchedule, timing: Timing, format: str) -> None:
    now = surroundings(session).clock()
    schedule.frequency, schedule.hour, schedule.format = timing.frequency, timing.hour, format
    schedule.weekday = timing.weekday if timing.frequency == "weekly" else None
    schedule.day = timing.day if timing.frequency == "monthly" else None
    schedule.next_at = schedule.try_at = next_slot(timing, now)
    schedule.attempts, schedule.last_error = 0, None
    schedule.created_at = schedule.created_at or now
    schedule.updated_at = now


async def _record(
    session: AsyncSession,
    scope: Scope,
    action: Action,
    report: SavedReport,
    ip: str | None,
    details: Mapping[str, object],
) -> None:
    about = {"report_id": report.id, **details}
    await Audit.record(session, scope.organisation_id, scope.user_id, action, target=report.name, ip=ip, details=about)
