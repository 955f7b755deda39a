"""One attempt to deliver: signed as Standard Webhooks says, sent through the guarded client, judged by the status.

>>> retry_after("120", datetime(2026, 3, 1, tzinfo=UTC))
datetime.timedelta(seconds=120)
>>> retry_after("Sun, 01 Mar 2026 00:01:00 GMT", datetime(2026, 3, 1, tzinfo=UTC))
datetime.timedelta(seconds=60)
>>> retry_after("soon", datetime(2026, 3, 1, tzinfo=UTC)) is None
True
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from standardwebhooks import Webhook as Signer

from headwater import __version__
from headwater.control.webhooks.queue import Outcome, Outgoing
from headwater.errors import HeadwaterError
from headwater.outbound import Answer, Outbound

SECONDS: Final = 15.0
"""After so long a receiver has not taken a delivery."""
_EXCERPT_BYTES: Final = 2000
_MOST_DIGITS: Final = 9


async def attempt(outbound: Outbound, outgoing: Outgoing, now: datetime) -> Outcome:
    """Send it once; failures are outcomes too."""
    if not outgoing.secrets:
        words = "The webhook's secret cannot be read with this server's secrets. Delete the webhook and make it anew."
        return Outcome(None, words, "", timedelta())
    begun = time.perf_counter()
    try:
        answer = await outbound.send(
            "POST",
            outgoing.url,
            headers=signed_headers(outgoing.event_id, outgoing.body, outgoing.secrets, now),
            content=outgoing.body.encode("utf-8"),
            seconds=SECONDS,
        )
    except HeadwaterError as error:
        return Outcome(None, error.message, "", _since(begun))
    return _judged(answer, _since(begun), now)


def signed_headers(event_id: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of a request made ``now``, with a signature of each secret."""
    return {
        "content-type": "application/json",
        "user-agent": f"Headwater/{__version__}",
        "webhook-id": event_id,
        "webhook-timestamp": str(math.floor(now.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(event_id, now, body) for secret in secrets),
    }


def retry_after(text: str, now: datetime) -> timedelta | None:
    """How long the header asks to wait, whichever of its two forms it has; None where it has neither."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:_MOST_DIGITS]))
    try:
        when = parsedate_to_datetime(text)
        return max(timedelta(), (when if when.tzinfo else when.replace(tzinfo=UTC)) - now)
    except (ValueError, OverflowError):
        return None


def _judged(answer: Answer, took: timedelta, now: datetime) -> Outcome:
    excerpt = answer.body[:_EXCERPT_BYTES].decode("utf-8", "replace")
    if 200 <= answer.status < 300:
        return Outcome(answer.status, None, excerpt, took)
    asked = _asked(answer.headers, now)
    return Outcome(answer.status, f"The receiver answered {answer.status}.", excerpt, took, asked)


def _asked(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    return retry_after(headers.get("retry-after", "").strip(), now)


def _since(begun: float) -> timedelta:
    return timedelta(seconds=time.perf_counter() - begun)
