"""Decisions: what is measured of offers, channels and the decisions about them (contract: decisions).

Entities: category > offer > creative, channels, segments, decision flows and models. Facts
name them by the ids that callers see and are kept by their numbers.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from headwater.catalogue.model import (
    FRACTION,
    MONEY,
    RECORD_ID,
    CountRows,
    Dimension,
    Field,
    Measure,
    RowDataset,
    RowRollup,
    SumColumn,
)

Classification = Literal["positive", "negative", "neutral"]
OutcomeCategory = Literal["impression", "response"]


class Outcome(msgspec.Struct, frozen=True):
    """What became of an offer: good or bad, and whether it is a kind of impression or a response."""

    key: str
    classification: Classification
    category: OutcomeCategory = "response"


UNSEEN = frozenset({"not_presented", "expired"})
"""Outcomes of category impression that are none: the customer saw nothing."""

CONVERTS = ("convert", "conversion")

SYSTEM_OUTCOMES = (
    Outcome("impression", "neutral", "impression"),
    Outcome("click", "positive"),
    Outcome("accept", "positive"),
    Outcome("convert", "positive"),
    Outcome("conversion", "positive"),
    Outcome("requested_info", "positive"),
    Outcome("share", "positive"),
    Outcome("save", "positive"),
    Outcome("dismiss", "negative"),
    Outcome("not_interested", "negative"),
    Outcome("opt_out", "negative"),
    Outcome("complaint", "negative"),
    Outcome("deferred", "neutral"),
    Outcome("expired", "neutral", "impression"),
    Outcome("not_presented", "neutral", "impression"),
)
"""The outcome types that every organisation has."""

JOINS, LEAVES, RESET = "add", "remove", "reset"
"""What a fact says of a segment's list; a reset empties it and is only made by a refresh."""


def is_impression(outcome: Outcome) -> bool:
    """Whether an interaction of this outcome counts as an impression."""
    return outcome.category == "impression" and outcome.key not in UNSEEN


BUCKETS = 10
"""Into how many of equal width scores are counted."""


def stored_score(score: float) -> int:
    """A score as it is kept, in billionths (``FRACTION``)."""
    return round(score * FRACTION.scale)


def bucket_of(stored: int) -> int:
    """The tenth in which a stored score lies; 1.0 lies in the last.

    >>> [bucket_of(stored_score(score)) for score in (0.0, 0.1, 0.999999999, 1.0)]
    [0, 1, 9, 9]
    """
    return min(stored * BUCKETS // FRACTION.scale, BUCKETS - 1)


_AT = Field("at", "time", "When it happened.", column="happened_at", required=True)
_CUSTOMER = Field("customer_id", "text", "The customer, as the sender calls them.", required=True, max_length=128)

INTERACTIONS = RowDataset(
    name="interactions",
    table="interaction",
    description="What a customer did with an offer on a channel, or that it was shown.",
    time="at",
    subject="offer_id",
    fields=(
        _AT,
        _CUSTOMER,
        Field("offer_id", "ref", "The offer.", required=True, entity="offer"),
        Field("channel_id", "ref", "The channel.", required=True, entity="channel"),
        Field("creative_id", "ref", "The creative that was shown.", entity="creative"),
        Field("decision_id", "text", "The recommendation or trace that led to it.", max_length=128),
        Field("outcome", "text", "The `key` of an outcome type.", required=True, max_length=64),
        Field("classification", "text", "positive, negative or neutral; left out: that of the outcome.", max_length=16),
        Field("revenue", "amount", "What it brought, whatever the outcome."),
        Field("cost", "amount", "What it cost; counts against the offer's budget."),
        Field("is_impression", "flag", "Whether the outcome counts as an impression.", derived=True),
        RECORD_ID,
    ),
    dimensions=(
        Dimension("customer", "customer_id", "Customer", "text"),
        Dimension("offer", "offer_id", "Offer", "id"),
        Dimension("channel", "channel_id", "Channel", "id"),
    ),
    measures=(
        Measure("impressions", "Impressions", "Offers shown.", CountRows("is_impression", (True,))),
        Measure("positive", "Positive", "Positive outcomes.", CountRows("classification", ("positive",))),
        Measure("negative", "Negative", "Negative outcomes.", CountRows("classification", ("negative",))),
        Measure("converts", "Converts", "Outcomes `convert` and `conversion`.", CountRows("outcome", CONVERTS)),
        Measure("interactions", "Interactions", "Interactions of any outcome.", CountRows()),
        Measure(
            "revenue", "Revenue", "What interactions brought, whatever their outcome.", SumColumn("revenue"), MONEY
        ),
        Measure("cost", "Cost", "What interactions cost.", SumColumn("cost"), MONEY),
    ),
    rollups=(
        RowRollup(
            "interaction_day",
            ("offer", "channel"),
            ("impressions", "positive", "negative", "converts", "interactions", "revenue", "cost"),
        ),
        RowRollup(
            "interaction_contact", ("customer", "offer", "channel"), ("impressions",), exact=True, lead="customer"
        ),
    ),
)

TRACE_OFFERS = RowDataset(
    name="decision-trace-offers",
    table="trace_offer",
    description="One offer in one decision: how far it came.",
    time="at",
    subject="offer_id",
    fields=(
        Field("trace", "id", "The number of the decision.", derived=True),
        _AT,
        Field("channel_id", "ref", "The decision's channel.", entity="channel"),
        Field("offer_id", "ref", "The offer.", entity="offer"),
        Field("candidate", "counter", "Its place among the candidates from 1; unknown: it was none.", nullable=True),
        Field("qualified", "flag", "Whether it passed the qualification rules."),
        Field("reason", "text", "Why it did not."),
        Field("permitted", "flag", "Whether it passed the contact policies."),
        Field("policy_type", "text", "The policy that held it back."),
        Field("score", "fraction", "Its score from 0 to 1.", nullable=True),
        Field("bucket", "counter", "The tenth that its score lies in, from 0; 1.0 lies in the last.", nullable=True),
        Field("rank", "counter", "Its rank by score from 1.", nullable=True),
        Field("model_id", "ref", "The model that scored it.", entity="algorithm_model"),
        Field("selected", "counter", "Its rank among the selected from 1; unknown: it was not.", nullable=True),
        Field("creative_id", "ref", "The creative that it was selected with.", entity="creative"),
    ),
    dimensions=(
        Dimension("channel", "channel_id", "Channel", "id"),
        Dimension("offer", "offer_id", "Offer", "id"),
        Dimension("bucket", "bucket", "Bucket", "id"),
    ),
    measures=(
        Measure("scores", "Scores", "Scored offers.", CountRows("score")),
        Measure("score_sum", "Sum of scores", "Scores, summed.", SumColumn("score"), FRACTION),
    ),
    rollups=(RowRollup("score_day", ("channel", "offer", "bucket"), ("scores", "score_sum")),),
    number="trace",
)

DECISION_TRACES = RowDataset(
    name="decision-traces",
    table="decision_trace",
    description="One decision: which offers were considered, what fell out and why, what was selected.",
    time="at",
    subject="channel_id",
    fields=(
        Field("trace", "id", "The number of the decision.", derived=True),
        _AT,
        _CUSTOMER,
        Field("channel_id", "ref", "The channel.", required=True, entity="channel"),
        Field("decision_flow_id", "ref", "The decision flow.", entity="decision_flow"),
        Field("request_id", "text", "The request that was decided.", max_length=128),
        Field("candidates", "json", "Ids of the offers considered.", required=True, kept=False),
        Field("qualification_results", "json", "`[{offer_id, passed, reason?}]`: what the rules said.", kept=False),
        Field(
            "contact_policy_results",
            "json",
            "`[{offer_id, passed, policy_type?}]`: what the policies said.",
            kept=False,
        ),
        Field("scoring_results", "json", "`[{offer_id, score, rank, model_id?}]`, scores from 0 to 1.", kept=False),
        Field("selected_offers", "json", "`[{offer_id, rank, creative_id?}]`: what was decided.", kept=False),
        Field("degraded", "flag", "Whether a fallback scored."),
        Field("latency_ms", "amount", "How long it took, in milliseconds.", nullable=True),
        Field("is_scored", "flag", "Whether any offer was scored.", derived=True),
        RECORD_ID,
    ),
    dimensions=(
        Dimension("channel", "channel_id", "Channel", "id"),
        Dimension("flow", "decision_flow_id", "Decision flow", "id"),
    ),
    measures=(
        Measure("traces", "Traces", "Decisions.", CountRows()),
        Measure("scored", "Scored", "Decisions with scores.", CountRows("is_scored", (True,))),
        Measure("degraded", "Degraded", "Decisions that a fallback scored.", CountRows("degraded", (True,))),
    ),
    rollups=(RowRollup("trace_day", ("channel", "flow"), ("traces", "scored", "degraded")),),
    child=TRACE_OFFERS,
    number="trace",
)

ATTRIBUTION_RESULTS = RowDataset(
    name="attribution-results",
    table="attribution_result",
    description="A conversion, or its share, as an attribution model gives it.",
    time="at",
    subject="",
    fields=(
        _AT,
        Field("model", "text", "The attribution model, such as last_touch.", required=True, max_length=64),
        Field("offer_id", "ref", "The offer that it is given to.", entity="offer"),
        Field("channel_id", "ref", "The channel that it is given to.", entity="channel"),
        Field("value", "amount", "What it is worth.", required=True),
        RECORD_ID,
    ),
    dimensions=(Dimension("model", "model", "Attribution model", "text"),),
    measures=(
        Measure("results", "Results", "Conversions given.", CountRows()),
        Measure("value", "Value", "What they are worth.", SumColumn("value"), MONEY),
    ),
    rollups=(RowRollup("attribution_day", ("model",), ("results", "value")),),
)

MODEL_METRICS = RowDataset(
    name="model-metrics",
    table="model_metric",
    description="A measurement of an algorithm model.",
    time="at",
    subject="model_id",
    fields=(
        _AT,
        Field("model_id", "ref", "The model.", required=True, entity="algorithm_model"),
        Field("auc", "fraction", "Area under the ROC curve, from 0 to 1.", required=True),
        Field("feature_importance", "json", "Object of feature names and how much each weighs."),
        RECORD_ID,
    ),
)

SUPPRESSIONS = RowDataset(
    name="suppressions",
    table="suppression",
    description="A customer is not to be offered something, for a time or for good.",
    time="at",
    subject="",
    fields=(
        _AT,
        _CUSTOMER,
        Field("offer_id", "ref", "The offer; left out: every offer.", entity="offer"),
        Field("channel_id", "ref", "The channel; left out: every channel.", entity="channel"),
        Field("policy_type", "text", "The kind of policy behind it.", required=True, max_length=64),
        Field("expires_at", "time", "When it ends; left out: never.", nullable=True),
        RECORD_ID,
    ),
    dimensions=(Dimension("policy_type", "policy_type", "Policy type", "text"),),
    measures=(Measure("suppressions", "Suppressions", "Suppressions.", CountRows()),),
)

RUN_LATENCIES = RowDataset(
    name="run-latencies",
    table="run_latency",
    description="How long a run of the decision engine took.",
    time="at",
    subject="",
    fields=(
        _AT,
        Field("duration_ms", "amount", "Milliseconds.", required=True),
        Field("run_id", "text", "The run.", max_length=128),
        RECORD_ID,
    ),
)

SEGMENT_MEMBERS = RowDataset(
    name="segment-members",
    table="segment_member",
    description="A customer joins or leaves a segment's materialised list; the last word on a customer counts.",
    time="at",
    subject="segment_id",
    fields=(
        Field("at", "time", "When it was received.", column="received_at", derived=True),
        Field("segment_id", "ref", "The segment.", required=True, entity="segment"),
        Field("customer_id", "text", "The customer.", required=True, max_length=128),
        Field("op", "text", "add (default) or remove.", max_length=8),
        Field("arrival", "id", "The order in which they came.", derived=True),
        RECORD_ID,
    ),
)

DECISION_DATASETS = (
    INTERACTIONS,
    DECISION_TRACES,
    ATTRIBUTION_RESULTS,
    MODEL_METRICS,
    SUPPRESSIONS,
    RUN_LATENCIES,
    SEGMENT_MEMBERS,
)
"""What can be sent; ``TRACE_OFFERS`` comes with the traces."""
