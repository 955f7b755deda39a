"""``POST /api/v1/recommend``: the best offers for a customer now, and how they came to be."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET

from headwater.decisioning.recommend import Recommendation, Sent, Wanted
from headwater.errors import NotFound, Timeout, Unavailable
from headwater.query.decisions.customers import trace_id
from headwater.surfaces._http.endpoint import WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.decisions.explanation import of_decision
from headwater.surfaces.decisions.recommend_contract import (
    RECOMMEND_EXAMPLE,
    RECOMMENDED_EXAMPLE,
    DecisionRow,
    RecommendBody,
    Recommended,
    RecommendMeta,
)

_LATENCY_DIGITS: Final = 3


async def recommend(call: Call[Any, RecommendBody]) -> Reply:
    """Decide, write, answer; under a key the first answer again."""
    wanted, body = _wanted(call.body), call.body
    recommender, key = call.services.recommender, call.headers.idempotency_key
    if key is None:
        return Reply(_answer(await recommender.recommend(wanted, call.scope), body))

    def render(recommendation: Recommendation) -> bytes:
        return msgspec.json.encode(_answer(recommendation, body))

    return Reply(await recommender.recommend_once(wanted, Sent(key, call.raw), render, call.scope))


def _wanted(body: RecommendBody) -> Wanted:
    return Wanted(
        customer_id=body.customer_id,
        channel=body.channel,
        channel_id=body.channel_id,
        placement=body.placement,
        limit=body.limit,
        segments=tuple(body.segments or ()),
        attributes=body.attributes or {},
        exclude_offers=tuple(body.exclude_offers or ()),
        flow_key=body.decision_flow_key,
    )


def _answer(found: Recommendation, body: RecommendBody) -> Recommended:
    decision = found.decision
    return Recommended(
        recommendation_id=found.id,
        customer_id=body.customer_id,
        count=len(found.items),
        decisions=_rows(found),
        meta=RecommendMeta(
            trace_id=trace_id(found.number, ""),
            decision_flow_key=found.flow.key if found.flow else None,
            scoring_method=decision.method,
            degraded=decision.degraded,
            latency_ms=round(found.latency_ms, _LATENCY_DIGITS),
            candidate_count=len(decision.considered),
            qualified_count=decision.qualified,
            ranked_count=decision.ranked,
            warnings=list(found.warnings),
            explanation=[of_decision(one) for one in decision.considered] if body.debug else UNSET,
        ),
    )


def _rows(found: Recommendation) -> list[DecisionRow]:
    return [
        DecisionRow(
            rank=rank,
            offer_id=item.of.choice.offer.id,
            offer_name=item.of.choice.offer.name,
            creative_id=item.of.choice.creative.id,
            channel_id=found.channel.id,
            score=item.of.score or 0.0,
            interaction_id=item.interaction_id,
        )
        for rank, item in enumerate(found.items, 1)
    ]


ENDPOINTS: Final = [
    Endpoint(
        "POST",
        "/api/v1/recommend",
        recommend,
        WRITE,
        "Recommend offers to a customer",
        "Decisions",
        {200: Answers("The decisions, best first; their trace is on disk.", Recommended, RECOMMENDED_EXAMPLE)},
        description="Candidates are active offers in schedule and within budget that have an active creative on the"
        " channel. Qualification rules, suppressions and contact policies take some away; the others are scored and"
        " ranked. Where the channel's `impressionMode` is `implicit`, each decision is stored as an impression.",
        body=RecommendBody,
        body_example=RECOMMEND_EXAMPLE,
        errors=(NotFound, Timeout, Unavailable),
        own_idempotency=True,
    )
]
