"""What is shown of each type of report, and on which page: every type of the API has its place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from headwater.console.decisions import choosing, results, scoring, setup
from headwater.console.decisions.content import Content, Told
from headwater.query.decisions.dashboard import DashboardType

_ANOTHER: Final = "Try a longer period, or a wider filter."
_SEND: Final = "It appears once interactions are sent for these days. " + _ANOTHER
_DECIDE: Final = "It appears once decisions are recorded in these days. " + _ANOTHER


class Part(msgspec.Struct, frozen=True):
    """One figure of a report; ``name`` tells it from the others in addresses of files."""

    name: str
    words: str
    content: Callable[[Told], Content]
    empty: str


class Report(msgspec.Struct, frozen=True):
    """A type of report: its figures, and whether they are about a period; ``series`` are a row a day."""

    parts: tuple[Part, ...]
    timed: bool = True
    series: bool = False


def _one(
    words: str, content: Callable[[Told], Content], empty: str, *, timed: bool = True, series: bool = False
) -> Report:
    return Report((Part("", words, content, empty),), timed, series)


REPORTS: Final[Mapping[DashboardType, Report]] = {
    "summary": _one(
        "How much there is of everything that takes part in decisions.",
        setup.summary,
        "Nothing is set up.",
        timed=False,
    ),
    "acceptance_rate": _one(
        "Positive outcomes of a hundred impressions, for each offer that is active or was shown.",
        results.acceptance_rate,
        "There are no active offers, and none was shown.",
    ),
    "offer_performance": _one(
        "The twenty most shown active offers with their priority and creatives."
        " Revenue is in the currency in which you send it.",
        results.offer_performance,
        "There are no active offers. They are made by the API.",
    ),
    "offer_performance_grouped": _one(
        "The same offers apart by where, to whom or as what they were shown.", results.grouped, _SEND
    ),
    "channel_effectiveness": _one(
        "Effectiveness is positive outcomes of a hundred impressions on the channel.",
        results.channels,
        "There are no active channels. They are made by the API.",
    ),
    "daily_trend": _one("Today is not over.", results.daily_trend, _SEND, series=True),
    "revenue_trend": _one(
        "What interactions brought, in the currency in which you send it.", results.revenue_trend, _SEND, series=True
    ),
    "budget_burn": _one(
        "What all interactions with an offer ever cost, of its budget.",
        setup.budgets,
        "No offer has a budget. Budgets are set with the offers, by the API.",
        timed=False,
    ),
    "funnel": _one(
        "An offer reaches customers when it is active and has a creative.",
        setup.funnel,
        "There are no offers. They are made by the API.",
        timed=False,
    ),
    "attribution_summary": _one(
        "Each model shares out the same conversions by a rule of its own; where they disagree, believe none alone.",
        results.attribution,
        "It appears once attribution results are sent for these days. " + _ANOTHER,
    ),
    "model_metrics_trend": Report(
        (
            Part(
                "",
                "A line that falls says that customers have changed and the model has not.",
                scoring.model_quality,
                "The model was not measured in these days. Measurements are sent by the API.",
            ),
            Part(
                "features",
                "The weights of the last measurement, the heaviest feature first.",
                scoring.features,
                "No measurement says what the model looks at.",
            ),
        )
    ),
    "score_distribution": Report(
        (
            Part(
                "",
                "All scores in tenths: many in one tenth say that scores hardly tell offers apart.",
                scoring.scores,
                _DECIDE,
            ),
            Part("groups", "High means rank first where they meet others.", scoring.score_groups, _DECIDE),
        )
    ),
    "degraded_scoring": _one(
        "When a scoring method fails, priorities score instead and the decision still stands.",
        scoring.degraded,
        _DECIDE,
    ),
    "latency_trend": _one(
        "Half of the decisions of a day are faster than the median; one in a hundred is slower than the other line.",
        scoring.latencies,
        _DECIDE,
        series=True,
    ),
    "policy_impact": _one(
        "Suppressions that have not ended, by what they came from: an outcome or a contact policy.",
        setup.policies,
        "Nothing keeps offers from customers just now.",
        timed=False,
    ),
    "selection_frequency": Report(
        (
            Part(
                "",
                "Of the decisions that considered an offer, how many scored and how many selected it.",
                choosing.selection,
                _DECIDE,
            ),
            Part(
                "ranks",
                "How often an offer stood at each of the first ten ranks by its score.",
                choosing.ranks,
                _DECIDE,
            ),
        )
    ),
    "why_not_ranked": Report(
        (
            Part(
                "",
                "Every decision that considered the offer has one of these ends.",
                choosing.why_not,
                "No decision of these days considered this offer. " + _ANOTHER,
            ),
            Part(
                "beaten-by",
                "Which offers were first where this one was scored too low, the five most frequent.",
                choosing.beaten_by,
                "No other offer came first where this one was scored.",
            ),
            Part("ranks", "The first ten ranks by score.", choosing.own_ranks, "The offer was never ranked."),
        )
    ),
    "anomaly_candidates": _one(
        "Figures that differ from the days before by more than chance explains, the farthest off first."
        " A z-score beyond 3 is rarely chance.",
        choosing.anomalies,
        "Nothing differs from the days before by more than chance explains.",
    ),
}


class Page(msgspec.Struct, frozen=True):
    """Reports that are read together."""

    path: str
    title: str
    words: str
    types: tuple[DashboardType, ...]


PAGES: Final = (
    Page(
        "/decisions/offers",
        "Offers",
        "How offers are taken, day by day and offer by offer, for all customers or a segment.",
        ("acceptance_rate", "daily_trend", "revenue_trend", "offer_performance", "offer_performance_grouped"),
    ),
    Page(
        "/decisions/channels",
        "Channels",
        "Which ways to customers work, and what attribution models give them.",
        ("channel_effectiveness", "attribution_summary"),
    ),
    Page("/decisions/budgets", "Budgets", "What each offer may cost, and what it has cost.", ("budget_burn",)),
    Page(
        "/decisions/funnel", "Funnel", "What is set up, and how much of it can reach a customer.", ("summary", "funnel")
    ),
    Page(
        "/decisions/models",
        "Models",
        "How well models predict, what scores they give, how often a fallback steps in, and how long it all takes.",
        ("model_metrics_trend", "score_distribution", "degraded_scoring", "latency_trend"),
    ),
    Page(
        "/decisions/policies",
        "Policies",
        "Which rules and outcomes hold offers back, and how often.",
        ("policy_impact",),
    ),
    Page(
        "/decisions/selection",
        "Selection",
        "How often each offer is considered, scored and selected in recorded decisions.",
        ("selection_frequency",),
    ),
    Page(
        "/decisions/why-not",
        "Why an offer is not selected",
        "What became of an offer in the decisions that considered it.",
        ("why_not_ranked",),
    ),
    Page(
        "/decisions/anomalies",
        "Anomalies",
        "Acceptance, revenue and scoring by a fallback, held against the days before.",
        ("anomaly_candidates",),
    ),
)
"""Every type stands on one of them."""
