"""Saved reports: the list, one report as it is now, and what may be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console import charts
from headwater.console.ads import calls
from headwater.console.ads.calls import ApiCall
from headwater.console.ads.report_draft import FORMATS
from headwater.console.ads.report_mail import CHOICES, ScheduleForm, schedule_of
from headwater.console.charts import Chart
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.console.tables import Paging
from headwater.control.report_schedules.service import ScheduleFields
from headwater.control.saved_reports.models import SavedReport
from headwater.control.saved_reports.service import SavedReports
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.reports import ReportTable
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Endpoint, Reply, Typed

AT = "/ads/reports"
_PAGE = 50


class ListQuery(msgspec.Struct, frozen=True):
    """Which page of the list."""

    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


async def list_reports(call: Call[ListQuery, bytes]) -> Reply:
    """All reports, newest first."""
    offset = call.query.offset
    async with call.services.control.reading() as session:
        found, total = await SavedReports(session, call.scope).list(None, _PAGE, offset)
    return await render(
        call,
        "ads_reports.html",
        title="Reports",
        crumbs=[("Ad creatives", "/ads")],
        reports=found,
        paging=Paging(AT, {}, total, _PAGE, offset),
        command=calls.curl(call, calls.reports(_PAGE, offset)),
        WRITE=WRITE,
    )


async def show_report(call: Call[Any, bytes]) -> Reply:
    """A report as of now."""
    return await shown_report(call, Shown())


async def delete_report(call: Call[Any, Any]) -> Reply:
    """Remove it; nothing is measured less."""
    unit = await call.writing()
    reports = SavedReports(unit.session, call.scope)
    name = (await reports.get(call.path_id("report_id"))).name
    await reports.delete(call.path_id("report_id"))
    return done(call, AT, f"The report “{name}” is deleted.")


async def set_schedule(call: Call[Any, ScheduleForm]) -> Reply:
    """Have it mailed."""
    fields: ScheduleFields = call.body.fields()
    report_id = call.path_id("report_id")
    unit = await call.writing()
    await call.services.control.report_schedules.set(unit, call.scope, report_id, fields, call.client_ip)
    return done(call, f"{AT}/{report_id}", "The report goes out by mail. Who is asked first gets it once they agree.")


async def stop_schedule(call: Call[Any, Any]) -> Reply:
    """Mail it no more."""
    report_id = call.path_id("report_id")
    unit = await call.writing()
    await call.services.control.report_schedules.delete(unit, call.scope, report_id, call.client_ip)
    return done(call, f"{AT}/{report_id}", "The report is mailed no more.")


async def _schedule_again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    return await shown_report(call, Shown(call.body, error))


async def shown_report(
    call: Call[Any, Any], problems: Shown, address: str = "", link_until: datetime | None = None
) -> Reply:
    """The page of a report, with a link that was just made or a form that was refused."""
    async with call.services.control.reading() as session:
        report = await SavedReports(session, call.scope).get(call.path_id("report_id"))
        schedule = await schedule_of(call, session, report.id)
    table, trouble = await _table(call, report)
    files = [(one.upper(), f"/api/v2/reports/{report.id}/export?format={one}") for one in FORMATS]
    return await render(
        call,
        "ads_report.html",
        title=report.name,
        crumbs=[("Ad creatives", "/ads"), ("Reports", AT)],
        status=problems.status,
        report=report,
        chart=report_chart(call, table, files, calls.report(report.id)) if table else None,
        trouble=trouble,
        schedule=schedule,
        problems=problems,
        emails=", ".join(row.email for row in schedule.recipients) if schedule else "",
        link=address,
        link_until=link_until,
        WRITE=WRITE,
        choices=CHOICES,
    )


def report_chart(
    call: Call[Any, Any], table: ReportTable, files: Sequence[tuple[str, str]], api: ApiCall | None
) -> Chart:
    """The chart of a report with its files and the call behind it, where it has them."""
    curl = calls.curl(call, api) if api else ""
    return msgspec.structs.replace(charts.chart(call, table, "report"), downloads=tuple(files), curl=curl)


async def _table(call: Call[Any, Any], report: SavedReport) -> tuple[ReportTable | None, str]:
    """The report's figures; where it cannot be run any more, why: it must still be possible to mend or delete it."""
    try:
        return await call.services.reporting.table(report, call.scope), ""
    except InvalidRequest as error:
        return None, error.message


ENDPOINTS: list[Endpoint] = [
    page(AT, list_reports, READ, "Reports", ListQuery),
    page(f"{AT}/{{report_id}}", show_report, READ, "A report"),
    form(f"{AT}/{{report_id}}/delete", delete_report, WRITE, "Delete a report"),
    form(
        f"{AT}/{{report_id}}/schedule",
        set_schedule,
        WRITE,
        "Mail a report on a schedule",
        ScheduleForm,
        refused=_schedule_again,
    ),
    form(f"{AT}/{{report_id}}/schedule/delete", stop_schedule, WRITE, "Stop mailing a report"),
]
