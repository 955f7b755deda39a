"""Interactions and their revenue by day, days without any at 0."""

from __future__ import annotations

from datetime import date

import msgspec

from headwater.catalogue.decisions import INTERACTIONS
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.performance import NOTHING, Performance
from headwater.query.decisions.tally import DAY_OF, Tally


class Day(msgspec.Struct, frozen=True):
    """One day of a series."""

    date: date
    result: Performance


class Trend(msgspec.Struct, frozen=True):
    """As many days as were asked for; ``has_data`` says whether the window has any interaction."""

    days: tuple[Day, ...]
    has_data: bool


async def trend(facts: Facts, question: DashboardQuestion, span: Span) -> Trend:
    """The days up to today."""
    measures = ("impressions", "positive", "negative", "converts", "revenue", "interactions")
    rows = await facts.tally(Tally(INTERACTIONS, measures, (DAY_OF,), span.window, within=question.segment))
    found = {day: Performance(*values[:-1]) for day, *values in rows}
    days = tuple(Day(day, found.get(day, NOTHING)) for day in span.shown)
    return Trend(days, any(row[-1] for row in rows))
