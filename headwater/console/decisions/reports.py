"""The pages of reports of decisions: filters, figures with their tables and files, the API call behind each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.console import charts, tables
from headwater.console.charts import Chart
from headwater.console.decisions.content import Content, Told
from headwater.console.decisions.filters import Asked, ReportsQuery, since
from headwater.console.decisions.reports_of import PAGES, REPORTS, Page, Part
from headwater.console.decisions.tabs import tabs
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.tables import Table
from headwater.control.decisions.book import Book
from headwater.query.decisions.answers import NotMaterialised
from headwater.query.decisions.dashboard import DashboardType
from headwater.reports import ReportTable
from headwater.surfaces._http.endpoint import READ, Call, Endpoint, Reply
from headwater.tools.metric_table import period_words

_UNREAD = ("id", "group_id")
"""Columns that files have for programs, where people read names."""
_BY_PATH = {one.path: one for one in PAGES}


class Figure(msgspec.Struct, frozen=True):
    """One part of a report: ready to be shown, or why there is nothing."""

    name: str
    title: str
    words: str
    empty: str
    content: Content | None = None
    chart: Chart | None = None
    apart: str = ""


async def report(call: Call[ReportsQuery, bytes]) -> Reply:
    """All figures of the page, or the file of one."""
    about = _BY_PATH[call.at]
    today = await call.services.tools.metrics.today(call.scope, "decisions")
    chosen = since(call.query, today)
    engine, scope = call.services.decisions, call.scope
    # First: entities that change while they are read must not be taken for the new ones.
    generation = engine.entities_generation(scope)
    book = await call.services.control.books.get(scope.organisation_id)
    asked = Asked(call.query, about.types, chosen, book)
    days = period_words(chosen.period)
    found = await asyncio.gather(*(_figures(call, kind, asked, book, generation, days) for kind in about.types))
    figures = [figure for of_type in found for figure in of_type]
    if call.query.download:
        return await _file(call, figures)
    timed = any(REPORTS[kind].timed for kind in about.types)
    return await render(
        call,
        "decisions/reports.html",
        title=about.title,
        words=about.words,
        tabs=tabs(call, f"?{_kept(call.query)}" if timed else ""),
        chosen=chosen,
        since=call.query.frm.strip(),
        timed=timed,
        choices=asked.choices,
        given=asked.given,
        figures=figures,
    )


def _kept(query: ReportsQuery) -> str:
    return f"from={query.frm.strip()}" if query.frm.strip() else f"period={query.period}"


async def _figures(
    call: Call[Any, Any], kind: DashboardType, asked: Asked, book: Book, generation: int, days: str
) -> list[Figure]:
    question = asked.question(kind)
    if question is None:
        return [Figure(kind, "Which offer?", "", "Choose an offer above, and see what becomes of it in decisions.")]
    answer = await call.services.decisions.ask(question, book, call.scope, generation)
    if isinstance(answer.result, NotMaterialised):
        words = "The segment has no list of members yet. Refresh it by the API, or send its members."
        return [Figure(kind, REPORTS[kind].parts[0].words, "", words)]
    told = Told(question, answer.result, book, days)
    apart = ", ".join(asked.apart(kind))
    return [_figure(call, kind, part, told, asked.path(kind), apart) for part in REPORTS[kind].parts]


def _figure(call: Call[Any, Any], kind: DashboardType, part: Part, told: Told, api: str, apart: str) -> Figure:
    name = f"{kind}-{part.name}" if part.name else kind
    content = part.content(told)
    if not content.rows.rows:
        return Figure(name, content.rows.title, part.words, part.empty, content, apart=apart)
    shown = content.read or _read(content)
    made = charts.listed(call, content.rows, name, api)
    if content.drawn is not None:
        made = charts.chart(call, content.drawn, name, api)
    return Figure(name, made.title, part.words, "", content, msgspec.structs.replace(made, table=shown), apart)


def _read(content: Content) -> Table:
    rows = content.rows
    kept = [at for at, column in enumerate(rows.columns) if column.key not in _UNREAD]
    read = msgspec.structs.replace(
        rows,
        columns=tuple(rows.columns[at] for at in kept),
        rows=[tuple(row[at] for at in kept) for row in rows.rows],
    )
    return tables.table(read, content.paths)


async def _file(call: Call[ReportsQuery, Any], figures: Sequence[Figure]) -> Reply:
    content = next((one.content for one in figures if one.name == call.query.chart), None)
    table: ReportTable | None = None
    if content is not None:
        table = content.rows if call.query.download == "csv" else content.drawn or content.rows
    return await charts.download(call, table, call.query.download or "csv")


def _endpoint(about: Page) -> Endpoint:
    return page(about.path, report, READ, about.title, ReportsQuery)


ENDPOINTS = [_endpoint(one) for one in PAGES]
