"""The reference: whoever is signed in tries calls as themselves, and only from its page."""

from __future__ import annotations

from headwater.scope import Role
from tests.console.pages import Browser
from tests.serving import Company

AGENT = {"name": "Ana"}


async def test_a_call_that_changes_something_needs_the_token_of_the_page(company: Company) -> None:
    for role, made in ((Role.owner, 201), (Role.viewer, 403)):
        browser = await Browser.of(company, None if role is Role.owner else role)
        page = (await browser.get("/docs")).text
        token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
        assert token == browser.token
        assert role.name in page
        client = company.server.client
        bare = await client.post("/api/v1/agents", json=AGENT, headers=browser.headers)
        assert bare.status_code == 403
        with_token = {**browser.headers, "X-CSRF-Token": token}
        assert (await client.post("/api/v1/agents", json=AGENT, headers=with_token)).status_code == made


async def test_whoever_is_not_signed_in_gets_no_token_and_may_read(company: Company) -> None:
    for headers in ({}, {"cookie": "headwater_session=ended"}, {"cookie": "headwater_visitor=v"}):
        answer = await company.server.client.get("/docs", headers=headers)
        assert answer.status_code == 200
        assert "csrf-token" not in answer.text
        assert "/sign-in?next=/docs" in answer.text
        assert answer.headers["cache-control"] == "no-store"
