"""Questions about the reports of decisions: budgets, selection, why an offer is not selected, anomalies. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

from headwater.analyst.metric_clauses import Clauses
from headwater.analyst.metric_intent import Intent, Unclear
from headwater.analyst.metric_lexicon import About
from headwater.analyst.metric_periods import periods
from headwater.analyst.metric_unknown import leftover
from headwater.analyst.periods import rolling
from headwater.analyst.times import Time
from headwater.tools.metric_question import Entities, MetricQuestion, Period, Report

_DAYS: Final = 7


def report(clauses: Clauses, today: date) -> Intent:
    """The report that the question is about. Raises ``Unclear``."""
    found = {item.meaning for item in clauses.items if isinstance(item.meaning, About)}
    clauses.used.update(at for at, item in enumerate(clauses.items) if isinstance(item.meaning, About))
    why = clauses.take("why")
    clauses.orders(rows=False)
    if len(found) > 1:
        raise Unclear("Ask about budgets, selections or anomalies one after the other.")
    (about,) = found
    name: Report = "why_not_ranked" if why and about.report == "selection" else about.report
    offers = list(dict.fromkeys(clauses.names.entities.values()))
    if any(one.kind != "offer" for one in offers) or clauses.names.metrics:
        raise Unclear("This is known of offers only, and without another metric; ask about offers.")
    clauses.used.update((*clauses.names.entities, *clauses.names.kinds))
    if name == "why_not_ranked" and len(offers) != 1:
        raise Unclear("Why which offer? Name one.", ("which offers are never selected?",))
    period, notes = _period(clauses, name, today)
    if clauses.left():
        raise leftover(clauses.left())
    entity = Entities("offer", tuple(one.id for one in offers) or "all")
    question = MetricQuestion(entity, period=period, report=name)
    return Intent(question, "report", never=about.never and name == "selection", notes=notes)


def _period(clauses: Clauses, name: Report, today: date) -> tuple[Period | None, tuple[str, ...]]:
    times = [item for item in clauses.items if isinstance(item.meaning, Time)]
    found = periods(clauses.reading, times, comparing=False, former=None)
    if name == "budgets":
        if times:
            raise Unclear("Budgets are of all time: ask without a period.", ("how much of the budgets is spent?",))
        return None, ()
    if found.ever:
        raise Unclear("Name the days, such as the last 30 days.")
    if found.main is None:
        dates = rolling("day", today, _DAYS + 1)
        return Period(dates.first, dates.last), (
            f"No period was named, so this is about the last {_DAYS} days and today.",
        )
    if found.main.last < today:
        raise Unclear("This is known of the days up to today only; ask for the last 7 or 30 days.")
    return found.main, ()
