"""Reports of decisions that are no sums: budgets, how often offers are selected, why one is not, anomalies. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from headwater.control.decisions.book import Book
from headwater.query.decisions.anomalies import Anomaly
from headwater.query.decisions.answers import Result
from headwater.query.decisions.budgets import Budget
from headwater.query.decisions.dashboard import DashboardType
from headwater.query.decisions.selection import SELECTION_CAP, OfferSelection, Selection, WhyNot
from headwater.reports import Column, ReportTable
from headwater.reports.table import Cell
from headwater.tools.metric_question import Report

TYPES: Final[dict[Report, DashboardType]] = {
    "budgets": "budget_burn",
    "selection": "selection_frequency",
    "why_not_ranked": "why_not_ranked",
    "anomalies": "anomaly_candidates",
}
_TITLES: Final[dict[Report, str]] = {
    "budgets": "Budgets of offers",
    "selection": "How often offers are selected",
    "why_not_ranked": "Why an offer is not selected",
    "anomalies": "What is not as before",
}
_OFFER: Final = (Column("name", "Offer", "text"), Column("id", "Id", "text"))
_COLUMNS: Final[dict[Report, tuple[Column, ...]]] = {
    "budgets": (
        *_OFFER,
        Column("currency", "Currency", "text"),
        Column("allocated", "Budget", "number"),
        Column("spent", "Spent", "number"),
        Column("remaining", "Remaining", "number"),
        Column("burn_rate", "Spent of the budget", "number", "%", additive=False),
        Column("impressions", "Offer impressions", "integer"),
    ),
    "selection": (
        *_OFFER,
        Column("considered", "Considered", "integer"),
        Column("scored", "Scored", "integer"),
        Column("selected", "Selected", "integer"),
        Column("selection_rate", "Selection rate", "number", "%", additive=False),
        Column("mean_rank", "Mean rank", "number", additive=False),
    ),
    "why_not_ranked": (Column("name", "What became of it", "text"), Column("decisions", "Decisions", "integer")),
    "anomalies": (
        Column("metric", "Metric", "text"),
        Column("dimension", "Of", "text"),
        Column("name", "Name", "text"),
        Column("severity", "Severity", "text"),
        Column("baseline", "Before", "number", additive=False),
        Column("current", "Now", "number", additive=False),
        Column("change_percent", "Change", "number", "%", additive=False),
        Column("z_score", "z-score", "number", additive=False),
    ),
}


def table(report: Report, found: Result, book: Book, only: frozenset[str] | None, subtitle: str) -> ReportTable:
    """The report; ``only`` are the ids of the offers that are asked about, None for all."""
    rows = (
        _why(found)
        if isinstance(found, WhyNot)
        else [_row(one, book) for one in _items(found) if only is None or _id(one, book) in only]
    )
    return ReportTable(_TITLES[report], subtitle, _COLUMNS[report], rows, "table", ("name",))


def warnings(found: Result) -> tuple[str, ...]:
    """What to know of a report that does not reach as far back as it was asked to."""
    if isinstance(found, Selection) and found.traces >= SELECTION_CAP:
        return (f"Only the newest {SELECTION_CAP:,} decisions of these days were read.",)
    return ()


def _items(found: Result) -> tuple[object, ...]:
    if isinstance(found, Selection):
        return tuple(sorted(found.offers, key=lambda one: (-one.selected, -one.eligible, one.name, one.offer)))
    return tuple(found) if isinstance(found, tuple) else ()


def _id(one: object, book: Book) -> str:
    if isinstance(one, Budget | OfferSelection):
        return book.id_of("offer", one.offer)
    if isinstance(one, Anomaly) and one.dimension == "offer" and one.number is not None:
        return book.id_of("offer", one.number)
    return ""


def _row(one: object, book: Book) -> tuple[Cell, ...]:
    match one:
        case Budget():
            money = map(number, (one.allocated, one.spent, one.remaining))
            return one.name, _id(one, book), one.currency or "", *money, float(one.burn_rate), one.impressions
        case OfferSelection():
            rate, mean = number(one.rate * 100), None if one.mean_rank is None else number(one.mean_rank)
            return one.name, _id(one, book), one.eligible, one.scored, one.selected, rate, mean
        case Anomaly():
            values = number(one.baseline), number(one.current), one.delta_percent, one.z_score
            return one.metric, one.dimension, one.name, one.severity, *values
        case _:
            raise TypeError(f"No row is made of {type(one).__name__}.")


def _why(found: WhyNot) -> list[tuple[Cell, ...]]:
    return [
        ("Considered", found.eligible),
        ("Selected", found.selected),
        ("Outranked by other offers", found.outranked),
        ("Held back by a contact policy", found.held_back),
        ("Not qualified by its rules", found.unqualified),
        *((f"Beaten by {winner.name}", winner.count) for winner in found.beaten_by),
    ]


def number(value: Decimal) -> int | float:
    """A decimal as a cell.

    >>> number(Decimal("12.00")), number(Decimal("0.50"))
    (12, 0.5)
    """
    return int(value) if value == value.to_integral_value() else float(value)
