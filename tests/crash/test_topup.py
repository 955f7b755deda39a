"""Promise: kill -9 between the payment and our knowing of it neither loses nor doubles money."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.crash.processes import Process, register
from tests.payments.stripe_stand_in import KEY, SECRET, VISA, standing_in

BILLING = "/api/v1/billing"
PATIENCE = 30.0


@pytest.mark.slow
def test_a_payment_that_nobody_heard_of_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with standing_in() as stripe:
        settings = {"stripe_api_key": KEY, "stripe_webhook_secret": SECRET, "stripe_api_url": stripe.url}
        with Process(folder, **settings) as process:
            headers = register(process)
            with process.client(headers) as client:
                made = client.post(f"{BILLING}/payment-methods", json={"type": "card", "token": VISA})
                body = {"amount": 1000, "payment_method_id": made.json()["payment_method"]["id"]}
                before = client.get(f"{BILLING}/credits").json()["credits"]
                stripe.answered.clear()
                asking = threading.Thread(target=_ask, args=(process.url, headers, body))
                asking.start()
                until = time.monotonic() + PATIENCE
                while not stripe.intents:
                    assert time.monotonic() < until, "Stripe was never asked"
                    time.sleep(0.01)
                process.kill()
                asking.join()
        stripe.answered.set()
        with Process(folder, **settings) as process, process.client(headers) as client:
            assert client.get(f"{BILLING}/credits").json()["credits"] == before
            first, again = (client.post(f"{BILLING}/credits/topup", json=body, headers=_KEY) for _ in range(2))
            assert (first.status_code, first.json()["credits"]) == (200, before + 1000)
            assert again.content == first.content
            assert client.get(f"{BILLING}/credits").json()["credits"] == before + 1000
        assert len(stripe.intents) == 1


_KEY = {"idempotency-key": "once"}


def _ask(url: str, headers: dict[str, str], body: dict[str, object]) -> None:
    """Ask for it; nobody will answer."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client, pytest.raises(httpx.TransportError):
        client.post(f"{BILLING}/credits/topup", json=body, headers={**headers, **_KEY})
