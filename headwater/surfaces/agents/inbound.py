"""What platforms call: their handshake, and what people say there (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from headwater.control.deployments.models import Deployment
from headwater.control.deployments.service import find, whole
from headwater.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    RateLimitExceeded,
    Timeout,
    Unauthorized,
    UpstreamError,
)
from headwater.platforms.port import Inbound, Platform
from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces.agents.deployments import ONE, TAG

_PATH: Final = f"{ONE}/inbound"
_MOST_PARAMS: Final = 100


class InboundAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`response` is what the agent says, where the platform waits for it."""

    response: str = ""


async def inbound(call: Call[Any, bytes]) -> Reply:
    """A request of a platform."""
    async with call.services.control.reading() as session:
        deployment = await find(session, call.path["deployment_id"])
        config = whole(session, deployment)
    platform = call.services.agents.postbox.platforms[deployment.platform]
    sent = _sent(call)
    platform.check(config, sent)
    answer = platform.handshake(config, sent)
    if answer is not None:
        return Reply(answer.body, media_type=answer.media_type)
    if sent.method == "GET":
        raise NotFound("This platform asks nothing by GET.")
    return await _taken(call, platform, deployment, config, sent)


async def _taken(
    call: Call[Any, bytes], platform: Platform, deployment: Deployment, config: dict[str, Any], sent: Inbound
) -> Reply:
    messages = platform.messages(config, sent)
    if not platform.inline:
        if messages:
            await call.services.agents.postbox.take_in(deployment.id, messages)
        return Reply(InboundAnswer())
    await call.services.agents.visitors.take(call.client_ip, None)
    return Reply(InboundAnswer(await call.services.agents.postbox.answer(deployment, messages[0])))


def _sent(call: Call[Any, bytes]) -> Inbound:
    try:
        query = parse_qsl(call.asked.decode(), keep_blank_values=True, max_num_fields=_MOST_PARAMS)
    except ValueError:
        raise InvalidRequest(
            f"The query must be UTF-8, with at most {_MOST_PARAMS} parameters.", place="query"
        ) from None
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in call.lines}
    return Inbound(call.method, query, headers, call.raw, call.services.clock())


_ERRORS = (Unauthorized, NotFound)

ENDPOINTS = [
    Endpoint(
        "GET",
        _PATH,
        inbound,
        PUBLIC,
        "A platform's handshake",
        TAG,
        {200: Answers("The challenge that was sent.", media_types=("text/plain",))},
        errors=_ERRORS,
    ),
    Endpoint(
        "POST",
        _PATH,
        inbound,
        PUBLIC,
        "A platform's message",
        TAG,
        {200: Answers("It was taken, or this is the answer.", InboundAnswer, {})},
        description="Signed as the deployment's platform signs; what is not, is answered 401 and nothing runs."
        " A message that is delivered again is not answered again.",
        raw_body=("application/json", "application/x-www-form-urlencoded"),
        body_example={"message": "Hello", "conversation": "0123456789abcdef"},
        errors=(*_ERRORS, PaymentRequired, Conflict, RateLimitExceeded, UpstreamError, Timeout),
    ),
]
