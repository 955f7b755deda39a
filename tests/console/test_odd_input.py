"""What browsers, people and others on the same host send that nobody would think of."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.control.billing.topups import Topups
from headwater.errors import UpstreamError
from tests.console.pages import Browser, ids_of
from tests.serving import Company


@pytest.mark.parametrize("beside", ['prefs={"a":1,"b":2}', "foo[bar]=1", "a=b c", "x", "path=1", 'q="unclosed'])
async def test_cookies_of_others_hide_no_session(company: Company, beside: str) -> None:
    browser = await Browser.of(company)
    for cookie in (f"{beside}; {browser.headers['cookie']}", f"{browser.headers['cookie']}; {beside}"):
        answer = await company.server.client.get("/ads", headers={"Cookie": cookie})
        assert answer.status_code == 200


@pytest.mark.parametrize("number", ["0" * 19 + "1" + "9" * 30, "9" * 5000, "0", "-1", "²"])
async def test_no_number_is_too_odd_for_a_path(company: Company, number: str) -> None:
    browser = await Browser.of(company)
    for path in (f"/ads/campaigns/{number}", f"/ads/reports/{number}"):
        assert (await browser.get(path)).status_code == 404
    assert (await browser.post(f"/settings/members/{number}/role", role="viewer")).status_code == 404


async def test_a_top_up_whose_payment_is_unknown_is_asked_for_again_and_not_twice(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: Any) -> None:
        raise UpstreamError("It is not known whether the payment was made.")

    browser = await Browser.of(company)
    await browser.post("/settings/billing/methods")
    page = (await browser.get("/settings/billing")).text
    method = page.partition('name="payment_method_id"><option value="')[2].partition('"')[0]
    fields = {"amount": "5", "payment_method_id": method, "request": "request-1"}
    with monkeypatch.context() as patched:
        patched.setattr(Topups, "pay", silent)
        answer = await browser.post("/settings/billing/top-up", **fields)
    assert answer.status_code == 502
    assert 'name="request" value="request-1"' in answer.text
    assert f'value="{method}" selected' in answer.text
    refused = await browser.post("/settings/billing/top-up", **{**fields, "amount": "0"})
    assert 'name="request" value="request-1"' not in refused.text


async def test_an_origin_that_is_none_is_said_beside_its_field(company: Company) -> None:
    browser, ids = await Browser.of(company), await ids_of(company)
    answer = await browser.post(f"/agents/{ids['agent_id']}/deployments/new", platform="web", origins="http://[")
    assert answer.status_code == 400
    assert 'id="p-origins"' in answer.text
    assert "http://[" in answer.text


async def test_a_source_that_went_away_loses_nothing_that_was_typed(company: Company) -> None:
    browser = await Browser.of(company)
    answer = await browser.post("/agents/new", name="Ana", instructions="Speak softly.", data_sources="gone")
    assert answer.status_code == 404
    assert "Speak softly." in answer.text


async def test_days_before_all_calendars_and_after_today_are_answered(company: Company) -> None:
    browser, ids = await Browser.of(company), await ids_of(company)
    await browser.post("/settings/organisation", name="C", analytics_tz="Pacific/Auckland")
    path = f"/creators/people/{ids['creator_id']}"
    assert (await browser.post(f"{path}/annotations", on="0001-01-01", title="T")).status_code == 400
    offer = await browser.get(f"/decisions/offers/{ids['offer_id']}?from=2090-01-01&to=2090-01-02")
    assert offer.status_code == 200
