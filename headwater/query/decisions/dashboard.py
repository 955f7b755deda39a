"""The questions of the decisions' dashboard: their types, what each takes, and the span that it is about. Pure.

>>> span(DashboardQuestion("summary", days=7), datetime(2026, 3, 30, 12)).start
datetime.datetime(2026, 3, 23, 0, 0)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, Literal, get_args

import msgspec

from headwater.query.window import Window

DashboardType = Literal[
    "summary",
    "acceptance_rate",
    "offer_performance",
    "channel_effectiveness",
    "budget_burn",
    "funnel",
    "attribution_summary",
    "daily_trend",
    "model_metrics_trend",
    "latency_trend",
    "offer_performance_grouped",
    "revenue_trend",
    "policy_impact",
    "score_distribution",
    "degraded_scoring",
    "selection_frequency",
    "anomaly_candidates",
    "why_not_ranked",
]
TYPES: Final[tuple[DashboardType, ...]] = get_args(DashboardType)

Grouping = Literal["channel", "category", "segment", "offer"]

TAKES: Final[Mapping[DashboardType, frozenset[str]]] = MappingProxyType(
    {
        "acceptance_rate": frozenset({"segmentId"}),
        "offer_performance": frozenset({"segmentId"}),
        "channel_effectiveness": frozenset({"segmentId"}),
        "daily_trend": frozenset({"segmentId"}),
        "revenue_trend": frozenset({"segmentId"}),
        "offer_performance_grouped": frozenset({"segmentId", "groupBy"}),
        "model_metrics_trend": frozenset({"modelId"}),
        "score_distribution": frozenset({"groupBy", "filterId"}),
        "selection_frequency": frozenset({"segmentId", "channelId", "categoryId", "decisionFlowId"}),
        "why_not_ranked": frozenset({"segmentId", "offerId"}),
        "anomaly_candidates": frozenset({"baselineDays"}),
    }
)
"""The parameters that a type takes beside ``type`` and ``days``, by the contract's names; one left out takes none."""

GROUPINGS: Final[Mapping[DashboardType, tuple[Grouping, ...]]] = MappingProxyType(
    {
        "offer_performance_grouped": ("channel", "category", "segment"),
        "score_distribution": ("channel", "offer", "category"),
    }
)
DEFAULT_DAYS: Final = 7
MOST_DAYS: Final = 365


class DashboardQuestion(msgspec.Struct, frozen=True):
    """One question; entities by their numbers. ``filter`` is of the kind that ``group_by`` names."""

    type: DashboardType
    days: int = DEFAULT_DAYS
    baseline_days: int = DEFAULT_DAYS
    group_by: Grouping | None = None
    filter: int | None = None
    model: int | None = None
    segment: int | None = None
    channel: int | None = None
    category: int | None = None
    flow: int | None = None
    offer: int | None = None


class Span(msgspec.Struct, frozen=True):
    """From 00:00 UTC, ``days`` days before today, up to ``now``; naive, in UTC."""

    days: int
    start: datetime
    now: datetime

    @property
    def window(self) -> Window:
        """What counts, the present moment included."""
        return Window(self.start, self.now + timedelta(microseconds=1))

    @property
    def shown(self) -> tuple[date, ...]:
        """The days of a daily series: ``days`` of them, ending today."""
        today = self.now.date()
        return tuple(today - timedelta(days=back) for back in reversed(range(self.days)))


def span(question: DashboardQuestion, now: datetime) -> Span:
    """The span that a question is about."""
    today = datetime.combine(now.date(), time())
    return Span(question.days, today - timedelta(days=question.days), now)
