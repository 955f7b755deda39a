"""What one report of decisions shows: its rows, what of them is drawn, where its names lead. Pure.

>>> rows = ReportTable("T", "s", (Column("name", "Offer", "text"), Column("a", "A", "integer")), [("x", 1)], "table")
>>> picked(rows, "bar", "name", "a").series
('name',)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from headwater.console.tables import Table
from headwater.control.decisions.book import Book
from headwater.query.decisions.dashboard import DashboardQuestion
from headwater.reports import Column, ReportTable
from headwater.reports.table import ChartKind, Row
from headwater.tools.metric_reports import number

OFFER = (Column("name", "Offer", "text"), Column("id", "Id", "text"))


class Told(msgspec.Struct, frozen=True):
    """A question, its answer, the entities that it names, and its days in words."""

    question: DashboardQuestion
    result: Any
    book: Book
    days: str


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a report shows.

    ``rows`` are what the table and its CSV hold, ``drawn`` what the chart does. ``paths``
    are where names lead, by the column's key; ``read`` stands for the table where cells
    are read otherwise than they are counted. ``tiles`` are labels, figures and notes.
    """

    rows: ReportTable
    drawn: ReportTable | None = None
    paths: Mapping[str, Sequence[str]] = {}
    read: Table | None = None
    tiles: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


def table(
    told: Told, title: str, columns: Iterable[Column], rows: Sequence[Row], *, days: str = "", ordered: bool = False
) -> ReportTable:
    """Rows under a title; ``days`` where they are not those that were asked about."""
    return ReportTable(title, days or told.days, tuple(columns), rows, "table", ordered=ordered)


def picked(rows: ReportTable, chart: ChartKind, *keys: str) -> ReportTable:
    """Some columns of the rows, to be drawn; the texts among them name the bars."""
    places = [next(at for at, column in enumerate(rows.columns) if column.key == key) for key in keys]
    columns = tuple(rows.columns[at] for at in places)
    return msgspec.structs.replace(
        rows,
        columns=columns,
        rows=[tuple(row[at] for at in places) for row in rows.rows],
        chart=chart,
        series=tuple(column.key for column in columns if column.kind == "text"),
    )


def offer_path(public_id: str) -> str:
    """The page of an offer; empty for what is none."""
    return f"/decisions/offers/{public_id}" if public_id else ""


def hundredths(share: Decimal) -> int | float:
    """A share of one in percent."""
    return number(share * 100)
