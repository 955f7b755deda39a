"""Saved reports: kept, run, and exported as files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from headwater.control.saved_reports.models import SavedReport
from headwater.control.saved_reports.service import ReportFields, SavedReports
from headwater.errors import NotFound
from headwater.reporting.fields import checked
from headwater.reports import FORMATS
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.ad_creatives.contract import Ids, Resource, Time, TimeFrame
from headwater.surfaces.ad_creatives.page import Limit, Offset

Relative = Literal["last_7_days", "last_30_days", "this_month", "previous_month", "lifetime"]
_TAG = "Reports"
_AT = "/api/v2/reports/{report_id}"


class ReportBody(msgspec.Struct, frozen=True):
    """A report as it is sent. Either both of ``time_from`` and ``time_to``, or ``relative``."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    workspace_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    resource: Resource
    ids: Annotated[Ids, Meta(max_length=1000)]
    metrics: Annotated[list[str], Meta(min_length=1, max_length=100, description="Metrics, or `base` for all.")]
    time_frame: TimeFrame = "day"
    time_from: Time | None = None
    time_to: Time | None = None
    relative: (
        Annotated[
            Relative, Meta(description="A period that moves with today; default `last_30_days` without the two times.")
        ]
        | None
    ) = None
    breakdown: Literal["none", "creative", "domain", "dsp"] = "none"
    chart: Annotated[
        Literal["line", "bar", "area", "table"],
        Meta(description="A bar or a table with a breakdown shows totals of the period; all else is over time."),
    ] = "line"


class ReportRow(msgspec.Struct, frozen=True):
    """A report as it is answered."""

    id: int
    name: str
    workspace_id: int
    resource: str
    ids: list[int]
    metrics: list[str]
    time_frame: str
    time_from: str | None
    time_to: str | None
    relative: str | None
    breakdown: str
    chart: str
    created_by: int
    created_at: datetime
    updated_at: datetime


class OneReport(msgspec.Struct, frozen=True):
    """One report."""

    data: ReportRow


class ManyReports(msgspec.Struct, frozen=True):
    """A page of reports, newest first."""

    data: list[ReportRow]
    total: int
    limit: int
    offset: int


class ColumnRow(msgspec.Struct, frozen=True):
    """One column of a report's data."""

    key: str
    label: str
    kind: str
    unit: str


class ReportData(msgspec.Struct, frozen=True):
    """A report that was run."""

    report: ReportRow
    columns: list[ColumnRow]
    rows: list[list[Any]]


class Ran(msgspec.Struct, frozen=True):
    """A report that was run."""

    data: ReportData


class ReportsQuery(msgspec.Struct, frozen=True):
    """Parameters of the list."""

    limit: Limit = 20
    offset: Offset = 0


class ExportQuery(msgspec.Struct, frozen=True):
    """Parameters of the export."""

    format: Annotated[
        Literal["csv", "json", "xlsx", "png", "svg", "pdf"], Meta(description="Kind of file.", examples=["pdf"])
    ]


def row(report: SavedReport) -> ReportRow:
    """The report as it is answered."""
    return ReportRow(**{name: getattr(report, name) for name in ReportRow.__struct_fields__})


def _new_report(body: ReportBody) -> ReportFields:
    """The body as a report to keep."""
    return checked(ReportFields(**msgspec.structs.asdict(body)))


async def list_reports(call: Call[ReportsQuery, bytes]) -> Reply:
    """A page, newest first; of one workspace where the path names it."""
    workspace = call.path_id("workspace_id") if "workspace_id" in call.path else None
    query = call.query
    async with call.services.control.reading() as session:
        found, total = await SavedReports(session, call.scope).list(workspace, query.limit, query.offset)
    return Reply(ManyReports([row(report) for report in found], total, query.limit, query.offset))


async def create_report(call: Call[Any, ReportBody]) -> Reply:
    """Keep a new report."""
    new = _new_report(call.body)
    unit = await call.writing()
    return Reply(OneReport(row(await SavedReports(unit.session, call.scope).create(new))), 201)


async def get_report(call: Call[Any, bytes]) -> Reply:
    """One report."""
    return Reply(OneReport(row(await _find(call))))


async def replace_report(call: Call[Any, ReportBody]) -> Reply:
    """Put another in its place."""
    new = _new_report(call.body)
    unit = await call.writing()
    return Reply(OneReport(row(await SavedReports(unit.session, call.scope).replace(call.path_id("report_id"), new))))


async def delete_report(call: Call[Any, bytes]) -> Reply:
    """Remove one; nothing is measured less."""
    unit = await call.writing()
    await SavedReports(unit.session, call.scope).delete(call.path_id("report_id"))
    return Reply(status=204)


async def report_data(call: Call[Any, bytes]) -> Reply:
    """Run it."""
    report = await _find(call)
    table = await call.services.reporting.table(report, call.scope)
    columns = [ColumnRow(column.key, column.label, column.kind, column.unit) for column in table.columns]
    return Reply(Ran(ReportData(row(report), columns, [list(cells) for cells in table.rows])))


async def export_report(call: Call[ExportQuery, bytes]) -> Reply:
    """Run it and make a file of the answer."""
    report, reporting = await _find(call), call.services.reporting
    file = await reporting.file(report, await reporting.table(report, call.scope), call.query.format)
    disposition = ("content-disposition", f'attachment; filename="{file.name}"')
    return Reply(file.content, media_type=file.media_type, headers=(disposition,))


async def _find(call: Call[Any, Any]) -> SavedReport:
    async with call.services.control.reading() as session:
        return await SavedReports(session, call.scope).get(call.path_id("report_id"))


EXAMPLE = {
    "name": "Winter by day",
    "workspace_id": 1,
    "resource": "campaign",
    "ids": [1010],
    "metrics": ["impressions", "link_clicks"],
    "time_frame": "day",
    "relative": "last_30_days",
    "breakdown": "none",
    "chart": "line",
}
_ANSWERED = {
    **EXAMPLE,
    "id": 7,
    "time_from": None,
    "time_to": None,
    "created_by": 1,
    "created_at": "2025-04-17T09:30:00Z",
    "updated_at": "2025-04-17T09:30:00Z",
}
_ONE = Answers("The report.", OneReport, {"data": _ANSWERED})
_MANY = Answers("A page of reports.", ManyReports, {"data": [_ANSWERED], "total": 1, "limit": 20, "offset": 0})
_RAN = Answers(
    "Columns and rows of the report as of now.",
    Ran,
    {
        "data": {
            "report": _ANSWERED,
            "columns": [
                {"key": "time", "label": "Day", "kind": "time", "unit": ""},
                {"key": "impressions", "label": "Impressions", "kind": "integer", "unit": ""},
                {"key": "link_clicks", "label": "Link clicks", "kind": "integer", "unit": ""},
            ],
            "rows": [["2025-04-17T00:00:00Z", 123, 12]],
        }
    },
)
_FILES = tuple(dict.fromkeys(format.media_type.partition(";")[0] for format in FORMATS.values()))

ENDPOINTS = [
    Endpoint("GET", "/api/v2/reports", list_reports, READ, "List reports", _TAG, {200: _MANY}, query=ReportsQuery),
    Endpoint(
        "GET",
        "/api/v2/workspaces/{workspace_id}/reports",
        list_reports,
        READ,
        "List a workspace's reports",
        _TAG,
        {200: _MANY},
        query=ReportsQuery,
        errors=(NotFound,),
    ),
    Endpoint(
        "POST",
        "/api/v2/reports",
        create_report,
        WRITE,
        "Create a report",
        _TAG,
        {201: _ONE},
        body=ReportBody,
        body_example=EXAMPLE,
        errors=(NotFound,),
    ),
    Endpoint("GET", _AT, get_report, READ, "Get a report", _TAG, {200: _ONE}, errors=(NotFound,)),
    Endpoint(
        "PUT",
        _AT,
        replace_report,
        WRITE,
        "Replace a report",
        _TAG,
        {200: _ONE},
        body=ReportBody,
        body_example=EXAMPLE,
        errors=(NotFound,),
    ),
    Endpoint("DELETE", _AT, delete_report, WRITE, "Delete a report", _TAG, {204: Answers("Gone.")}, errors=(NotFound,)),
    Endpoint("GET", f"{_AT}/data", report_data, READ, "Run a report", _TAG, {200: _RAN}, errors=(NotFound,)),
    Endpoint(
        "GET",
        f"{_AT}/export",
        export_report,
        READ,
        "Export a report as a file",
        _TAG,
        {200: Answers("A file fit for a presentation.", media_types=_FILES)},
        query=ExportQuery,
        errors=(NotFound,),
    ),
]
