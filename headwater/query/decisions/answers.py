"""Each type of question to what answers it."""

from __future__ import annotations

from typing import assert_never

import msgspec

from headwater.query.cache import Freshness
from headwater.query.decisions.anomalies import Anomaly, anomalies
from headwater.query.decisions.attribution import Attributed, attribution
from headwater.query.decisions.budgets import Budget, budgets
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.latencies import LatencyDay, latencies
from headwater.query.decisions.models import ModelTrend, model_trend
from headwater.query.decisions.names import Names
from headwater.query.decisions.overview import Funnel, Summary, funnel, summary
from headwater.query.decisions.performance import (
    ChannelRow,
    Group,
    OfferRow,
    acceptance,
    channel_effectiveness,
    grouped,
    offer_performance,
)
from headwater.query.decisions.scores import Degraded, ScoreDistribution, degraded, distribution
from headwater.query.decisions.selection import Selection, WhyNot, selection, why_not
from headwater.query.decisions.trends import Trend, trend
from headwater.storage.port import Row


class Suppressed(msgspec.Struct, frozen=True):
    """Suppressions that have not expired, by policy type, most first."""

    by_policy: tuple[Row, ...]


class NotMaterialised(msgspec.Struct, frozen=True):
    """The segment has no list yet."""


Result = (
    Summary
    | Funnel
    | Trend
    | ModelTrend
    | ScoreDistribution
    | Degraded
    | Selection
    | WhyNot
    | Suppressed
    | NotMaterialised
    | tuple[OfferRow, ...]
    | tuple[ChannelRow, ...]
    | tuple[Group, ...]
    | tuple[Budget, ...]
    | tuple[Attributed, ...]
    | tuple[LatencyDay, ...]
    | tuple[Anomaly, ...]
)


class DashboardAnswer(msgspec.Struct, frozen=True):
    """What was found over ``span``, and what that depends on."""

    result: Result
    span: Span
    fresh: Freshness
    cached: bool = False


async def result(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> Result:
    """The answer's content."""
    if question.segment is not None and not await facts.segment_times([question.segment]):
        return NotMaterialised()
    match question.type:
        case "summary":
            return summary(names)
        case "funnel":
            return funnel(names)
        case "acceptance_rate":
            return await acceptance(facts, question, span, names)
        case "offer_performance":
            return await offer_performance(facts, question, span, names)
        case "channel_effectiveness":
            return await channel_effectiveness(facts, question, span, names)
        case "offer_performance_grouped":
            return await grouped(facts, question, span, names)
        case "daily_trend" | "revenue_trend":
            return await trend(facts, question, span)
        case "budget_burn":
            return await budgets(facts, names)
        case "attribution_summary":
            return await attribution(facts, span)
        case "model_metrics_trend":
            return await model_trend(facts, question, span, names)
        case "latency_trend":
            return await latencies(facts, span)
        case "policy_impact":
            return Suppressed(tuple(await facts.suppressed(span.now)))
        case "score_distribution":
            return await distribution(facts, question, span, names)
        case "degraded_scoring":
            return await degraded(facts, span)
        case "selection_frequency":
            return await selection(facts, question, span, names)
        case "why_not_ranked":
            return await why_not(facts, question, span, names)
        case "anomaly_candidates":
            return await anomalies(facts, question, span, names)
        case _:
            assert_never(question.type)
