"""What recommend and respond are sent and answer (contract: decisions, "Recommend and respond")."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.catalogue.decisions import Classification
from headwater.surfaces.decisions.explanation import Explained

# A "$" alone would let a line end follow.
_PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)"
MOST_DECISIONS: Final = 50
MOST_VALUE: Final = 1_000_000_000
CustomerId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=_PLAIN,
        description="The customer, as you call them; no control characters.",
    ),
]
EntityId = Annotated[str, Meta(min_length=1, max_length=64)]
_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_RequestId = Annotated[str, Meta(min_length=1, max_length=128, pattern=_PLAIN)]


class RecommendBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """For whom, on which channel; one of ``channel`` and ``channelId`` is required."""

    customer_id: CustomerId
    channel: Annotated[_Name, Meta(description="An active channel's name or type, in any case.")] | None = None
    channel_id: EntityId | None = None
    placement: Annotated[_Name, Meta(description="Where on the channel; chooses the decision flow.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_DECISIONS, description="Decisions at most.")] = 5
    segments: (
        Annotated[
            list[EntityId],
            Meta(max_length=1_000, description="Segments that the customer is in, beside those whose lists say so."),
        ]
        | None
    ) = None
    attributes: (
        Annotated[
            dict[str, Any],
            Meta(description="What qualification rules ask for; `relevance` by offer id is for the method `formula`."),
        ]
        | None
    ) = None
    exclude_offers: (
        Annotated[list[EntityId], Meta(max_length=10_000, description="Offers that are not to be considered.")] | None
    ) = None
    decision_flow_key: (
        Annotated[_Name, Meta(description="The flow; left out: that of the channel and placement, if any.")] | None
    ) = None
    debug: Annotated[bool, Meta(description="Explain every candidate in `meta.explanation`.")] = False


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One offer for the customer; ``interactionId`` is its impression's, also where it is yet to be reported."""

    rank: int
    offer_id: str
    offer_name: str
    creative_id: str
    channel_id: str
    score: float
    interaction_id: str


class RecommendMeta(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How it was decided; ``degraded`` says that the flow's method failed and the default one scored."""

    trace_id: str
    decision_flow_key: str | None
    scoring_method: str
    degraded: bool
    latency_ms: float
    candidate_count: int
    qualified_count: int
    ranked_count: int
    warnings: list[str]
    explanation: list[Explained] | UnsetType = UNSET


class Recommended(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The decisions, best first."""

    recommendation_id: str
    customer_id: str
    count: int
    decisions: list[DecisionRow]
    meta: RecommendMeta


class RespondBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the customer did with an offer: that of a recommendation's rank, or one that is named."""

    customer_id: CustomerId
    recommendation_id: _RequestId | None = None
    rank: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    offer_id: EntityId | None = None
    channel_id: EntityId | None = None
    outcome: Annotated[str, Meta(min_length=1, max_length=64, description="The `key` of an outcome type.")]
    conversion_value: (
        Annotated[float, Meta(ge=0, le=MOST_VALUE, description="Revenue, whatever the outcome.")] | None
    ) = None
    timestamp: (
        Annotated[datetime, Meta(description="When it happened, UTC without an offset; left out: now.")] | None
    ) = None
    idempotency_key: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=255,
                pattern=_PLAIN,
                description="Required, here or as the header `Idempotency-Key`.",
            ),
        ]
        | None
    ) = None


class Responded(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The interaction that was stored."""

    interaction_id: str
    status: Literal["recorded"]
    classification: Classification


RECOMMEND_EXAMPLE: Final = {
    "customerId": "cust_42",
    "channelId": "ch_web",
    "limit": 2,
    "attributes": {"age": 34},
    "excludeOffers": ["off_loan"],
}
RECOMMENDED_EXAMPLE: Final = {
    "recommendationId": "rec_0001kXW9fHq3VbLr0Yt5Zs",
    "customerId": "cust_42",
    "count": 1,
    "decisions": [
        {
            "rank": 1,
            "offerId": "off_premium_card",
            "offerName": "Premium Card Upgrade",
            "creativeId": "cr_premium_web",
            "channelId": "ch_web",
            "score": 0.81,
            "interactionId": "int_0001kXW9fHq3VbLr0Yt5Zs_1",
        }
    ],
    "meta": {
        "traceId": "dt_ANc3dYx0aH",
        "decisionFlowKey": "web_home",
        "scoringMethod": "propensity",
        "degraded": False,
        "latencyMs": 2.4,
        "candidateCount": 12,
        "qualifiedCount": 9,
        "rankedCount": 1,
        "warnings": [],
    },
}
RESPOND_EXAMPLE: Final = {
    "customerId": "cust_42",
    "recommendationId": "rec_0001kXW9fHq3VbLr0Yt5Zs",
    "rank": 1,
    "outcome": "accept",
    "conversionValue": 120.5,
    "idempotencyKey": "order-20260330-17",
}
RESPONDED_EXAMPLE: Final = {
    "interactionId": "int_0001kXWBq0r8SgT2mLz7Ee",
    "status": "recorded",
    "classification": "positive",
}
