"""Links by which people without an account see a saved report until a time.

A link's token says the report, who made it and until when, and proves it by a keyed hash,
so that none is stored. It shows what its maker may see on the day it is followed; it ends with its
time, with the report, and with its maker's membership.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.access import reader_scope
from headwater.control.audit.service import Audit
from headwater.control.db import surroundings
from headwater.control.organisations.models import Organisation
from headwater.control.rules import is_row_id
from headwater.control.saved_reports.models import SavedReport
from headwater.control.saved_reports.service import SavedReports
from headwater.errors import InvalidRequest, NotFound
from headwater.scope import Scope

LONGEST: Final = timedelta(days=90)
_TOKEN: Final = re.compile(r"([1-9][0-9]{0,18})-([1-9][0-9]{0,18})-([1-9][0-9]{0,10})-([0-9a-f]{64})", re.ASCII)


class Link(NamedTuple):
    """A link that was made: what stands in its address, and until when it is good."""

    token: str
    until: datetime


class Shared(NamedTuple):
    """What a link shows, as ``scope`` may see it; ``organisation`` is what it is called."""

    report: SavedReport
    scope: Scope
    until: datetime
    organisation: str


async def share(session: AsyncSession, scope: Scope, report_id: int, days: int, ip: str | None = None) -> Link:
    """A link to a report that is good for so many days; that the caller may share is for the caller of this to ask."""
    life = timedelta(days=days)
    if not timedelta(0) < life <= LONGEST:
        raise InvalidRequest(
            f"A link is good for 1 to {LONGEST.days} days.", field="days", allowed=f"1 to {LONGEST.days}"
        )
    report = await SavedReports(session, scope).get(report_id)
    until = (surroundings(session).clock() + life).replace(microsecond=0)
    words = f"{report.id}-{scope.user_id}-{int(until.timestamp())}"
    about = {"report_id": report.id, "until": until.isoformat()}
    await Audit.record(
        session, scope.organisation_id, scope.user_id, "report_shared", target=report.name, ip=ip, details=about
    )
    return Link(f"{words}-{_mac(session, words)}", until)


async def shared(session: AsyncSession, token: str) -> Shared:
    """What a link shows; ``NotFound`` where it is unknown or no longer good."""
    read = _TOKEN.fullmatch(token)
    if read is None or not hmac.compare_digest(read[4], _mac(session, f"{read[1]}-{read[2]}-{read[3]}")):
        raise _unknown()
    until = datetime.fromtimestamp(int(read[3]), UTC)
    number, maker = int(read[1]), int(read[2])
    report = await session.get(SavedReport, number) if is_row_id(number) else None
    if report is None or until <= surroundings(session).clock():
        raise _unknown()
    scope = await reader_scope(session, report.organisation_id, maker)
    if scope is None:
        raise _unknown()
    organisation = await session.get_one(Organisation, report.organisation_id)
    return Shared(report, scope, until, organisation.name)


def _mac(session: AsyncSession, words: str) -> str:
    return surroundings(session).vault.keyed_hash("report_share", words)


def _unknown() -> NotFound:
    return NotFound("This link is not good, or no longer. Ask whoever sent it for a new one.", field="share_token")
