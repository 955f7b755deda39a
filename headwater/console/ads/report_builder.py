"""The report builder: a draft in the address, its preview, and how it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console.ads import calls
from headwater.console.ads.report_draft import (
    METRICS,
    By,
    Draft,
    Drawing,
    Frame,
    PeriodName,
    Resource,
    address,
    fields,
    of_report,
    options,
    question,
    read,
    title,
)
from headwater.console.ads.reports import AT, report_chart
from headwater.console.charts import Chart
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.control.entities.kinds import KINDS
from headwater.control.entities.nested import TreeNode
from headwater.control.entities.service import Entities
from headwater.control.saved_reports.models import SavedReport
from headwater.control.saved_reports.service import ReportFields, SavedReports
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.reporting.mapping import window
from headwater.reports import ReportTable
from headwater.scope import Scope
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Endpoint, Reply, Typed

_MOST_PICKED_FROM = 500
_CHOICES = {
    "resources": options(Resource, plural=True),
    "periods": options(PeriodName),
    "frames": options(Frame),
    "breakdowns": options(By),
    "charts": options(Drawing),
}


class SaveForm(msgspec.Struct, frozen=True):
    """A draft as its address says it, and its name."""

    name: Annotated[str, Meta(max_length=255)]
    draft: Annotated[str, Meta(max_length=100_000)]


class Pick(msgspec.Struct, frozen=True):
    """Something that a report can be about."""

    id: int
    label: str
    chosen: bool


async def new(call: Call[Draft, bytes]) -> Reply:
    """The builder, with what its address says."""
    return await _builder(call, call.query, None, Shown())


async def edit(call: Call[Draft, bytes]) -> Reply:
    """The builder with a saved report, or with what its address says of it."""
    report = await _report(call)
    return await _builder(call, call.query if call.asked else of_report(report), report, Shown())


async def preview(call: Call[Draft, bytes]) -> Reply:
    """What the builder's address gives, as a page of its own from which the builder takes what it shows."""
    draft = _placed(call.query, await _workspaces(call))
    table, trouble = await _table(call, draft)
    chart = _chart(call, draft, table)
    return await render(
        call, "ads_preview_page.html", title="Preview", chart=chart, trouble=trouble, address=address(draft)
    )


async def create(call: Call[Any, SaveForm]) -> Reply:
    """Keep a new report."""
    kept = fields(read(call.body.draft), call.body.name)
    unit = await call.writing()
    report = await SavedReports(unit.session, call.scope).create(kept)
    return done(call, f"{AT}/{report.id}", f"The report “{report.name}” is saved.")


async def replace(call: Call[Any, SaveForm]) -> Reply:
    """Put the draft in a report's place."""
    kept = fields(read(call.body.draft), call.body.name)
    unit = await call.writing()
    report = await SavedReports(unit.session, call.scope).replace(call.path_id("report_id"), kept)
    return done(call, f"{AT}/{report.id}", f"The report “{report.name}” is saved.")


async def _new_again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    return await _builder(call, _typed(call), None, Shown(call.body, error))


async def _edit_again(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    return await _builder(call, _typed(call), await _report(call), Shown(call.body, error))


def _typed(call: Call[Any, Typed]) -> Draft:
    """The draft that was sent; an empty one where it cannot be read."""
    try:
        return read((call.body.get("draft") or [""])[-1])
    except InvalidRequest:
        return Draft()


async def _builder(call: Call[Any, Any], draft: Draft, report: SavedReport | None, problems: Shown) -> Reply:
    workspaces = await _workspaces(call)
    asked, draft = draft, _placed(draft, workspaces)
    picks, more = _picks(workspaces, draft)
    table, trouble = await _table(call, draft)
    return await render(
        call,
        "ads_builder.html",
        title=f"Edit {report.name}" if report else "New report",
        crumbs=[("Ad creatives", "/ads"), ("Reports", AT)],
        status=problems.status,
        report=report,
        draft=draft,
        address=address(draft),
        workspaces=[(node.id, node.name) for node in workspaces],
        picks=picks,
        more=more,
        gone=len(set(asked.ids) - set(draft.ids)) if report else 0,
        metrics=METRICS,
        choices=_CHOICES,
        chart=_chart(call, draft, table),
        trouble=trouble,
        problems=problems,
        WRITE=WRITE,
    )


async def _workspaces(call: Call[Any, Any]) -> Sequence[TreeNode]:
    async with call.services.control.reading() as session:
        return await Entities(session, call.scope).tree()


def _placed(draft: Draft, workspaces: Sequence[TreeNode]) -> Draft:
    """The draft in a workspace that there is, about things of its kind that are there."""
    known = {node.id: node for node in workspaces}
    node = known.get(draft.workspace) or next(iter(workspaces), None)
    there = {one.id for one, _ in _of_kind(node.children if node else (), draft.resource, ())}
    kept = [one for one in dict.fromkeys(draft.ids) if one in there]
    return msgspec.structs.replace(draft, workspace=node.id if node else 0, ids=kept)


def _picks(workspaces: Sequence[TreeNode], draft: Draft) -> tuple[list[Pick], int]:
    """What can be picked, chosen ones first, and how many there are beyond."""
    node = next((one for one in workspaces if one.id == draft.workspace), None)
    chosen = set(draft.ids)
    every = [
        Pick(one.id, " › ".join((*above, one.name)), one.id in chosen)
        for one, above in _of_kind(node.children if node else (), draft.resource, ())
    ]
    every.sort(key=lambda pick: not pick.chosen)
    shown = every[: max(_MOST_PICKED_FROM, len(chosen))]
    return shown, len(every) - len(shown)


def _of_kind(
    nodes: Sequence[TreeNode], kind: str, above: tuple[str, ...]
) -> Iterator[tuple[TreeNode, tuple[str, ...]]]:
    for node in nodes:
        if node.kind == kind:
            yield node, above
        elif KINDS.index(node.kind) < KINDS.index("creative"):
            yield from _of_kind(node.children, kind, (*above, node.name))


async def _table(call: Call[Any, Any], draft: Draft) -> tuple[ReportTable | None, str]:
    """The draft's figures, or what is still missing or wrong."""
    try:
        kept = fields(draft, title(draft))
        return await call.services.reporting.table(_unsaved(kept, call.scope), call.scope), ""
    except InvalidRequest as error:
        return None, error.message


def _chart(call: Call[Any, Any], draft: Draft, table: ReportTable | None) -> Chart | None:
    """The preview; it has no files, since those are of saved reports."""
    if table is None:
        return None
    span = window(_unsaved(fields(draft, title(draft)), call.scope), call.services.clock())
    asked = question(draft, span)
    return report_chart(call, table, (), calls.question(asked) if asked else None)


def _unsaved(kept: ReportFields, scope: Scope) -> SavedReport:
    """A report that no table holds: what is run must not be kept first."""
    values = msgspec.structs.asdict(kept)
    values["ids"], values["metrics"] = [*kept.ids], [*kept.metrics]
    return SavedReport(**values, id=0, organisation_id=scope.organisation_id, created_by=scope.user_id)


async def _report(call: Call[Any, Any]) -> SavedReport:
    async with call.services.control.reading() as session:
        return await SavedReports(session, call.scope).get(call.path_id("report_id"))


ENDPOINTS: list[Endpoint] = [
    page(f"{AT}/new", new, WRITE, "Build a report", Draft),
    page(f"{AT}/preview", preview, READ, "What a report would show", Draft),
    form(AT, create, WRITE, "Save a report", SaveForm, refused=_new_again),
    page(f"{AT}/{{report_id}}/edit", edit, WRITE, "Change a report", Draft),
    form(f"{AT}/{{report_id}}", replace, WRITE, "Save a report's changes", SaveForm, refused=_edit_again),
]
