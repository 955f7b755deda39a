"""Reports that are due, and the mails with them that wait to be sent.

A report is put out in one transaction: its file, a mail to each recipient, and the
schedule moved to its next slot. Whatever breaks off afterwards, the mails are there, and
no other process can put that slot out again. A mail is claimed before it is sent; one
whose sender died is sent again by another, as the same message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.access import reader_scope
from headwater.control.db import surroundings
from headwater.control.entities.models import Entity
from headwater.control.organisations.models import Organisation
from headwater.control.report_schedules import consent
from headwater.control.report_schedules.models import ReportIssue, ReportMail, ReportRecipient, ReportSchedule
from headwater.control.report_schedules.recipients import listed
from headwater.control.report_schedules.service import timing_of
from headwater.control.report_schedules.slots import next_slot, words
from headwater.control.rules import one_line
from headwater.control.saved_reports.models import SavedReport
from headwater.control.users.letters import ReportLetter
from headwater.control.webhooks.events import JSON
from headwater.control.webhooks.outbox import post_event
from headwater.kit.ids import new_id
from headwater.mail import Attachment
from headwater.scope import Scope

RETRIES: Final = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 60, 120, 120))
"""How long to wait before each further attempt, at a report or at a mail: some six hours in all."""
CLAIM: Final = timedelta(minutes=10)
"""For so long a mail is its sender's."""
_LONGEST_ERROR: Final = 255


class Due(NamedTuple):
    """A report that is to go out. ``owner`` is who it belongs to, with what they may today; None where nobody is."""

    report: SavedReport
    slot: datetime
    revision: datetime
    format: str
    owner: Scope | None
    is_archived: bool
    readers: int

    @property
    def obstacle(self) -> str | None:
        """Why it does not go out, in words for its makers."""
        if self.owner is None:
            return "Whoever the report belongs to is no member of the company any more."
        if self.is_archived:
            return "The report's workspace is archived."
        if not self.readers:
            return "Nobody to mail it to: its recipients have not confirmed yet, or stopped it."
        return None


class Outgoing(NamedTuple):
    """A mail that its sender has claimed."""

    number: int
    letter: ReportLetter
    file: Attachment


async def is_any_due(session: AsyncSession) -> bool:
    """Whether a report or a mail is to go out now."""
    now = surroundings(session).clock()
    waiting = [select(one.try_at).where(one.try_at <= now).exists() for one in (ReportSchedule, ReportMail)]
    return any([await session.scalar(select(one)) for one in waiting])


async def due_reports(session: AsyncSession) -> Sequence[int]:
    """The reports that are due, who waits longest first."""
    now = surroundings(session).clock()
    query = select(ReportSchedule.report_id).where(ReportSchedule.try_at <= now)
    return (await session.scalars(query.order_by(ReportSchedule.try_at, ReportSchedule.report_id))).all()


async def read_due(session: AsyncSession, report_id: int) -> Due | None:
    """A report that is due, or None where it is no longer."""
    schedule, report = await session.get(ReportSchedule, report_id), await session.get(SavedReport, report_id)
    if schedule is None or report is None or schedule.try_at > surroundings(session).clock():
        return None
    owner = await reader_scope(session, report.organisation_id, report.created_by)
    workspace = await session.get_one(Entity, report.workspace_id)
    readers = [state for state in (await listed(session, report_id)).values() if state == "active"]
    return Due(report, schedule.next_at, schedule.updated_at, schedule.format, owner, workspace.archived, len(readers))


async def put_out(session: AsyncSession, due: Due, period: str, file: Attachment) -> bool:
    """Put a report out; whether it was: not where another process did, or the schedule has been changed since."""
    schedule = await _same(session, due)
    if schedule is None:
        return False
    now = surroundings(session).clock()
    issue = ReportIssue(
        report_id=due.report.id,
        slot=due.slot,
        made_at=now,
        title=due.report.name,
        period=period,
        file_name=file.name,
        media_type=file.media_type,
        content=file.content,
    )
    session.add(issue)
    await session.flush()
    recipients = await listed(session, due.report.id)
    readers = [row.id for row, state in recipients.items() if state == "active"]
    session.add_all(
        ReportMail(issue_id=issue.id, recipient_id=reader, message_id=new_id("report"), try_at=now, attempts=0)
        for reader in readers
    )
    _advance(schedule, now, None)
    await session.flush()
    await post_event(session, due.report.organisation_id, "report.ready", _told(due, period, file))
    return True


def _told(due: Due, period: str, file: Attachment) -> Mapping[str, JSON]:
    return {
        "report_id": due.report.id,
        "name": due.report.name,
        "period": period,
        "slot": due.slot,
        "format": due.format,
        "file_name": file.name,
        "recipients": due.readers,
    }


async def skip(session: AsyncSession, due: Due, reason: str) -> None:
    """Leave a slot out, for a reason that its makers can read."""
    schedule = await _same(session, due)
    if schedule is not None:
        _advance(schedule, surroundings(session).clock(), reason)
        await session.flush()


async def postpone(session: AsyncSession, due: Due, reason: str) -> None:
    """Try the slot again later; after some hours, leave it out."""
    schedule = await _same(session, due)
    if schedule is None:
        return
    now = surroundings(session).clock()
    if schedule.attempts < len(RETRIES):
        schedule.try_at = now + RETRIES[schedule.attempts]
        schedule.attempts += 1
    else:
        _advance(schedule, now, reason)
    await session.flush()


async def waiting_mails(session: AsyncSession) -> Sequence[int]:
    """The mails that are to be sent now, who waits longest first."""
    query = select(ReportMail.id).where(ReportMail.try_at <= surroundings(session).clock())
    return (await session.scalars(query.order_by(ReportMail.try_at, ReportMail.id))).all()


async def claim(session: AsyncSession, mail_id: int) -> Outgoing | None:
    """Take a mail to send it; None where another has, or its reader wants it no more."""
    mail, now = await session.get(ReportMail, mail_id), surroundings(session).clock()
    if mail is None or mail.try_at > now:
        return None
    reader = await session.get_one(ReportRecipient, mail.recipient_id)
    if not reader.listed or reader.stopped_at is not None:
        await _drop(session, mail)
        return None
    if mail.attempts > len(RETRIES):
        # Nobody came back to say what became of the last attempt either.
        await not_sent(session, mail_id, final=False)
        return None
    mail.try_at = now + CLAIM
    mail.attempts += 1
    await session.flush()
    issue = await session.get_one(ReportIssue, mail.issue_id)
    schedule = await session.get_one(ReportSchedule, issue.report_id)
    company = await session.get_one(Organisation, reader.organisation_id)
    letter = ReportLetter(
        mail_id=mail.message_id,
        to=reader.email,
        stop_token=consent.token(session, reader, "stop"),
        title=issue.title,
        period=issue.period,
        made_at=issue.made_at,
        when=words(timing_of(schedule)),
        company=company.name,
    )
    return Outgoing(mail.id, letter, Attachment(issue.file_name, issue.media_type, issue.content))


async def sent(session: AsyncSession, mail_id: int) -> None:
    """A mail has gone out."""
    mail = await session.get(ReportMail, mail_id)
    if mail is not None:
        schedule = await _schedule_of(session, mail)
        schedule.last_sent_at = surroundings(session).clock()
        await _drop(session, mail)


async def not_sent(session: AsyncSession, mail_id: int, *, final: bool) -> None:
    """A mail has not gone out: it is tried again for some hours, or given up and noted in the schedule."""
    mail = await session.get(ReportMail, mail_id)
    if mail is None:
        return
    if not final and mail.attempts <= len(RETRIES):
        mail.try_at = surroundings(session).clock() + RETRIES[mail.attempts - 1]
        await session.flush()
        return
    reader = await session.get_one(ReportRecipient, mail.recipient_id)
    why = "the mail server refused it" if final else "the mail server did not take it for several hours"
    schedule = await _schedule_of(session, mail)
    schedule.last_error = one_line(f"Not mailed to {reader.email}: {why}.", _LONGEST_ERROR)
    await _drop(session, mail)


async def _same(session: AsyncSession, due: Due) -> ReportSchedule | None:
    schedule = await session.get(ReportSchedule, due.report.id)
    same = schedule is not None and (schedule.next_at, schedule.updated_at) == (due.slot, due.revision)
    return schedule if same else None


def _advance(schedule: ReportSchedule, now: datetime, error: str | None) -> None:
    # From now, not from the slot: after days without a server there is one mail, not one for each of them.
    schedule.next_at = schedule.try_at = next_slot(timing_of(schedule), now)
    schedule.attempts = 0
    schedule.last_error = None if error is None else one_line(error, _LONGEST_ERROR)


async def _schedule_of(session: AsyncSession, mail: ReportMail) -> ReportSchedule:
    issue = await session.get_one(ReportIssue, mail.issue_id)
    return await session.get_one(ReportSchedule, issue.report_id)


async def _drop(session: AsyncSession, mail: ReportMail) -> None:
    """Take a mail out, and its file with the last of them."""
    await session.delete(mail)
    await session.flush()
    others = select(func.count()).select_from(ReportMail).where(ReportMail.issue_id == mail.issue_id)
    if not await session.scalar(others):
        await session.delete(await session.get_one(ReportIssue, mail.issue_id))
        await session.flush()
