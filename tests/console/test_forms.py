"""Forms that are refused: nothing of them is done, and they are shown again as they were typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import headwater.app
from headwater.errors import Conflict, InternalError
from headwater.surfaces._http.endpoint import Call, Reply
from tests.console.pages import Browser
from tests.serving import Company, serving


async def test_what_was_written_before_a_refusal_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def writes_and_fails(call: Call[Any, Any]) -> Reply:
        await call.services.control.users.rename(await call.writing(), call.scope, call.body.full_name)
        raise Conflict("Not now.") if call.body.full_name != "inside" else InternalError("secret")

    endpoints = [
        replace(one, handler=writes_and_fails) if (one.method, one.path) == ("POST", "/settings/profile") else one
        for one in headwater.app.endpoints()
    ]
    monkeypatch.setattr(headwater.app, "endpoints", lambda: endpoints)
    async with serving(tmp_path) as server:
        browser = await Browser.of(await server.company())
        answer = await browser.post("/settings/profile", full_name="Zoe")
        assert answer.status_code == 409
        assert "Not now." in answer.text
        assert 'value="Zoe"' in answer.text
        assert "Zoe" not in (await browser.get("/settings/profile")).text
        assert (await browser.post("/settings/profile", full_name="inside")).status_code == 500


async def test_each_field_says_what_is_wrong_with_it(company: Company) -> None:
    browser = await Browser.of(company)
    answer = await browser.post("/settings/api-keys", name="K", permissions=["nonsense"], last_day="yesterday")
    assert answer.status_code == 400
    assert 'id="p-last_day"' in answer.text
    assert 'value="K"' in answer.text
    answer = await browser.post("/settings/api-keys", name="K", permissions=["nonsense"])
    assert 'id="p-permissions"' in answer.text
    answer = await browser.post("/settings/api-keys", name="K", permissions=[])
    assert "must name at least one" in answer.text
    answer = await browser.post("/settings/api-keys", name="K", permissions="read", last_day="2020-01-01")
    assert "must be in the future" in answer.text
    assert "No keys yet" not in answer.text
    assert ">K</td>" not in answer.text


async def test_a_key_is_shown_once_and_ends_with_its_last_day_in_the_zone(company: Company) -> None:
    browser = await Browser.of(company)
    await browser.post("/settings/organisation", name="C", analytics_tz="America/New_York")
    made = await browser.post("/settings/api-keys", name="K", permissions=["read", "write"], last_day="2025-06-30")
    assert made.status_code == 200
    secret = made.text.partition('id="secret"')[2].partition(">")[2].partition("<")[0]
    assert secret.startswith("hw_live_")
    listed = (await browser.get("/settings/api-keys")).text
    assert secret not in listed
    assert "1 Jul 2025, 00:00 EDT" in listed


async def test_a_zone_that_is_none_is_said_beside_it(company: Company) -> None:
    browser = await Browser.of(company)
    answer = await browser.post("/settings/organisation", name="C", analytics_tz="Europe/Olso")
    assert answer.status_code == 400
    assert "Did you mean &#39;Europe/Oslo&#39;" in answer.text or "Europe/Oslo" in answer.text.partition("p-zone")[2]
    assert 'value="Europe/Olso"' in answer.text


async def test_buying_twice_with_one_form_buys_once(company: Company) -> None:
    browser = await Browser.of(company)
    await browser.post("/settings/billing/methods")
    page = (await browser.get("/settings/billing")).text
    method = page.partition('<option value="')[2].partition('"')[0]
    fields = {"payment_method_id": method, "request": "request-1"}
    for _ in range(2):
        assert (await browser.post("/settings/billing/top-up", amount="50", **fields)).status_code == 303
    async with company.server.services.control.reading() as session:
        assert len(await company.server.services.control.topups.list(session, "pending")) == 1
    refused = await browser.post("/settings/billing/top-up", amount="0", **fields)
    assert refused.status_code == 400
    assert 'id="p-amount"' in refused.text


async def test_a_webhook_is_made_tested_and_delivered_again(company: Company) -> None:
    browser = await Browser.of(company)
    private = await browser.post("/settings/webhooks", url="http://127.0.0.1/x", events=["report.ready"])
    assert private.status_code == 400
    assert 'id="p-url"' in private.text
    made = await browser.post("/settings/webhooks", url="https://example.com/h", events=["report.ready"])
    assert "whsec_" in made.text
    path = made.text.partition('primary" href="')[2].partition('"')[0]
    assert (await browser.post(f"{path}/test")).status_code == 303
    page = (await browser.get(path)).text
    assert "webhook.test" in page
    again = page.partition("/deliveries/")[2].partition("/redeliver")[0]
    assert (await browser.post(f"{path}/deliveries/{again}/redeliver")).status_code == 303
    await browser.post(f"{path}/status", status="disabled")
    off = (await browser.get(path)).text
    assert "by one of you" in off
    assert "/redeliver" not in off
    refused = await browser.post(f"{path}/test")
    assert refused.status_code == 409
    assert "is disabled" in refused.text


async def test_the_last_owner_stays_and_nobody_rises_above_the_giver(company: Company) -> None:
    browser = await Browser.of(company)
    page = (await browser.get("/settings/members")).text
    me = page.partition("/settings/members/")[2].partition("/role")[0]
    refused = await browser.post(f"/settings/members/{me}/role", role="viewer")
    assert refused.status_code == 409
    assert "last owner" in refused.text
    assert (await browser.post(f"/settings/members/{me}/remove")).status_code == 409


async def test_a_form_of_another_type_is_refused(company: Company) -> None:
    browser = await Browser.of(company)
    answer = await company.server.client.post("/settings/profile", json={"full_name": "E"}, headers=browser.headers)
    assert answer.status_code == 415
    raw = await company.server.client.post(
        "/settings/profile",
        content=b"full_name=%ff%00",
        headers={**browser.headers, "content-type": "application/x-www-form-urlencoded"},
    )
    assert raw.status_code == 400
