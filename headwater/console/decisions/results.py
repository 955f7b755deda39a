"""How offers and channels do: the reports of performance, by offer, group, channel and day. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

import msgspec

from headwater.console.decisions.content import OFFER, Content, Told, hundredths, offer_path, picked, table
from headwater.control.decisions.book import Book
from headwater.query.decisions.attribution import Attributed
from headwater.query.decisions.performance import ChannelRow, Group, OfferRow
from headwater.query.decisions.trends import Trend
from headwater.reports import Column, ReportTable
from headwater.tools.metric_reports import number

_IMPRESSIONS: Final = Column("impressions", "Impressions", "integer")
_CONVERSIONS: Final = Column("conversions", "Positive outcomes", "integer")
_CONVERTS: Final = Column("converts", "Conversions", "integer")
_REVENUE: Final = Column("revenue", "Revenue", "number")
_RATE: Final = Column("rate", "Acceptance rate", "number", "%", additive=False)
_DAY: Final = Column("time", "Day", "time")


def midnight(day: date) -> datetime:
    """A day as tables of figures have it."""
    return datetime.combine(day, time(), UTC)


def acceptance_rate(told: Told) -> Content:
    """Every offer that is active or was shown."""
    rows: tuple[OfferRow, ...] = told.result
    columns = (*OFFER, _IMPRESSIONS, _CONVERSIONS, Column("negative", "Negative outcomes", "integer"), _RATE)
    ids = [told.book.id_of("offer", row.offer) for row in rows]
    made = table(
        told,
        "How often offers are accepted",
        columns,
        [
            (
                row.name,
                public_id,
                row.result.impressions,
                row.result.positive,
                row.result.negative,
                hundredths(row.result.rate),
            )
            for row, public_id in zip(rows, ids, strict=True)
        ],
    )
    return Content(rows=made, drawn=picked(made, "bar", "name", "impressions", "rate"), paths=_offers(ids))


def offer_performance(told: Told) -> Content:
    """The most shown active offers, with how they are set up."""
    rows: tuple[OfferRow, ...] = told.result
    columns = (
        *OFFER,
        Column("priority", "Priority (0–100)", "integer", additive=False),
        Column("creatives", "Creatives", "integer"),
        _IMPRESSIONS,
        _CONVERSIONS,
        _CONVERTS,
        _REVENUE,
        _RATE,
    )
    ids = [told.book.id_of("offer", row.offer) for row in rows]
    made = table(
        told,
        "What active offers bring",
        columns,
        [
            (row.name, public_id, row.priority, row.creatives, *_figures(row))
            for row, public_id in zip(rows, ids, strict=True)
        ],
    )
    return Content(rows=made, drawn=picked(made, "bar", "name", "revenue"), paths=_offers(ids))


def _figures(row: OfferRow | ChannelRow) -> tuple[int | float, ...]:
    found = row.result
    return (
        found.impressions,
        found.positive,
        found.converts,
        number(found.revenue),
        number(found.rate * 100),
    )


def grouped(told: Told) -> Content:
    """Offers within each channel, category or segment."""
    groups: tuple[Group, ...] = told.result
    kind = told.question.group_by or "channel"
    columns = (
        Column("group", kind.capitalize(), "text"),
        Column("group_id", f"{kind.capitalize()} id", "text"),
        *OFFER,
        _IMPRESSIONS,
        _CONVERSIONS,
        _CONVERTS,
        _REVENUE,
        _RATE,
    )
    ids = [told.book.id_of("offer", row.offer) for group in groups for row in group.offers]
    found = [
        (group.name, _group_id(told.book, kind, group), row.name, told.book.id_of("offer", row.offer), *_figures(row))
        for group in groups
        for row in group.offers
    ]
    made = table(told, f"Offers by {kind}", columns, found)
    notes = ("A customer can be in several segments, and counts in each.",) if kind == "segment" else ()
    return Content(
        rows=made, drawn=picked(made, "bar", "group", "impressions", "revenue"), paths=_offers(ids), notes=notes
    )


def _group_id(book: Book, kind: str, group: Group) -> str:
    return "" if group.number is None else book.id_of(kind, group.number)


def channels(told: Told) -> Content:
    """Every channel that is active or was used."""
    rows: tuple[ChannelRow, ...] = told.result
    columns = (
        Column("name", "Channel", "text"),
        Column("id", "Id", "text"),
        _IMPRESSIONS,
        _CONVERSIONS,
        _CONVERTS,
        _REVENUE,
        Column("rate", "Effectiveness", "number", "%", additive=False),
    )
    made = table(
        told,
        "How well channels work",
        columns,
        [(row.name, told.book.id_of("channel", row.channel), *_figures(row)) for row in rows],
    )
    return Content(rows=made, drawn=picked(made, "bar", "name", "impressions", "rate"))


def daily_trend(told: Told) -> Content:
    """Each day's impressions and outcomes."""
    found: Trend = told.result
    made = table(
        told,
        "Impressions and outcomes by day",
        (_DAY, _IMPRESSIONS, _CONVERSIONS, _CONVERTS),
        [(midnight(day.date), day.result.impressions, day.result.positive, day.result.converts) for day in found.days],
    )
    return Content(rows=made, drawn=_growing(picked(made, "line", "time", "impressions", "conversions"), found))


def revenue_trend(told: Told) -> Content:
    """Each day's revenue."""
    found: Trend = told.result
    days = [(midnight(day.date), number(day.result.revenue)) for day in found.days]
    made = table(told, "Revenue by day", (_DAY, _REVENUE), days)
    return Content(rows=made, drawn=_growing(picked(made, "bar", "time", "revenue"), found))


def _growing(drawn: ReportTable, found: Trend) -> ReportTable:
    """Marked at the last day, which is today."""
    return msgspec.structs.replace(drawn, unfinished=midnight(found.days[-1].date))


def attribution(told: Told) -> Content:
    """What each attribution model gives the channels."""
    rows: tuple[Attributed, ...] = told.result
    columns = (
        Column("model", "Model", "text"),
        Column("conversions", "Conversions", "integer"),
        Column("value", "Value", "number"),
        Column("average", "Value of a conversion", "number", additive=False),
    )
    made = table(
        told,
        "What attribution models say",
        columns,
        [
            (row.model.replace("_", " ").capitalize(), row.conversions, number(row.total), number(row.average))
            for row in rows
        ],
    )
    return Content(rows=made, drawn=picked(made, "bar", "model", "conversions", "value"))


def _offers(ids: list[str]) -> dict[str, list[str]]:
    return {"name": [offer_path(one) for one in ids]}
