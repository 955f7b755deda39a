"""What is set up and what of it is used: counts, the way of offers to the customer, budgets, suppressions. Pure."""

from __future__ import annotations

from typing import Final

from headwater.console import words
from headwater.console.decisions.content import Content, Told, offer_path, picked, table
from headwater.console.decisions.policy_words import named
from headwater.query.decisions.answers import Suppressed
from headwater.query.decisions.budgets import Budget
from headwater.query.decisions.overview import Funnel, Summary
from headwater.reports import Column
from headwater.tools import metric_reports

NOW: Final = "as of now"
_ALWAYS: Final = "of all time"


def summary(told: Told) -> Content:
    """How much there is of everything that decides."""
    found: Summary = told.result
    counts = (
        ("Active offers", found.active_offers),
        ("Active channels", found.active_channels),
        ("Active experiments", found.active_experiments),
        ("Journeys", found.journeys),
        ("Active triggers", found.active_triggers),
        ("Pending approvals", found.pending_approvals),
    )
    columns = (Column("what", "What", "text"), Column("count", "How many", "integer"))
    made = table(told, "What is set up", columns, counts, days=NOW, ordered=True)
    return Content(rows=made, tiles=tuple((label, words.number(count), "") for label, count in counts))


def funnel(told: Told) -> Content:
    """How many offers could reach a customer."""
    found: Funnel = told.result
    stages = (
        ("Offers", found.offers),
        ("Of these active", found.active),
        ("Of these with a creative", found.with_creatives),
        ("Creatives of all offers", found.creatives),
    )
    columns = (Column("stage", "Stage", "text"), Column("count", "How many", "integer"))
    made = table(told, "From an offer to what customers see", columns, stages, days=NOW, ordered=True)
    # Creatives are no part of the offers, beside which they would stand out.
    of_offers = table(told, made.title, columns, stages[:-1], days=NOW, ordered=True)
    return Content(rows=made, drawn=picked(of_offers, "bar", "stage", "count"))


def budgets(told: Told) -> Content:
    """How much of each budget is spent."""
    rows: tuple[Budget, ...] = told.result
    made = metric_reports.table("budgets", rows, told.book, None, _ALWAYS)
    ids = [told.book.id_of("offer", row.offer) for row in rows]
    over = [row.name for row in rows if row.remaining < 0]
    notes = (f"Spent beyond the budget: {', '.join(over)}.",) if over else ()
    return Content(
        rows=made,
        drawn=picked(made, "bar", "name", "burn_rate"),
        paths={"name": [offer_path(one) for one in ids]},
        notes=notes,
    )


def policies(told: Told) -> Content:
    """What keeps offers from customers just now."""
    found: Suppressed = told.result
    rows = [(named(policy), policy, count) for policy, count in found.by_policy]
    columns = (
        Column("name", "Because", "text"),
        Column("id", "Type", "text"),
        Column("count", "Suppressions", "integer"),
    )
    made = table(told, "What keeps offers from customers", columns, rows, days=NOW)
    total = sum(count for _, _, count in rows)
    return Content(
        rows=made,
        drawn=picked(made, "bar", "name", "count"),
        tiles=(("Suppressions that hold now", words.number(total), ""),),
    )
