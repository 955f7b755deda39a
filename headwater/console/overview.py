"""The first page after signing in: what changed on every surface, what is not as before, what people noted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.console import charts
from headwater.console.ads import calls
from headwater.console.ads.figures import number, records
from headwater.console.navigation import MAIN
from headwater.console.overview_changes import SHOWN, SURFACES, WEEK, Line, Section, Surface, section
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.sparkline import runs
from headwater.control.annotations.service import Annotations, Span
from headwater.control.annotations.views import AnnotationView
from headwater.reports.table import Cell
from headwater.surfaces._http.endpoint import READ, Call, Reply
from headwater.tools.metric_days import DAY
from headwater.tools.metric_question import Entities, MetricQuestion, Period

_WIDTH, _HEIGHT = 120, 28
_NOTES = 5
_ANOMALIES = 6
_CURLS = {"yesterday": "Yesterday", "week": "7 days", "days": "Each day"}
_HINTS = {
    "ads": "No creatives yet. Once there are some and events come in, what changed is shown here.",
    "creators": "No videos yet. Add creators and videos, and their figures are shown here.",
    "decisions": "No offers yet. Add offers and send interactions, and what changed is shown here.",
}


class ShownLine(msgspec.Struct, frozen=True):
    """A line with its small chart drawn."""

    of: Line
    runs: list[str]


class ShownSection(msgspec.Struct, frozen=True):
    """A section for the template."""

    of: Section
    lines: list[ShownLine]
    path: str
    zone: str
    hint: str
    curls: list[tuple[str, str]]


async def overview(call: Call[Any, bytes]) -> Reply:
    """The page."""
    empty = await _empty(call)
    sections, anomalies, notes = await asyncio.gather(
        asyncio.gather(*(_section(call, one, empty=empty[one.family]) for one in SURFACES)),
        _anomalies(call, empty=empty["decisions"]),
        _notes(call),
    )
    return await render(
        call,
        "overview.html",
        title="Overview",
        new=all(empty.values()),
        sections=sections,
        shown_days=SHOWN,
        anomalies=None if anomalies is None else anomalies[0],
        anomalies_curl="" if anomalies is None else anomalies[1],
        anomalies_path=_path("/decisions"),
        notes=notes,
        notes_path=_path("/creators"),
        notes_curl=charts.curl(call, f"/api/v1/analytics/annotations?limit={_NOTES}"),
    )


def _path(path: str) -> str:
    """A page if the navigation leads there, else nothing."""
    return next((entry.path for entry in MAIN if entry.path == path), "")


async def _empty(call: Call[Any, Any]) -> dict[str, bool]:
    """Which surfaces have nothing that could be measured."""
    control, organisation = call.services.control, call.scope.organisation_id
    tree, roster, book = await asyncio.gather(
        control.trees.get(organisation), control.rosters.get(organisation), control.books.get(organisation)
    )
    return {"ads": not tree.creative_ids, "creators": not roster.numbers("video"), "decisions": not book.offers}


async def _section(call: Call[Any, Any], surface: Surface, *, empty: bool) -> ShownSection:
    tools = call.services.tools.metrics
    found = await section(surface, tools, call.scope, empty=empty)
    return ShownSection(
        found,
        [ShownLine(line, runs(line.days, _WIDTH, _HEIGHT)) for line in found.lines],
        _path(surface.path),
        await tools.zone(call.scope, surface.family),
        _HINTS[surface.family],
        [(f"{_CURLS[name]} as curl", calls.curl(call, calls.question(one))) for name, one in found.questions],
    )


async def _anomalies(call: Call[Any, Any], *, empty: bool) -> tuple[Sequence[dict[str, Cell]], str] | None:
    if empty:
        return None
    tools = call.services.tools.metrics
    today = await tools.today(call.scope, "decisions")
    asked = MetricQuestion(Entities("offer"), period=Period(today - WEEK * DAY, today), report="anomalies")
    answer = await tools.ask_metrics(asked, call.scope)
    return [_in_percent(one) for one in records(answer.table)[:_ANOMALIES]], calls.curl(call, calls.question(asked))


def _in_percent(record: dict[str, Cell]) -> dict[str, Cell]:
    """An anomaly with its rates in percent and the unit beside them; the report has them as shares of one."""
    if not str(record["metric"]).endswith("rate"):
        return {**record, "unit": ""}
    shares = {name: number(record[name]) for name in ("baseline", "current")}
    return {**record, **{name: None if one is None else one * 100 for name, one in shares.items()}, "unit": "%"}


async def _notes(call: Call[Any, Any]) -> list[AnnotationView]:
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    async with call.services.control.reading() as session:
        found, _ = await Annotations(session, call.scope, roster).page(None, Span(), None, _NOTES, None)
    return found


ENDPOINTS = [page("/", overview, READ, "Overview")]
