"""Parameters and shapes of ``GET /api/v1/dashboard-data``, type by type, as the contract's examples have them.

What goes beyond them: ``date`` beside a day's label, since labels do not sort, and ``converts`` (outcomes
called so) beside ``conversions``. Whole numbers are written without decimals.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.query.decisions.dashboard import DEFAULT_DAYS, GROUPINGS, MOST_DAYS, TYPES

DAYS: Final = range(1, MOST_DAYS + 1)
_DAYS_SCHEMA: Final = {"type": "integer", "minimum": DAYS[0], "maximum": DAYS[-1], "default": DEFAULT_DAYS}
_GROUPINGS: Final = sorted({one for of in GROUPINGS.values() for one in of})


class DashboardQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which figures, of how many days; read as text, so that every problem is told at once."""

    type: Annotated[
        str, Meta(description="What to answer.", extra_json_schema={"enum": list(TYPES), "default": "summary"})
    ] = "summary"
    days: Annotated[
        str,
        Meta(
            description="The window: from 00:00 UTC this many days before today, to now.",
            extra_json_schema=_DAYS_SCHEMA,
        ),
    ] = str(DEFAULT_DAYS)
    model_id: Annotated[
        str, Meta(description="`model_metrics_trend`: the model; else the active one that was measured last.")
    ] = ""
    group_by: Annotated[
        str,
        Meta(
            description="`offer_performance_grouped`: `channel` (default), `category` or `segment`."
            " `score_distribution`: `channel`, `offer` or `category`.",
            extra_json_schema={"enum": _GROUPINGS},
        ),
    ] = ""
    filter_id: Annotated[
        str, Meta(description="`score_distribution`: only this one of what `groupBy` names, which it needs.")
    ] = ""
    segment_id: Annotated[
        str, Meta(description="Only customers in the segment's list, for the types that are about customers.")
    ] = ""
    channel_id: Annotated[str, Meta(description="`selection_frequency`: only decisions on this channel.")] = ""
    category_id: Annotated[str, Meta(description="`selection_frequency`: only offers of this category.")] = ""
    decision_flow_id: Annotated[str, Meta(description="`selection_frequency`: only decisions of this flow.")] = ""
    offer_id: Annotated[str, Meta(description="`why_not_ranked`, which needs it: the offer.")] = ""
    baseline_days: Annotated[
        str,
        Meta(
            description="`anomaly_candidates`: the length of the window before, as long as `days` unless given.",
            extra_json_schema={key: value for key, value in _DAYS_SCHEMA.items() if key != "default"},
        ),
    ] = ""


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Part of an answer."""


class Period(_Body, frozen=True):
    """The window."""

    days: int
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class SummaryBody(_Body, frozen=True):
    """``summary``."""

    active_offers: int
    active_channels: int
    active_experiments: int
    total_journeys: int
    active_triggers: int
    pending_approvals: int


class AcceptanceRow(_Body, frozen=True):
    """An offer's impressions and outcomes; the rate is a fraction with four decimals."""

    offer_id: str
    offer_name: str
    impressions: int
    positive: int
    negative: int
    acceptance_rate: float


class AcceptanceBody(_Body, frozen=True):
    """``acceptance_rate``."""

    data: list[AcceptanceRow]
    total: int
    period: Period


class OfferPerformanceRow(_Body, frozen=True):
    """An offer; the rate is a percentage with one decimal, as text."""

    offer_id: str
    name: str
    priority: int
    creative_count: int
    impressions: int
    conversions: int
    converts: int
    revenue: float
    conversion_rate: str


class OfferPerformanceBody(_Body, frozen=True):
    """``offer_performance``."""

    data: list[OfferPerformanceRow]


class ChannelRow(_Body, frozen=True):
    """A channel; the rate is a percentage with one decimal, as text."""

    channel_id: str
    channel_name: str
    impressions: int
    conversions: int
    converts: int
    effectiveness: str


class ChannelsBody(_Body, frozen=True):
    """``channel_effectiveness``."""

    data: list[ChannelRow]


class BudgetRow(_Body, frozen=True):
    """An offer's budget; ``burnRate`` is a percentage with one decimal, as text."""

    offer_id: str
    allocated: float
    spent: float
    remaining: float
    burn_rate: str


class BudgetsBody(_Body, frozen=True):
    """``budget_burn``."""

    data: list[BudgetRow]


class Stage(_Body, frozen=True):
    """A stage of the funnel."""

    label: str
    count: int


class FunnelBody(_Body, frozen=True):
    """``funnel``."""

    stages: list[Stage]


class AttributionRow(_Body, frozen=True):
    """What one attribution model gave."""

    model: str
    conversions: int
    total_value: float
    avg_value: float


class AttributionBody(_Body, frozen=True):
    """``attribution_summary``."""

    data: list[AttributionRow]
    total_conversions: int


class TrendDay(_Body, frozen=True):
    """A day's impressions and conversions."""

    name: str
    date: date
    impressions: int
    conversions: int
    converts: int


class TrendBody(_Body, frozen=True):
    """``daily_trend``."""

    data: list[TrendDay]


class AucPoint(_Body, frozen=True):
    """A model as it was measured once."""

    name: str
    date: date
    auc: float


class Feature(_Body, frozen=True):
    """What a feature weighs."""

    name: str
    value: float


class ModelBody(_Body, frozen=True):
    """``model_metrics_trend``; the name is null where no model was ever measured."""

    auc_trend: list[AucPoint]
    feature_importance: list[Feature]
    model_count: int
    model_name: str | None


class LatencyDay(_Body, frozen=True):
    """A day's percentiles in milliseconds, null without any run."""

    name: str
    date: date
    p50: int | None
    p99: int | None


class LatencyBody(_Body, frozen=True):
    """``latency_trend``."""

    data: list[LatencyDay]
    has_real_data: bool


class GroupedOfferRow(_Body, frozen=True):
    """An offer of a group; the segment's id and name stand in groups of segments."""

    offer_id: str
    name: str
    impressions: int
    conversions: int
    converts: int
    revenue: float
    conversion_rate: str
    segment_id: str | UnsetType = UNSET
    segment_name: str | UnsetType = UNSET


class OfferGroup(_Body, frozen=True):
    """Offers that had interactions, in one group; the id is null for offers without a category."""

    group_name: str
    group_id: str | None
    offers: list[GroupedOfferRow]


class GroupedBody(_Body, frozen=True):
    """``offer_performance_grouped``; the warning says why there is nothing."""

    groups: list[OfferGroup]
    group_by: str
    warning: str | UnsetType = UNSET


class RevenueDay(_Body, frozen=True):
    """A day's revenue."""

    name: str
    date: date
    revenue: float


class RevenueBody(_Body, frozen=True):
    """``revenue_trend``; real data is any interaction in the window."""

    data: list[RevenueDay]
    has_real_data: bool


class PolicyRow(_Body, frozen=True):
    """Suppressions that have not expired, of one type."""

    policy_type: str
    count: int


class PoliciesBody(_Body, frozen=True):
    """``policy_impact``."""

    data: list[PolicyRow]
    total_active: int


class ScoreBucket(_Body, frozen=True):
    """Scores in one tenth."""

    name: str
    count: int


class DimensionBucket(_Body, frozen=True):
    """Scores of one channel, offer or category: ``name`` is its id, null for offers without a category."""

    name: str | None
    dim_name: str
    count: int
    avg_score: float


class ScoresBody(_Body, frozen=True):
    """``score_distribution``; without ``groupBy``, ``dimensionBuckets`` are channels."""

    data: list[ScoreBucket]
    total_scores: int
    has_real_data: bool
    group_by: str | None
    dimension_buckets: list[DimensionBucket]


class DegradedBody(_Body, frozen=True):
    """``degraded_scoring``."""

    degraded_count: int
    total_count: int
    days: int
    has_data: bool


class SelectionRow(_Body, frozen=True):
    """How far an offer came; the mean rank is null where it was never scored."""

    offer_id: str
    offer_name: str
    eligible_count: int
    scored_count: int
    selected_count: int
    selection_rate: float
    avg_rank: float | None
    rank_distribution: list[int]


class SelectionBody(_Body, frozen=True):
    """``selection_frequency``, of at most the newest 10,000 traces."""

    data: list[SelectionRow]
    total_traces: int
    period: Period


class AnomalyRow(_Body, frozen=True):
    """A figure that is not as before; ``deltaPct`` is null after 0, ``zscore`` where days did not differ."""

    metric: str
    dimension: str
    dimension_key: str
    dimension_name: str
    baseline: float
    current: float
    delta_pct: float | None
    zscore: float | None
    severity: str


class AnomalyPeriod(_Body, frozen=True):
    """The window, and how long the one before it is."""

    current_days: int
    baseline_days: int
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class AnomaliesBody(_Body, frozen=True):
    """``anomaly_candidates``."""

    data: list[AnomalyRow]
    period: AnomalyPeriod


class Winner(_Body, frozen=True):
    """An offer that was selected first instead."""

    offer_id: str
    offer_name: str
    count: int


class MissReasons(_Body, frozen=True):
    """Why an offer was not selected; the three counts add up to all misses."""

    scored_too_low: int
    filtered_by_contact_policy: int
    filtered_by_qualification: int
    beaten_by: list[Winner]


class WhyNotBody(_Body, frozen=True):
    """``why_not_ranked``; the mean score is null where the offer was never scored."""

    offer_id: str
    offer_name: str
    times_eligible: int
    times_selected: int
    miss_rate: float
    miss_reasons: MissReasons
    rank_distribution: list[int]
    avg_score: float | None
    period: Period
    sample_size: int
    sample_cap: int


class WarnedBody(_Body, frozen=True):
    """Any type whose segment is unknown or has no list yet."""

    data: list[dict[str, Any]]
    warning: str


BODIES: Final = (
    SummaryBody,
    AcceptanceBody,
    OfferPerformanceBody,
    ChannelsBody,
    BudgetsBody,
    FunnelBody,
    AttributionBody,
    TrendBody,
    ModelBody,
    LatencyBody,
    GroupedBody,
    RevenueBody,
    PoliciesBody,
    ScoresBody,
    DegradedBody,
    SelectionBody,
    AnomaliesBody,
    WhyNotBody,
    WarnedBody,
)
"""All that the endpoint may answer."""
