"""Answers of the dashboard in the contract's shapes: entities by their ids, days by their labels. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from headwater.catalogue.decisions import BUCKETS
from headwater.control.decisions.book import Book
from headwater.query.decisions.anomalies import Anomaly
from headwater.query.decisions.answers import DashboardAnswer, NotMaterialised, Suppressed
from headwater.query.decisions.attribution import Attributed
from headwater.query.decisions.budgets import Budget
from headwater.query.decisions.dashboard import DashboardQuestion, DashboardType, Span
from headwater.query.decisions.latencies import LatencyDay
from headwater.query.decisions.models import ModelTrend
from headwater.query.decisions.overview import Funnel, Summary
from headwater.query.decisions.performance import ChannelRow, Group, OfferRow
from headwater.query.decisions.scores import Degraded, ScoreDistribution
from headwater.query.decisions.selection import WHY_NOT_CAP, Selection, WhyNot
from headwater.query.decisions.trends import Trend
from headwater.surfaces.decisions import dashboard_contract as contract

_WEEK: Final = 7
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_OVERALL: Final = "all"


class _Asked(msgspec.Struct, frozen=True):
    """What was asked for, and the entities that the answer names."""

    question: DashboardQuestion
    span: Span
    book: Book

    @property
    def period(self) -> contract.Period:
        return contract.Period(days=self.span.days, since=_since(self.span))


def body(question: DashboardQuestion, answer: DashboardAnswer, book: Book) -> msgspec.Struct:
    """The answer as the contract has it."""
    if isinstance(answer.result, NotMaterialised):
        return warned(question.type, question.group_by, "The segment has no list of members yet; refresh it first.")
    return _BODIES[question.type](_Asked(question, answer.span, book), answer.result)


def warned(kind: str, group_by: str | None, warning: str) -> msgspec.Struct:
    """Nothing, and why."""
    if kind == "offer_performance_grouped":
        return contract.GroupedBody(groups=[], group_by=group_by or "channel", warning=warning)
    return contract.WarnedBody(data=[], warning=warning)


def day_label(day: date) -> str:
    """A day as charts label it.

    >>> day_label(date(2026, 3, 1))
    'Mar 1'
    """
    return f"{_MONTHS[day.month - 1]} {day.day}"


def _number(value: Decimal | float) -> float:
    """Whole numbers without decimals, as JavaScript would write them."""
    number = float(value)
    return int(number) if number.is_integer() else number


def _since(span: Span) -> str:
    return f"{span.start.isoformat(timespec='milliseconds')}Z"


def _summary(_: _Asked, found: Summary) -> contract.SummaryBody:
    return contract.SummaryBody(
        active_offers=found.active_offers,
        active_channels=found.active_channels,
        active_experiments=found.active_experiments,
        total_journeys=found.journeys,
        active_triggers=found.active_triggers,
        pending_approvals=found.pending_approvals,
    )


def _acceptance(asked: _Asked, rows: tuple[OfferRow, ...]) -> contract.AcceptanceBody:
    data = [
        contract.AcceptanceRow(
            offer_id=asked.book.id_of("offer", row.offer),
            offer_name=row.name,
            impressions=row.result.impressions,
            positive=row.result.positive,
            negative=row.result.negative,
            acceptance_rate=_number(row.result.rate),
        )
        for row in rows
    ]
    return contract.AcceptanceBody(data=data, total=len(rows), period=asked.period)


def _offer_performance(asked: _Asked, rows: tuple[OfferRow, ...]) -> contract.OfferPerformanceBody:
    data = [
        contract.OfferPerformanceRow(
            offer_id=asked.book.id_of("offer", row.offer),
            name=row.name,
            priority=row.priority,
            creative_count=row.creatives,
            impressions=row.result.impressions,
            conversions=row.result.positive,
            converts=row.result.converts,
            revenue=_number(row.result.revenue),
            conversion_rate=row.result.percent,
        )
        for row in rows
    ]
    return contract.OfferPerformanceBody(data=data)


def _channels(asked: _Asked, rows: tuple[ChannelRow, ...]) -> contract.ChannelsBody:
    data = [
        contract.ChannelRow(
            channel_id=asked.book.id_of("channel", row.channel),
            channel_name=row.name,
            impressions=row.result.impressions,
            conversions=row.result.positive,
            converts=row.result.converts,
            effectiveness=row.result.percent,
        )
        for row in rows
    ]
    return contract.ChannelsBody(data=data)


def _grouped(asked: _Asked, groups: tuple[Group, ...]) -> contract.GroupedBody:
    by = asked.question.group_by or "channel"
    return contract.GroupedBody(groups=[_group(asked, by, group) for group in groups], group_by=by)


def _group(asked: _Asked, by: str, group: Group) -> contract.OfferGroup:
    kind = "category" if by == "category" else "segment" if by == "segment" else "channel"
    group_id = None if group.number is None else asked.book.id_of(kind, group.number)
    segment = {"segment_id": group_id, "segment_name": group.name} if by == "segment" and group_id else {}
    offers = [
        contract.GroupedOfferRow(
            offer_id=asked.book.id_of("offer", row.offer),
            name=row.name,
            impressions=row.result.impressions,
            conversions=row.result.positive,
            converts=row.result.converts,
            revenue=_number(row.result.revenue),
            conversion_rate=row.result.percent,
            **segment,
        )
        for row in group.offers
    ]
    return contract.OfferGroup(group_name=group.name, group_id=group_id, offers=offers)


def _budgets(asked: _Asked, rows: tuple[Budget, ...]) -> contract.BudgetsBody:
    data = [
        contract.BudgetRow(
            offer_id=asked.book.id_of("offer", row.offer),
            allocated=_number(row.allocated),
            spent=_number(row.spent),
            remaining=_number(row.remaining),
            burn_rate=row.burn_rate,
        )
        for row in rows
    ]
    return contract.BudgetsBody(data=data)


def _funnel(_: _Asked, found: Funnel) -> contract.FunnelBody:
    stages = {
        "Total Offers": found.offers,
        "Active Offers": found.active,
        "With Creatives": found.with_creatives,
        "Creatives": found.creatives,
    }
    return contract.FunnelBody(stages=[contract.Stage(label=label, count=count) for label, count in stages.items()])


def _attribution(_: _Asked, rows: tuple[Attributed, ...]) -> contract.AttributionBody:
    data = [
        contract.AttributionRow(
            model=row.model,
            conversions=row.conversions,
            total_value=_number(row.total),
            avg_value=_number(row.average),
        )
        for row in rows
    ]
    return contract.AttributionBody(data=data, total_conversions=max((row.conversions for row in rows), default=0))


def _daily_trend(_: _Asked, found: Trend) -> contract.TrendBody:
    data = [
        contract.TrendDay(
            name=day_label(day.date),
            date=day.date,
            impressions=day.result.impressions,
            conversions=day.result.positive,
            converts=day.result.converts,
        )
        for day in found.days
    ]
    return contract.TrendBody(data=data)


def _revenue_trend(_: _Asked, found: Trend) -> contract.RevenueBody:
    data = [
        contract.RevenueDay(name=day_label(day.date), date=day.date, revenue=_number(day.result.revenue))
        for day in found.days
    ]
    return contract.RevenueBody(data=data, has_real_data=found.has_data)


def _model_trend(_: _Asked, found: ModelTrend) -> contract.ModelBody:
    points = [
        contract.AucPoint(name=day_label(one.at.date()), date=one.at.date(), auc=_number(one.auc))
        for one in found.measurements
    ]
    importance = found.last.importance if found.last else ()
    return contract.ModelBody(
        auc_trend=points,
        feature_importance=[contract.Feature(name=name, value=_number(value)) for name, value in importance],
        model_count=found.active_models,
        model_name=found.name,
    )


def _latency_trend(asked: _Asked, days: tuple[LatencyDay, ...]) -> contract.LatencyBody:
    def label(day: date) -> str:
        return _WEEKDAYS[day.weekday()] if asked.span.days <= _WEEK else day_label(day)

    data = [contract.LatencyDay(name=label(day.date), date=day.date, p50=day.p50, p99=day.p99) for day in days]
    return contract.LatencyBody(data=data, has_real_data=bool(days))


def _policies(_: _Asked, found: Suppressed) -> contract.PoliciesBody:
    data = [contract.PolicyRow(policy_type=policy, count=count) for policy, count in found.by_policy]
    return contract.PoliciesBody(data=data, total_active=sum(row.count for row in data))


def _scores(asked: _Asked, found: ScoreDistribution) -> contract.ScoresBody:
    by = asked.question.group_by
    kind = by or "channel"
    return contract.ScoresBody(
        data=[
            contract.ScoreBucket(name=f"{place / BUCKETS:.1f}-{(place + 1) / BUCKETS:.1f}", count=count)
            for place, count in enumerate(found.buckets)
        ],
        total_scores=found.total,
        has_real_data=found.total > 0,
        group_by=by,
        dimension_buckets=[
            contract.DimensionBucket(
                name=None if group.number is None else asked.book.id_of(kind, group.number),
                dim_name=group.name,
                count=group.count,
                avg_score=_number(group.mean),
            )
            for group in found.groups
        ],
    )


def _degraded(asked: _Asked, found: Degraded) -> contract.DegradedBody:
    return contract.DegradedBody(
        degraded_count=found.degraded,
        total_count=found.scored,
        days=asked.span.days,
        has_data=found.scored > 0,
    )


def _selection(asked: _Asked, found: Selection) -> contract.SelectionBody:
    data = [
        contract.SelectionRow(
            offer_id=asked.book.id_of("offer", row.offer),
            offer_name=row.name,
            eligible_count=row.eligible,
            scored_count=row.scored,
            selected_count=row.selected,
            selection_rate=_number(row.rate),
            avg_rank=None if row.mean_rank is None else _number(row.mean_rank),
            rank_distribution=list(row.ranks),
        )
        for row in found.offers
    ]
    return contract.SelectionBody(data=data, total_traces=found.traces, period=asked.period)


def _anomalies(asked: _Asked, rows: tuple[Anomaly, ...]) -> contract.AnomaliesBody:
    period = contract.AnomalyPeriod(
        current_days=asked.span.days, baseline_days=asked.question.baseline_days, since=_since(asked.span)
    )
    return contract.AnomaliesBody(data=[_anomaly(asked.book, row) for row in rows], period=period)


def _anomaly(book: Book, row: Anomaly) -> contract.AnomalyRow:
    key = _OVERALL
    if row.number is not None and row.dimension != "overall":
        key = book.id_of(row.dimension, row.number)
    return contract.AnomalyRow(
        metric=row.metric,
        dimension=row.dimension,
        dimension_key=key,
        dimension_name=row.name,
        baseline=_number(row.baseline),
        current=_number(row.current),
        delta_pct=None if row.delta_percent is None else _number(row.delta_percent),
        zscore=None if row.z_score is None else _number(row.z_score),
        severity=row.severity,
    )


def _why_not(asked: _Asked, found: WhyNot) -> contract.WhyNotBody:
    winners = [
        contract.Winner(offer_id=asked.book.id_of("offer", one.offer), offer_name=one.name, count=one.count)
        for one in found.beaten_by
    ]
    return contract.WhyNotBody(
        offer_id=asked.book.id_of("offer", found.offer),
        offer_name=found.name,
        times_eligible=found.eligible,
        times_selected=found.selected,
        miss_rate=_number(found.miss_rate),
        miss_reasons=contract.MissReasons(
            scored_too_low=found.outranked,
            filtered_by_contact_policy=found.held_back,
            filtered_by_qualification=found.unqualified,
            beaten_by=winners,
        ),
        rank_distribution=list(found.ranks),
        avg_score=None if found.mean_score is None else _number(found.mean_score),
        period=asked.period,
        sample_size=found.read,
        sample_cap=WHY_NOT_CAP,
    )


_BODIES: Final[Mapping[DashboardType, Callable[[_Asked, Any], msgspec.Struct]]] = {
    "summary": _summary,
    "acceptance_rate": _acceptance,
    "offer_performance": _offer_performance,
    "channel_effectiveness": _channels,
    "budget_burn": _budgets,
    "funnel": _funnel,
    "attribution_summary": _attribution,
    "daily_trend": _daily_trend,
    "model_metrics_trend": _model_trend,
    "latency_trend": _latency_trend,
    "offer_performance_grouped": _grouped,
    "revenue_trend": _revenue_trend,
    "policy_impact": _policies,
    "score_distribution": _scores,
    "degraded_scoring": _degraded,
    "selection_frequency": _selection,
    "anomaly_candidates": _anomalies,
    "why_not_ranked": _why_not,
}
