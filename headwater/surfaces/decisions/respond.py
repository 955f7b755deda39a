"""``POST /api/v1/respond``: what a customer did with an offer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from headwater.decisioning.recommend import Sent
from headwater.decisioning.respond import Response
from headwater.errors import InvalidRequest, NotFound, Timeout, Unavailable
from headwater.surfaces._http.endpoint import WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces.decisions.recommend_contract import (
    RESPOND_EXAMPLE,
    RESPONDED_EXAMPLE,
    RespondBody,
    Responded,
)


async def respond(call: Call[Any, RespondBody]) -> Reply:
    """Store what happened, once for each key."""
    key = _key(call.body.idempotency_key, call.headers.idempotency_key)
    recorded = await call.services.responder.respond(_response(call.body), Sent(key, call.raw), call.scope)
    return Reply(
        Responded(interaction_id=recorded.interaction_id, status="recorded", classification=recorded.classification)
    )


def _key(own: str | None, header: str | None) -> str:
    if own is None and header is None:
        message = "'idempotencyKey', or the header Idempotency-Key, is required."
        raise InvalidRequest(message, field="idempotencyKey", allowed="1 to 255 printable characters")
    if own is not None and header is not None and own != header:
        message = "'idempotencyKey' and the header Idempotency-Key differ; send one of them."
        raise InvalidRequest(message, field="idempotencyKey")
    return own or header or ""


def _response(body: RespondBody) -> Response:
    return Response(
        customer_id=body.customer_id,
        outcome=body.outcome,
        recommendation_id=body.recommendation_id,
        rank=body.rank,
        offer_id=body.offer_id,
        channel_id=body.channel_id,
        # The shortest decimal that a float stands for is the one that was sent.
        conversion_value=None if body.conversion_value is None else Decimal(repr(body.conversion_value)),
        at=body.timestamp,
    )


ENDPOINTS: Final = [
    Endpoint(
        "POST",
        "/api/v1/respond",
        respond,
        WRITE,
        "Record what a customer did",
        "Decisions",
        {200: Answers("The interaction is on disk.", Responded, RESPONDED_EXAMPLE)},
        description="Name the offer by `recommendationId` and `rank`, or by `offerId` and `channelId`. Outcomes keep"
        " offers from the customer: `opt_out` every one for 90 days, `dismiss` and `not_interested` the offer for 7,"
        " `accept`, `convert` and `conversion` the offer for 14.",
        body=RespondBody,
        body_example=RESPOND_EXAMPLE,
        errors=(NotFound, Timeout, Unavailable),
        own_idempotency=True,
    )
]
