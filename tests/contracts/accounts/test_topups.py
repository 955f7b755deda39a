"""Payment methods and top-ups: by hand, and through Stripe as its stand-in documents it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.errors import Conflict, NotFound
from headwater.jobs.registry import jobs
from tests.payments.stripe_stand_in import (
    ASKS,
    DECLINED,
    KEY,
    POOR,
    SECRET,
    SLOW,
    VISA,
    StripeStandIn,
    event,
    nothing_of_ours,
    signature,
    standing_in,
)
from tests.serving import Company, serving

METHODS, TOPUP = "/api/v1/billing/payment-methods", "/api/v1/billing/credits/topup"
WEBHOOK = "/api/v1/billing/stripe/webhook"
UNKNOWN = "pm_0000000000000000000000"
MONTHLY = 50_000


@pytest.fixture
def stripe() -> Iterator[StripeStandIn]:
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
async def payer(tmp_path: Path, stripe: StripeStandIn) -> AsyncIterator[Company]:
    """A company of a server that asks the stand-in."""
    settings = {"stripe_api_key": KEY, "stripe_webhook_secret": SECRET, "stripe_api_url": stripe.url}
    async with serving(tmp_path, **settings) as server:
        yield await server.company()


async def add(company: Company, token: str | None = None) -> str:
    """The id of a new payment method."""
    body = {"type": "manual"} if token is None else {"type": "card", "token": token}
    answer = await company.request("POST", METHODS, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["payment_method"]["id"])


async def top_up(company: Company, method: str, amount: Any = 1000, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return await company.request("POST", TOPUP, json={"amount": amount, "payment_method_id": method}, headers=headers)


async def credits(company: Company) -> int:
    return int((await company.get("/api/v1/billing/credits")).json()["credits"])


async def actions(company: Company) -> list[str]:
    """What the audit log has of payments, oldest first."""
    rows = (await company.get("/api/v1/account/audit-log", limit=100)).json()["events"]
    return [row["action"] for row in reversed(rows) if row["action"].startswith(("topup", "payment"))]


async def notify(company: Company, body: bytes, **headers: str) -> httpx.Response:
    headers = {"stripe-signature": signature(body), "content-type": "application/json", **headers}
    return await company.server.client.post(WEBHOOK, content=body, headers=headers)


async def reconcile(company: Company) -> None:
    """What the job does."""
    control = company.server.services.control
    (job,) = [one for one in jobs(control, company.server.clock) if one.name == "payments"]
    if job.wanted is None or await job.wanted():
        await job.run()


class TestMethods:
    async def test_as_the_seed_shows_a_card(self, payer: Company) -> None:
        method = await add(payer, VISA)
        assert method.startswith("pm_")
        assert method != VISA
        answer = await payer.get(METHODS)
        assert answer.json() == {"payment_methods": [{"id": method, "type": "card", "last4": "4242", "brand": "visa"}]}

    async def test_a_manual_one_needs_nothing(self, company: Company) -> None:
        answer = await company.request("POST", METHODS, json={"type": "manual"})
        row = answer.json()["payment_method"]
        assert (row["type"], row["last4"], row["brand"]) == ("manual", None, None)
        assert (await company.get(METHODS)).json() == {"payment_methods": [row]}
        assert await actions(company) == ["payment_method_added"]

    async def test_all_cards_of_a_company_are_of_one_customer(self, payer: Company, stripe: StripeStandIn) -> None:
        first = await add(payer, VISA)
        await payer.request("DELETE", f"{METHODS}/{first}")
        await add(payer, DECLINED)
        assert len(stripe.customers) == 1
        assert stripe.methods[VISA]["customer"] is None

    async def test_a_card_is_taken_once(self, payer: Company) -> None:
        await add(payer, VISA)
        answer = await payer.request("POST", METHODS, json={"type": "card", "token": VISA})
        assert (answer.status_code, answer.json()["details"]["field"]) == (409, "token")

    async def test_a_token_that_stripe_does_not_know(self, payer: Company) -> None:
        answer = await payer.request("POST", METHODS, json={"type": "card", "token": "pm_nothing"})
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "token")
        assert "No such PaymentMethod: 'pm_nothing'" in answer.json()["message"]
        assert (await payer.get(METHODS)).json() == {"payment_methods": []}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "type"),
            ({"type": "cash"}, "type"),
            ({"type": "card"}, "token"),
            ({"type": "card", "token": ""}, "token"),
            ({"type": "card", "token": "a\nb"}, "token"),
            ({"type": "manual", "token": VISA}, "token"),
        ],
    )
    async def test_what_is_wrong_is_named(self, payer: Company, body: dict[str, Any], field: str) -> None:
        answer = await payer.request("POST", METHODS, json=body)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, field)

    async def test_without_stripe_a_card_is_refused_with_the_setting(self, tmp_path: Path) -> None:
        nothing = {"stripe_api_key": "", "stripe_webhook_secret": "", "stripe_api_url": ""}
        async with serving(tmp_path, **nothing) as server:
            company = await server.company()
            answer = await company.request("POST", METHODS, json={"type": "card", "token": VISA})
            assert answer.status_code == 400
            assert "stripe_api_key" in answer.json()["message"]
            assert answer.json()["details"]["allowed"] == ["manual"]
            assert (await notify(company, nothing_of_ours())).status_code == 404

    async def test_where_cards_are_taken_no_more_nothing_is_begun(self, payer: Company, tmp_path: Path) -> None:
        method = await add(payer, VISA)
        nothing = {"stripe_api_key": "", "stripe_webhook_secret": "", "stripe_api_url": ""}
        async with serving(tmp_path, **nothing) as server:
            company = Company(server, payer.email, payer.key, payer.organisation_id)
            answer = await company.request("POST", TOPUP, json={"amount": 100, "payment_method_id": method})
            assert (answer.status_code, answer.json()["details"]["field"]) == (400, "payment_method_id")
            assert await actions(company) == ["payment_method_added"]

    async def test_a_renamed_company_can_add_a_card(self, payer: Company, stripe: StripeStandIn) -> None:
        assert (await payer.request("POST", METHODS, json={"type": "card", "token": "pm_no"})).status_code == 400
        assert (await payer.request("PATCH", "/api/v1/org", json={"name": "Other"})).status_code == 200
        await add(payer, VISA)

    async def test_a_removed_one_is_gone_and_its_secret_too(self, payer: Company, stripe: StripeStandIn) -> None:
        method = await add(payer, VISA)
        answer = await payer.request("DELETE", f"{METHODS}/{method}")
        assert answer.json() == {"success": True, "message": "Payment method deleted"}
        assert (await payer.get(METHODS)).json() == {"payment_methods": []}
        assert (await payer.request("DELETE", f"{METHODS}/{method}")).status_code == 404
        assert (await top_up(payer, method)).status_code == 404
        assert await actions(payer) == ["payment_method_added", "payment_method_removed"]

    async def test_one_that_stripe_has_lost_can_be_removed(self, payer: Company, stripe: StripeStandIn) -> None:
        method = await add(payer, VISA)
        stripe.methods[VISA]["customer"] = None
        assert (await payer.request("DELETE", f"{METHODS}/{method}")).status_code == 200

    async def test_when_stripe_is_down_nothing_is_removed(self, payer: Company, stripe: StripeStandIn) -> None:
        method = await add(payer, VISA)
        stripe.down = True
        assert (await payer.request("DELETE", f"{METHODS}/{method}")).status_code == 502
        stripe.down = False
        assert len((await payer.get(METHODS)).json()["payment_methods"]) == 1

    async def test_there_is_an_end_to_them(self, company: Company) -> None:
        for _ in range(20):
            await add(company)
        answer = await company.request("POST", METHODS, json={"type": "manual"})
        assert (answer.status_code, answer.json()["details"]["allowed"]) == (409, 20)


class TestManual:
    async def test_it_is_pending_until_it_is_settled(self, company: Company) -> None:
        method = await add(company)
        answer = await top_up(company, method)
        transaction = answer.json()["transaction_id"]
        assert answer.status_code == 200
        assert answer.json() == {"credits": MONTHLY, "transaction_id": transaction, "status": "pending"}
        control = company.server.services.control
        for is_news in (True, False):
            async with control.unit_of_work() as uow:
                assert (await control.topups.settle(uow, transaction))[1] is is_news
        assert await credits(company) == MONTHLY + 1000
        async with control.unit_of_work() as uow:
            with pytest.raises(Conflict, match="is settled"):
                await control.topups.decline(uow, transaction)
        assert await actions(company) == ["payment_method_added", "topup_begun", "topup_settled"]

    async def test_a_declined_one_is_not_settled_any_more(self, company: Company) -> None:
        transaction = (await top_up(company, await add(company))).json()["transaction_id"]
        control = company.server.services.control
        for is_news in (True, False):
            async with control.unit_of_work() as uow:
                assert (await control.topups.decline(uow, transaction))[1] is is_news
        async with control.unit_of_work() as uow:
            with pytest.raises(Conflict, match="is declined"):
                await control.topups.settle(uow, transaction)
            with pytest.raises(NotFound, match="txn_x"):
                await control.topups.settle(uow, "txn_x")
        assert await credits(company) == MONTHLY

    @pytest.mark.parametrize("amount", [0, -1, 1.5, "1000", None, True, 10_000_001, 10**30])
    async def test_amounts_that_are_none(self, company: Company, amount: Any) -> None:
        answer = await top_up(company, await add(company), amount)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "amount")

    async def test_an_unknown_method_answers_like_anothers(self, company: Company) -> None:
        theirs = await add(await company.server.company())
        for method in (UNKNOWN, theirs):
            answer = await top_up(company, method)
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
            assert answer.json()["message"].replace(method, "") == "There is no payment method ''."

    async def test_a_key_begins_one_transaction(self, company: Company) -> None:
        method = await add(company)
        first, again = [await top_up(company, method, key="k") for _ in range(2)]
        assert first.content == again.content
        assert (await top_up(company, method, 2000, key="k")).status_code == 409
        company.server.clock.advance(timedelta(hours=24, seconds=1))
        assert (await top_up(company, method, 2000, key="k")).json()["transaction_id"] not in first.text


class TestStripe:
    async def test_as_the_seed_shows(self, payer: Company, stripe: StripeStandIn) -> None:
        answer = await top_up(payer, await add(payer, VISA))
        transaction = answer.json()["transaction_id"]
        assert answer.status_code == 200
        assert transaction.startswith("txn_")
        assert answer.json() == {"credits": MONTHLY + 1000, "transaction_id": transaction, "status": "settled"}
        assert await credits(payer) == MONTHLY + 1000
        (intent,) = stripe.intents.values()
        # 1,000 credits at 0.01.
        assert (intent["amount"], intent["currency"]) == (1000, "usd")
        assert await actions(payer) == ["payment_method_added", "topup_begun", "topup_settled"]

    @pytest.mark.parametrize(("card", "words"), [(DECLINED, "was declined"), (POOR, "insufficient funds")])
    async def test_a_declined_one_answers_402_and_gives_nothing(self, payer: Company, card: str, words: str) -> None:
        answer = await top_up(payer, await add(payer, card), key="k")
        assert (answer.status_code, answer.json()["code"]) == (402, "PAYMENT_REQUIRED")
        assert words in answer.json()["message"]
        assert answer.json()["details"]["transaction_id"].startswith("txn_")
        assert await credits(payer) == MONTHLY
        assert await actions(payer) == ["payment_method_added", "topup_begun", "topup_declined"]

    async def test_a_declined_one_can_be_mended_under_its_key(self, payer: Company) -> None:
        declined = await add(payer, DECLINED)
        assert (await top_up(payer, declined, key="k")).status_code == 402
        assert (await top_up(payer, await add(payer, VISA), key="k")).json()["status"] == "settled"

    async def test_what_stripe_does_not_try_is_declined(self, payer: Company, stripe: StripeStandIn) -> None:
        answer = await top_up(payer, await add(payer, VISA), 49)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "amount")
        assert "at least $0.50" in answer.json()["message"]
        assert not stripe.intents
        assert (await actions(payer))[-1] == "topup_declined"

    async def test_a_key_pays_once(self, payer: Company, stripe: StripeStandIn) -> None:
        method = await add(payer, VISA)
        answers = await asyncio.gather(*(top_up(payer, method, key="k") for _ in range(5)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        again = await top_up(payer, method, key="k")
        assert again.json()["credits"] == MONTHLY + 1000
        assert len(stripe.intents) == 1

    async def test_without_an_answer_it_is_pending_and_the_same_key_pays_once(
        self, payer: Company, stripe: StripeStandIn
    ) -> None:
        method = await add(payer, VISA)
        stripe.silent = True
        answer = await top_up(payer, method, key="k")
        assert (answer.status_code, answer.json()["code"]) == (502, "UPSTREAM_ERROR")
        assert "same Idempotency-Key" in answer.json()["message"]
        assert await credits(payer) == MONTHLY
        stripe.silent = False
        assert (await top_up(payer, method, 2000, key="k")).status_code == 409
        assert (await top_up(payer, method, key="k")).json()["credits"] == MONTHLY + 1000
        assert len(stripe.intents) == 1

    async def test_what_became_of_it_is_found_out(self, payer: Company, stripe: StripeStandIn) -> None:
        method = await add(payer, VISA)
        stripe.silent = True
        assert (await top_up(payer, method, 700)).status_code == 502
        assert (await top_up(payer, method, 800)).status_code == 502
        stripe.silent = False
        await reconcile(payer)
        assert await credits(payer) == MONTHLY
        payer.server.clock.advance(timedelta(minutes=3))
        for _ in range(2):
            await reconcile(payer)
        assert await credits(payer) == MONTHLY + 1500
        assert len(stripe.intents) == 2

    async def test_what_never_reached_stripe_is_declined(self, payer: Company, stripe: StripeStandIn) -> None:
        method = await add(payer, VISA)
        stripe.down = True
        assert (await top_up(payer, method)).status_code == 502
        payer.server.clock.advance(timedelta(minutes=3))
        with pytest.raises(ExceptionGroup, match="1 of 1 transactions"):
            await reconcile(payer)
        stripe.down = False
        await reconcile(payer)
        assert (await actions(payer))[-1] == "topup_begun"
        payer.server.clock.advance(timedelta(minutes=8))
        await reconcile(payer)
        assert (await actions(payer))[-1] == "topup_declined"
        assert await credits(payer) == MONTHLY
        assert not stripe.intents

    async def test_a_wrong_key_of_the_operator_is_no_fault_of_the_caller(self, tmp_path: Path) -> None:
        with standing_in() as stripe:
            settings = {"stripe_api_key": "sk_test_other", "stripe_api_url": stripe.url}
            async with serving(tmp_path, **settings) as server:
                company = await server.company()
                answer = await company.request("POST", METHODS, json={"type": "card", "token": VISA})
                assert answer.status_code == 502
                assert "sk_" not in answer.text
            assert "Invalid API Key" in stripe.wrong.pop()


class TestEvents:
    async def test_a_slow_payment_is_settled_by_its_event_once(self, payer: Company, stripe: StripeStandIn) -> None:
        answer = await top_up(payer, await add(payer, SLOW))
        assert (answer.json()["status"], answer.json()["credits"]) == ("pending", MONTHLY)
        (intent,) = stripe.intents
        body = event("payment_intent.succeeded", stripe.pay(intent))
        for _ in range(3):
            assert (await notify(payer, body)).json() == {"received": True}
        # One that was sent earlier and comes later changes nothing.
        await notify(payer, event("payment_intent.payment_failed", stripe.refuse(intent)))
        assert await credits(payer) == MONTHLY + 1000

    async def test_who_has_to_confirm_gets_the_secret_for_it(self, payer: Company, stripe: StripeStandIn) -> None:
        answer = await top_up(payer, await add(payer, ASKS))
        (intent,) = stripe.intents
        assert (answer.status_code, answer.json()["status"]) == (200, "requires_action")
        assert answer.json()["client_secret"] == stripe.intents[intent]["client_secret"]
        await notify(payer, event("payment_intent.payment_failed", stripe.refuse(intent)))
        assert (await actions(payer))[-1] == "topup_declined"
        # Stripe lets the payer try again; that it was paid holds whenever it comes.
        await notify(payer, event("payment_intent.succeeded", stripe.pay(intent)))
        assert await credits(payer) == MONTHLY + 1000

    async def test_who_does_not_confirm_within_a_day_does_not_pay(self, payer: Company, stripe: StripeStandIn) -> None:
        await top_up(payer, await add(payer, ASKS))
        payer.server.clock.advance(timedelta(hours=23))
        await reconcile(payer)
        assert (await actions(payer))[-1] == "topup_begun"
        payer.server.clock.advance(timedelta(hours=2))
        await reconcile(payer)
        assert [one["status"] for one in stripe.intents.values()] == ["canceled"]
        assert (await actions(payer))[-1] == "topup_declined"

    async def test_another_amount_than_was_asked_for_settles_nothing(
        self, payer: Company, stripe: StripeStandIn
    ) -> None:
        await top_up(payer, await add(payer, SLOW))
        (intent,) = stripe.intents
        await notify(payer, event("payment_intent.succeeded", {**stripe.pay(intent), "amount": 1}))
        assert await credits(payer) == MONTHLY

    async def test_a_bad_signature_does_nothing(self, payer: Company, stripe: StripeStandIn) -> None:
        await top_up(payer, await add(payer, SLOW))
        (intent,) = stripe.intents
        body = event("payment_intent.succeeded", stripe.pay(intent))
        old = signature(body, at=time.time() - 301)
        for wrong in ("", "t=1,v1=", "nonsense", old, signature(body, "whsec_other"), signature(body + b" ")):
            answer = await notify(payer, body, **{"stripe-signature": wrong})
            assert answer.status_code == 400, wrong
            assert answer.json()["details"]["field"] == "Stripe-Signature"
        assert await credits(payer) == MONTHLY

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"[]", b"nothing", b"\xff", b'{"type": "payment_intent.succeeded"}', b'{"type": 1}']
    )
    async def test_what_is_no_event_is_refused(self, payer: Company, body: bytes) -> None:
        header = {"stripe-signature": signature(body)}
        assert (await notify(payer, body, **header)).status_code == 400

    async def test_what_is_not_ours_is_taken_and_changes_nothing(self, payer: Company, stripe: StripeStandIn) -> None:
        await top_up(payer, await add(payer, SLOW))
        (intent,) = stripe.intents.values()
        others = {**intent, "status": "succeeded"}
        for body in (
            nothing_of_ours(),
            event("payment_intent.succeeded", {**others, "metadata": {}}),
            event("payment_intent.succeeded", {**others, "metadata": {"headwater_transaction": "txn_x"}}),
        ):
            assert (await notify(payer, body)).status_code == 200
        assert await credits(payer) == MONTHLY
