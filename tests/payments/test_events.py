"""Events of Stripe are taken only with a signature that nobody else can make."""

from __future__ import annotations

import hmac
import json
import time

import pytest

from headwater.errors import InvalidRequest
from headwater.payments.stripe_gateway import StripeGateway

INTENT = {"id": "pi_1", "status": "succeeded", "amount": 1, "currency": "usd"}
EVENT = {"type": "payment_intent.succeeded", "data": {"object": {**INTENT, "metadata": {"headwater_transaction": "t"}}}}
BODY = json.dumps({"object": "event", **EVENT}).encode()


def signed(secret: str) -> str:
    """The header that Stripe would send with this secret."""
    at = int(time.time())
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + BODY, 'sha256').hexdigest()}"


def gateway(secret: str) -> StripeGateway:
    return StripeGateway("sk_test_nobody", secret, "", 1)


def test_the_right_secret_will_do() -> None:
    report = gateway("whsec_x").report(BODY, signed("whsec_x"))
    assert report is not None
    assert (report.id, report.payment.status) == ("t", "settled")


@pytest.mark.parametrize("secret", ["", " "])
def test_a_server_without_a_secret_takes_none(secret: str) -> None:
    """An empty one would be known to everybody, and events add credits."""
    with pytest.raises(InvalidRequest):
        gateway(secret).report(BODY, signed(secret))
