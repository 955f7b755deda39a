"""The links in mails, by which their readers agree to a report or stop it without signing in.

A link's token is a keyed hash of what it is for, so that none is stored. The one that
agrees is good for a week and until a newer one; the one that stops is good as long as
the report is there, since old mails lie about for long.
"""

from __future__ import annotations

import hmac
import re
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.audit.service import Audit
from headwater.control.db import surroundings
from headwater.control.report_schedules.models import ReportRecipient
from headwater.control.rules import is_row_id
from headwater.control.saved_reports.models import SavedReport
from headwater.errors import NotFound

Act = Literal["confirm", "stop"]
LIFETIME: Final = timedelta(days=7)
_TOKEN: Final = re.compile(r"(confirm|stop)-([1-9][0-9]{0,18})-([0-9a-f]{64})", re.ASCII)


class Link(NamedTuple):
    """What a token is for; ``title`` is empty for those who have not agreed: a name could be an advertisement."""

    act: Act
    recipient: ReportRecipient
    title: str


def token(session: AsyncSession, recipient: ReportRecipient, act: Act) -> str:
    """The token with which a recipient does this."""
    return f"{act}-{recipient.id}-{_mac(session, recipient, act)}"


def _mac(session: AsyncSession, recipient: ReportRecipient, act: Act) -> str:
    asked = recipient.asked_at.isoformat() if act == "confirm" and recipient.asked_at else ""
    return surroundings(session).vault.keyed_hash(f"report_{act}", f"{recipient.id}\0{asked}")


async def link(session: AsyncSession, text: str) -> Link:
    """What a token is for; ``NotFound`` where it is unknown or no longer good."""
    read = _TOKEN.fullmatch(text)
    number = int(read[2]) if read else 0
    recipient = await session.get(ReportRecipient, number) if is_row_id(number) else None
    if read is None or recipient is None:
        raise _unknown()
    act: Act = "confirm" if read[1] == "confirm" else "stop"
    if not hmac.compare_digest(read[3], _mac(session, recipient, act)):
        raise _unknown()
    if act == "confirm":
        since = surroundings(session).clock() - LIFETIME
        if recipient.asked_at is None or recipient.asked_at <= since or not recipient.listed:
            raise _unknown()
    return Link(act, recipient, await _title(session, recipient))


async def follow(session: AsyncSession, text: str, *, again: bool = False, ip: str | None = None) -> Link:
    """Do what a token is for; ``again`` takes a stop back. Done twice it is as done once."""
    found = await link(session, text)
    recipient, now = found.recipient, surroundings(session).clock()
    if found.act == "confirm":
        if recipient.confirmed_at is None or recipient.stopped_at is not None:
            await _confirm(session, recipient)
            await _record(session, recipient, "report_confirmed", ip)
    elif again and recipient.stopped_at is not None:
        recipient.stopped_at = None
        await _record(session, recipient, "report_resumed", ip)
    elif not again and recipient.stopped_at is None:
        recipient.stopped_at = now
        await _record(session, recipient, "report_stopped", ip)
    await session.flush()
    return found._replace(title=await _title(session, recipient))


async def _confirm(session: AsyncSession, recipient: ReportRecipient) -> None:
    """Agree to this report, and to those of the company that the address was not asked about beside it."""
    now = surroundings(session).clock()
    recipient.stopped_at = None
    same = (
        ReportRecipient.organisation_id == recipient.organisation_id,
        ReportRecipient.email == recipient.email,
        ReportRecipient.confirmed_at.is_(None),
        ReportRecipient.stopped_at.is_(None),
    )
    await session.flush()
    await session.execute(update(ReportRecipient).where(*same).values(confirmed_at=now))
    await session.refresh(recipient)


async def _title(session: AsyncSession, recipient: ReportRecipient) -> str:
    if recipient.confirmed_at is None and recipient.asked_at is not None:
        return ""
    return await session.scalar(select(SavedReport.name).where(SavedReport.id == recipient.report_id)) or ""


async def _record(
    session: AsyncSession,
    recipient: ReportRecipient,
    action: Literal["report_confirmed", "report_stopped", "report_resumed"],
    ip: str | None,
) -> None:
    about = {"report_id": recipient.report_id}
    await Audit.record(session, recipient.organisation_id, None, action, target=recipient.email, ip=ip, details=about)


def _unknown() -> NotFound:
    return NotFound(
        "This link is not good, or no longer. The newest mail has one that is; a link that confirms is good for seven"
        " days.",
        field="mail_token",
    )
