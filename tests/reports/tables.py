"""Columns and tables that the report tests share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headwater.reports.table import Column, ReportTable, Row

DAY = Column("time", "Date", "time")
NAME = Column("name", "Creative", "text")
VIEWS = Column("views", "Views", "integer")
WATCH = Column("watch", "Average watch time", "number", "seconds", additive=False)
FIRST = datetime(2026, 10, 24, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [FIRST + timedelta(days=at) for at in range(count)]


def daily(names: list[str], count: int = 3) -> ReportTable:
    """Series ``names`` over ``count`` days; the first name has the most views."""
    rows: list[Row] = [
        (day, name, 100 * (len(names) - rank) + at, 5.5 + rank)
        for at, day in enumerate(days(count))
        for rank, name in enumerate(names)
    ]
    return ReportTable("Autumn launch", "24 to 26 October 2026, UTC", (DAY, NAME, VIEWS, WATCH), rows, "line")
