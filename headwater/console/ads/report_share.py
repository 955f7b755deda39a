"""Links that show a report without signing in: made by who may change it, followed by anybody."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console import charts
from headwater.console.ads.reports import AT, shown_report
from headwater.console.charts import Downloads
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import render
from headwater.console.words import moment
from headwater.control.saved_reports import sharing
from headwater.errors import InvalidRequest
from headwater.surfaces._http.endpoint import PUBLIC, WRITE, Call, Endpoint, Reply

_PATH = "/ads/shared"


class ShareForm(msgspec.Struct, frozen=True):
    """For how long."""

    days: Annotated[int, Meta(ge=1, le=90)] = 7


async def make_link(call: Call[Any, ShareForm]) -> Reply:
    """The report's page with a link that is shown this once: nothing keeps it."""
    unit = await call.writing()
    link = await sharing.share(unit.session, call.scope, call.path_id("report_id"), call.body.days, call.client_ip)
    address = f"{call.services.settings.origin}{_PATH}/{link.token}"
    return await shown_report(call, Shown(), address, link.until)


async def follow(call: Call[Downloads, bytes]) -> Reply:
    """The report as it is now."""
    async with call.services.control.reading() as session:
        found = await sharing.shared(session, call.path["share_token"])
    await call.services.reporting.take_visit(found.report)
    try:
        table = await call.services.reporting.table(found.report, found.scope)
    except InvalidRequest as error:
        table, trouble = None, error.message
    else:
        trouble = ""
    if call.query.download:
        return await charts.download(call, table, call.query.download)
    return await render(
        call,
        "ads_shared.html",
        title=found.report.name,
        chart=charts.chart(call, table, "report") if table else None,
        trouble=trouble,
        until=moment(found.until, "UTC"),
        organisation=found.organisation,
    )


ENDPOINTS: list[Endpoint] = [
    form(f"{AT}/{{report_id}}/share", make_link, WRITE, "Make a link to a report", ShareForm),
    page(f"{_PATH}/{{share_token}}", follow, PUBLIC, "A report that was shared", Downloads),
]
