"""Questions that go on from the one before: "and the week before?", "by domain?", "what about campaign X?". Pure."""

from __future__ import annotations

from typing import Final, cast

import msgspec

from headwater.analyst.metric_clauses import Clauses
from headwater.analyst.metric_intent import Intent, Shape, Unclear
from headwater.analyst.metric_periods import periods
from headwater.analyst.metric_scope import chosen
from headwater.analyst.metric_unknown import leftover
from headwater.analyst.times import Time
from headwater.catalogue.asked import ASKED
from headwater.tools.metric_question import Breakdown, MetricQuestion, Order

_BARE: Final[dict[str, object]] = {"order": None, "limit": None, "having": ()}


def followed(clauses: Clauses, previous: MetricQuestion) -> Intent:
    """The question before with what this one says otherwise. Raises ``Unclear``."""
    if previous.report is not None:
        raise Unclear("I cannot go on from a report; please ask the whole question.")
    if clauses.names.family != previous.family:
        raise Unclear("That is measured of something else than before; please ask the whole question.")
    question = _timed(clauses, _renamed(clauses, previous))
    question = _scoped(clauses, _split(clauses, question))
    clauses.used.update(clauses.signs("by"))
    if clauses.left():
        raise leftover(clauses.left())
    if question == previous:
        raise Unclear("What shall be different from the question before? Name a time, a metric or an entity.")
    shown = _shown(question)
    return Intent(question, _shape(question), shown)


def _renamed(clauses: Clauses, previous: MetricQuestion) -> MetricQuestion:
    metrics = tuple(clauses.names.metrics[at] for at in sorted(clauses.names.metrics))
    clauses.used.update(clauses.names.metrics)
    if not metrics:
        return previous
    order = Order(metrics[0], previous.order.direction) if previous.order else None
    rates = [rate for one in metrics if (rate := ASKED[previous.family, one].rate)]
    parts = [part for rate in rates for part in (rate.numerator, rate.denominator)]
    named = tuple(dict.fromkeys((*metrics, *parts)))
    return msgspec.structs.replace(previous, metrics=named, order=order, having=())


def _timed(clauses: Clauses, question: MetricQuestion) -> MetricQuestion:
    comparing = clauses.take("compare")
    times = [item for item in clauses.items if isinstance(item.meaning, Time)]
    if not times:
        return question
    found = periods(clauses.reading, times, comparing=comparing, former=question.period)
    if comparing and found.compare is None and question.period and found.main:
        # "compared with October": what was asked about stays.
        return msgspec.structs.replace(question, compare=found.main)
    if found.ever and question.family != "ads":
        raise Unclear("All time is known of ad events only; name a period, such as the last 90 days.")
    return msgspec.structs.replace(question, period=found.main, compare=found.compare)


def _split(clauses: Clauses, question: MetricQuestion) -> MetricQuestion:
    by, _ = clauses.kind(ranked=False, marked=True)
    days = (question.period.last - question.period.first).days + 1 if question.period else 0
    grain, _ = clauses.granularity(ranked=False, days=days)
    if grain is not None:
        question = msgspec.structs.replace(question, granularity=grain, compare=None, **_BARE)
    if by is None:
        return question
    order = None if question.granularity else Order(question.metrics[0])
    return msgspec.structs.replace(question, breakdown=cast(Breakdown, by), **{**_BARE, "order": order})


def _scoped(clauses: Clauses, question: MetricQuestion) -> MetricQuestion:
    clauses.used.update(clauses.names.kinds)
    clauses.used.update(clauses.names.entities)
    if not clauses.names.entities:
        return question
    scope = chosen(clauses.names, question.metrics, None)
    if scope.entity.ids == "all":
        return msgspec.structs.replace(question, only=scope.only)
    breakdown = scope.beside if question.breakdown in (scope.entity.kind, None) else question.breakdown
    changes: dict[str, object] = {} if breakdown == question.breakdown else dict(_BARE)
    return msgspec.structs.replace(
        question, entity=scope.entity, only=scope.only or question.only, breakdown=breakdown, **changes
    )


def _shown(question: MetricQuestion) -> tuple[str, ...]:
    """The metrics without the parts that stand behind their rates."""
    rates = [rate for one in question.metrics if (rate := ASKED[question.family, one].rate)]
    parts = {part for rate in rates for part in (rate.numerator, rate.denominator)}
    return tuple(one for one in question.metrics if one not in parts)


def _shape(question: MetricQuestion) -> Shape:
    if question.limit is not None:
        return "ranking"
    return "trend" if question.granularity else "listing" if question.breakdown else "value"
