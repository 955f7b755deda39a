"""A card is given on the gateway's page, whose stand-in behaves as documented, and taken on ours."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.console.pages import Browser
from tests.payments.stripe_stand_in import ASKS, KEY, SECRET, VISA, StripeStandIn, standing_in
from tests.serving import Server, serving

BILLING, CARDS = "/settings/billing", "/settings/billing/cards"


@pytest.fixture
def stripe() -> Iterator[StripeStandIn]:
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
async def server(tmp_path: Path, stripe: StripeStandIn) -> AsyncIterator[Server]:
    settings = {"stripe_api_key": KEY, "stripe_webhook_secret": SECRET, "stripe_api_url": stripe.url}
    async with serving(tmp_path, public_url="https://hw.example", **settings) as server:
        yield server


async def begun(browser: Browser, stripe: StripeStandIn) -> str:
    """The session of a page that was just made."""
    answer = await browser.post(f"{CARDS}/new")
    assert answer.status_code == 200, answer.text
    session = list(stripe.sessions.values())[-1]
    assert f'href="{session["url"]}"' in answer.text
    assert session["success_url"] == f"https://hw.example{CARDS}?session={{CHECKOUT_SESSION_ID}}"
    return str(session["id"])


async def test_a_card_that_was_given_is_taken_once(server: Server, stripe: StripeStandIn) -> None:
    browser = await Browser.of(await server.company())
    assert f'action="{CARDS}/new"' in (await browser.get(BILLING)).text
    session = await begun(browser, stripe)
    assert (await browser.get(f"{CARDS}?session={session}")).status_code == 400, "no card was given yet"
    stripe.give(session, VISA)
    page = await browser.get(f"{CARDS}?session={session}")
    assert "Visa ending in 4242" in page.text
    assert "ending in" not in (await browser.get(BILLING)).text, "a link alone adds nothing"
    taken = await browser.post(CARDS, session=session)
    assert taken.headers["location"] == BILLING
    assert "Visa ending in 4242" in (await browser.get(BILLING)).text
    again = await browser.post(CARDS, session=session)
    assert again.status_code == 409
    assert "This card is among the payment methods already." in again.text
    assert "No card was added" in (await browser.get(CARDS)).text, "who cancels is led there"


async def test_a_card_of_another_company_is_not_taken(server: Server, stripe: StripeStandIn) -> None:
    theirs, ours = await Browser.of(await server.company()), await Browser.of(await server.company())
    session = await begun(theirs, stripe)
    stripe.give(session, VISA)
    assert (await ours.get(f"{CARDS}?session={session}")).status_code == 400
    assert (await ours.post(CARDS, session=session)).status_code == 400
    assert (await ours.post(CARDS, session="cs_unknown")).status_code == 400
    assert "ending in" not in (await ours.get(BILLING)).text


async def test_a_bank_that_wants_to_be_asked_is_said(server: Server, stripe: StripeStandIn) -> None:
    browser = await Browser.of(await server.company())
    session = await begun(browser, stripe)
    stripe.give(session, ASKS)
    await browser.post(CARDS, session=session)
    text = html.unescape((await browser.get(BILLING)).text)
    (method,) = re.findall(r'option value="(pm_[^"]+)"', text)
    paid = await browser.post(f"{BILLING}/top-up", amount="1000", payment_method_id=method, request="request-1")
    assert "wants%20each%20payment%20confirmed" in str(paid.headers)


async def test_a_server_that_takes_no_cards_offers_none(tmp_path: Path) -> None:
    async with serving(tmp_path, stripe_api_key="", stripe_webhook_secret="") as server:
        browser = await Browser.of(await server.company())
        assert f'action="{CARDS}/new"' not in (await browser.get(BILLING)).text
        assert (await browser.post(f"{CARDS}/new")).status_code == 400
