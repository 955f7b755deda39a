"""A report with a schedule, its readers and their links, for tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from headwater.control.report_schedules import consent
from headwater.control.report_schedules.models import ReportRecipient
from headwater.control.users.models import User
from tests.serving import Company

DAILY: dict[str, Any] = {"frequency": "daily", "hour": 6, "recipients": ["user@example.com"], "format": "csv"}


def path(report_id: int) -> str:
    """Where the schedule of a report is."""
    return f"/api/v2/reports/{report_id}/schedule"


async def schedule(company: Company, report_id: int, **more: Any) -> dict[str, Any]:
    """Set it, as a body that differs from ``DAILY`` in ``more``."""
    answer = await company.request("POST", path(report_id), json={**DAILY, **more})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json()["data"])


async def shown(company: Company, report_id: int) -> dict[str, Any]:
    """The schedule as it is now."""
    answer = await company.get(path(report_id))
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


async def link(company: Company, email: str, act: consent.Act) -> str:
    """The path of the link that this address has got last."""
    async with company.server.services.control.reading() as session:
        own = select(ReportRecipient).where(ReportRecipient.organisation_id == company.organisation_id)
        reader = (await session.scalars(own.where(ReportRecipient.email == email))).first()
        assert reader is not None
        return f"/api/v2/report-mails/{consent.token(session, reader, act)}"


async def stop_token(company: Company, report_id: int) -> str:
    """A schedule of the report, and the token that stops it."""
    await schedule(company, report_id)
    return (await link(company, "user@example.com", "stop")).rpartition("/")[2]


async def prove(company: Company, email: str) -> None:
    """Take a member's address for proven."""
    async with company.server.services.control.unit_of_work() as unit:
        await unit.session.execute(update(User).where(User.email == email).values(is_verified=True))
