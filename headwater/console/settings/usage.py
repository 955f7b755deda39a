"""The plan, and what of it was used this month."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from headwater.console import charts
from headwater.console.charts import Downloads
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.control.billing.ledger import Ledger
from headwater.control.billing.standing import next_month
from headwater.control.billing.usage import Used, sums, used
from headwater.reports.table import Column, ReportTable
from headwater.surfaces._http.endpoint import ADMIN, Call, Reply


async def usage(call: Call[Downloads, bytes]) -> Reply:
    """Limits, credits, and requests by day."""
    control, scope, now = call.services.control, call.scope, call.services.clock()
    start = datetime.combine(now.date().replace(day=1), time(), UTC)
    async with control.reading() as session:
        plan = await control.plans.of(session, scope.organisation_id)
        standing = await Ledger(session, scope.organisation_id).standing()
        charges = await used(session, scope, start, now + timedelta(microseconds=1))
    by_day = _by_day(charges, start.date(), now.date())
    if call.query.download is not None:
        return await charts.download(call, by_day if call.query.chart == "days" else None, call.query.download)
    api = f"/api/v1/billing/usage?start_date={start.date()}&group_by=day"
    return await render(
        call,
        "settings/usage.html",
        title="Plan and usage",
        plan=plan,
        standing=standing,
        renews=next_month(standing.period),
        summed=sums(charges),
        chart=charts.chart(call, by_day, "days", api) if charges else None,
    )


def _by_day(charges: list[Used], first: date, last: date) -> ReportTable:
    """Paid operations of each day of the month so far."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    rows = [
        (datetime.combine(day, time(), UTC), sum(one.requests for one in charges if one.day == day)) for day in days
    ]
    columns = (Column("day", "Day", "time"), Column("operations", "Operations", "integer"))
    return ReportTable("Paid operations by day", f"{first:%B %Y}", columns, rows, "bar")


ENDPOINTS = [page("/settings/usage", usage, ADMIN, "Plan and usage", Downloads)]
