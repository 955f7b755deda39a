"""Who gets a scheduled report, and who has agreed to.

A report has a name and figures that its makers chose, so it goes to nobody who has not
agreed: to members of the company whose address is proven, and to others once they have
confirmed. Whoever stopped a report gets it no more, whatever its makers do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.report_schedules.models import ReportRecipient
from headwater.control.users.models import User
from headwater.control.users.rules import checked_email
from headwater.errors import InvalidRequest, RateLimitExceeded
from headwater.mail import Undeliverable
from headwater.mail.message import address

MOST: Final = 20
ASK_AGAIN_AFTER: Final = timedelta(days=1)
_ASKED_IN_A_DAY: Final = 100
_DAY: Final = timedelta(days=1)

State = Literal["active", "pending", "stopped"]
"""``pending`` has not confirmed, ``stopped`` wants it no more."""


def checked_recipients(emails: Sequence[str]) -> list[str]:
    """The addresses in their normal form, each once; the error names the one that is wrong.

    >>> checked_recipients(["Ada@example.com", "ada@example.com "])
    ['ada@example.com']
    """
    if not 1 <= len(emails) <= MOST:
        raise InvalidRequest(
            f"'recipients' must have 1 to {MOST} addresses; it has {len(emails)}.",
            field="recipients",
            allowed=f"1 to {MOST} addresses",
        )
    return list(dict.fromkeys(_checked(email, f"recipients[{place}]") for place, email in enumerate(emails)))


def _checked(email: str, field: str) -> str:
    try:
        normal = checked_email(email)
        address(normal)
    except (InvalidRequest, Undeliverable):
        raise InvalidRequest(
            f"'{field}' must be one e-mail address such as ada@example.com.",
            field=field,
            allowed="one address without a name, quotes or comments",
        ) from None
    return normal


async def listed(session: AsyncSession, report_id: int) -> dict[ReportRecipient, State]:
    """The recipients of a report's schedule, in the order in which they came, and how it is with each."""
    query = select(ReportRecipient).where(ReportRecipient.report_id == report_id, ReportRecipient.listed)
    rows = (await session.scalars(query.order_by(ReportRecipient.id))).all()
    proven = await _proven(session, rows[0].organisation_id, {row.email for row in rows}) if rows else set()
    return {row: _state(row, proven) for row in rows}


def _state(row: ReportRecipient, proven: Collection[str]) -> State:
    if row.stopped_at is not None:
        return "stopped"
    return "active" if row.confirmed_at is not None or row.email in proven else "pending"


async def _proven(session: AsyncSession, organisation_id: int, emails: Collection[str]) -> set[str]:
    members = select(User.email).where(User.organisation_id == organisation_id, User.is_verified)
    return set(await session.scalars(members.where(User.email.in_(emails))))


async def list_anew(session: AsyncSession, organisation_id: int, report_id: int, emails: Sequence[str]) -> None:
    """Make these addresses, and no others, the recipients of a report."""
    query = select(ReportRecipient).where(ReportRecipient.report_id == report_id)
    known = {row.email: row for row in await session.scalars(query)}
    for row in known.values():
        row.listed = row.email in emails
    fresh = [email for email in emails if email not in known]
    agreed = await _agreed(session, organisation_id, fresh)
    now = surroundings(session).clock()
    session.add_all(
        ReportRecipient(
            report_id=report_id,
            organisation_id=organisation_id,
            email=email,
            listed=True,
            confirmed_at=now if email in agreed else None,
        )
        for email in fresh
    )
    await session.flush()


async def _agreed(session: AsyncSession, organisation_id: int, emails: Collection[str]) -> set[str]:
    """Of these addresses those that have confirmed another report of the company, and get it still."""
    own = select(ReportRecipient.email).where(
        ReportRecipient.organisation_id == organisation_id, ReportRecipient.email.in_(emails)
    )
    still = (ReportRecipient.confirmed_at.is_not(None), ReportRecipient.stopped_at.is_(None))
    return set(await session.scalars(own.where(*still)))


async def to_be_asked(session: AsyncSession, pending: Sequence[ReportRecipient]) -> list[ReportRecipient]:
    """Those who are to be asked now whether they want it, noted as asked.

    Nobody is asked twice within a day for one company, nor again after they declined; a
    company asks a hundred a day at most.
    """
    if not pending:
        return []
    now, organisation_id = surroundings(session).clock(), pending[0].organisation_id
    own = select(ReportRecipient).where(ReportRecipient.organisation_id == organisation_id)
    declined = ReportRecipient.stopped_at.is_not(None) & ReportRecipient.confirmed_at.is_(None)
    lately = ReportRecipient.asked_at > now - ASK_AGAIN_AFTER
    spared = own.where(ReportRecipient.email.in_([row.email for row in pending]), or_(declined, lately))
    left_alone = {row.email for row in await session.scalars(spared)}
    asked = [row for row in pending if row.email not in left_alone]
    today = select(func.count()).select_from(own.where(ReportRecipient.asked_at > now - _DAY).subquery())
    if (await session.scalar(today) or 0) + len(asked) > _ASKED_IN_A_DAY:
        raise RateLimitExceeded(
            f"A company may ask {_ASKED_IN_A_DAY} new addresses in a day whether they want its reports.",
            retry_after=int(_DAY.total_seconds()),
            field="recipients",
        )
    for row in asked:
        row.asked_at = now
    await session.flush()
    return asked


async def forget_strays(session: AsyncSession) -> None:
    """Remove those whose report is gone, but for who stopped it or declined: they are left alone for good."""
    asked_lately = ReportRecipient.asked_at > surroundings(session).clock() - _DAY
    strays = delete(ReportRecipient).where(ReportRecipient.report_id.is_(None), ReportRecipient.stopped_at.is_(None))
    await session.execute(strays.where(~func.coalesce(asked_lately, false())))


async def forget_member(session: AsyncSession, organisation_id: int, email: str) -> None:
    """Somebody has left the company: its reports go to this address no more, until it is named and confirms anew."""
    own = update(ReportRecipient).where(
        ReportRecipient.organisation_id == organisation_id, ReportRecipient.email == email
    )
    await session.execute(own.values(listed=False, confirmed_at=None))
