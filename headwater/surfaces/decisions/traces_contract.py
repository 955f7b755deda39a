"""Parameters and shapes of decision traces (contract: decisions, "Recommend and respond")."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.decisions.kinds import OWN_ID
from headwater.surfaces.decisions.explanation import Explained

_Text = Annotated[str, Meta(min_length=1, max_length=128)]


class TracesQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which traces: those that meet every condition given."""

    customer_id: _Text | None = None
    request_id: Annotated[_Text, Meta(description="A `recommendationId`.")] | None = None
    offer_id: Annotated[str, Meta(pattern=OWN_ID, description="An offer among the candidates.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200, description="Rows of a page.")] = 25
    offset: Annotated[int, Meta(ge=0, le=2**31, description="Rows to leave out, newest first.")] = 0


class _Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one stage said of an offer."""

    offer_id: str
    offer_name: str


class QualificationResult(_Result, frozen=True):
    """What the qualification rules said."""

    passed: bool
    reason: str | None


class ContactPolicyResult(_Result, frozen=True):
    """What suppressions and contact policies said; offers that did not qualify never came to them."""

    passed: bool
    policy_type: str | None


class ScoringResult(_Result, frozen=True):
    """The score, and the rank by it."""

    score: float | None
    rank: int | None
    model_id: str | None


class SelectedOffer(_Result, frozen=True):
    """What was decided."""

    rank: int
    creative_id: str | None


class TraceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One decision; ``explanation`` says of each offer in one line how far it came."""

    id: str
    at: datetime
    request_id: str | None
    customer_id: str
    channel_id: str
    channel_name: str
    decision_flow_id: str | None
    decision_flow_key: str | None
    candidates: list[str]
    qualification_results: list[QualificationResult]
    contact_policy_results: list[ContactPolicyResult]
    scoring_results: list[ScoringResult]
    selected_offers: list[SelectedOffer]
    degraded: bool
    latency_ms: float | None
    explanation: list[Explained] | UnsetType = UNSET


class TracePage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the page lies."""

    total: int
    limit: int
    offset: int
    has_more: bool


class TracesBody(msgspec.Struct, frozen=True, kw_only=True):
    """A page of traces, newest first; ``explanation`` is with the single trace only."""

    data: list[TraceBody]
    pagination: TracePage


_ROW_EXAMPLE: Final[dict[str, Any]] = {
    "id": "dt_ANc3dYx0aH",
    "at": "2026-03-30T12:00:00Z",
    "requestId": "rec_0001kXW9fHq3VbLr0Yt5Zs",
    "customerId": "cust_42",
    "channelId": "ch_web",
    "channelName": "Web",
    "decisionFlowId": "flow_home",
    "decisionFlowKey": "web_home",
    "candidates": ["off_premium_card", "off_gold_plus", "off_starter"],
    "qualificationResults": [
        {"offerId": "off_premium_card", "offerName": "Premium Card Upgrade", "passed": True, "reason": None},
        {
            "offerId": "off_gold_plus",
            "offerName": "Gold Plus",
            "passed": False,
            "reason": "The customer is not in the segment 'seg_vip'.",
        },
        {"offerId": "off_starter", "offerName": "Starter Card", "passed": True, "reason": None},
    ],
    "contactPolicyResults": [
        {"offerId": "off_premium_card", "offerName": "Premium Card Upgrade", "passed": True, "policyType": None},
        {"offerId": "off_starter", "offerName": "Starter Card", "passed": False, "policyType": "cooldown"},
    ],
    "scoringResults": [
        {
            "offerId": "off_premium_card",
            "offerName": "Premium Card Upgrade",
            "score": 0.81,
            "rank": 1,
            "modelId": None,
        }
    ],
    "selectedOffers": [
        {
            "offerId": "off_premium_card",
            "offerName": "Premium Card Upgrade",
            "rank": 1,
            "creativeId": "cr_premium_web",
        }
    ],
    "degraded": False,
    "latencyMs": 2.4,
}
LIST_EXAMPLE: Final = {
    "data": [_ROW_EXAMPLE],
    "pagination": {"total": 1, "limit": 25, "offset": 0, "hasMore": False},
}
TRACE_EXAMPLE: Final = {
    **_ROW_EXAMPLE,
    "explanation": [
        {
            "offerId": "off_premium_card",
            "offerName": "Premium Card Upgrade",
            "result": "selected",
            "reason": None,
            "policyType": None,
            "score": 0.81,
            "rank": 1,
        },
        {
            "offerId": "off_gold_plus",
            "offerName": "Gold Plus",
            "result": "not_qualified",
            "reason": "The customer is not in the segment 'seg_vip'.",
            "policyType": None,
            "score": None,
            "rank": None,
        },
        {
            "offerId": "off_starter",
            "offerName": "Starter Card",
            "result": "held_back",
            "reason": None,
            "policyType": "cooldown",
            "score": None,
            "rank": None,
        },
    ],
}
