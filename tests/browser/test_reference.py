"""The interactive reference in a real browser: it draws, asks nothing of another host, and can be tried with a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from headwater.app import endpoints
from tests.browser.conftest import complaints_of
from tests.browser.demo import Demo
from tests.crash.processes import Process, make_creatives, register
from tests.openapi import conformity

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_reference_draws_and_can_be_tried(page: Page, tmp_path: Path) -> None:
    complaints = complaints_of(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with Process(tmp_path / "data") as process:
        headers = register(process)
        campaign, _ = make_creatives(process, headers, 1)
        page.goto(f"{process.url}/docs")
        expect(page.locator(".opblock-tag").first).to_be_visible(timeout=20_000)
        assert page.locator(".opblock").count() == 0
        described = [one for one in endpoints() if not conformity.IS_PAGE(one.path)]
        assert len(_drawn(page)) == len(described)
        _authorise(page, headers["authorization"].removeprefix("Bearer "))
        answer = _try_counts(page, campaign)
    assert answer == {str(campaign): {"impressions": 0, "link_clicks": 0}}
    assert complaints == []
    outside = [url for url in asked if not url.startswith((process.url, "data:", "blob:"))]
    assert outside == []
    assert len(asked) > 5


def test_somebody_tries_calls_as_themselves(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/docs")
    expect(page.get_by_text("What you try here happens, as")).to_be_visible()
    page.locator("#operations-tag-Agents").click()
    block = page.locator("#operations-Agents-post_agents")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("textarea").first.fill('{"name": "Made in the reference"}')
    with page.expect_response(lambda response: response.url.endswith("/api/v1/agents")) as coming:
        block.get_by_role("button", name="Execute").click()
    assert coming.value.status == 201, coming.value.text()
    assert "csrf" not in block.inner_text().lower()
    page.get_by_role("link", name="Back to the console").click()
    page.goto(f"{demo.url}/agents")
    expect(page.get_by_role("link", name="Made in the reference").first).to_be_visible()
    assert complaints == []


def _drawn(page: Page) -> set[str]:
    """The operations of all tags, each opened and shut again."""
    tags = page.eval_on_selector_all(".opblock-tag", "all => all.map(one => one.id)")
    return {operation for tag in tags for operation in _of_tag(page, tag)}


def _of_tag(page: Page, tag: str) -> set[str]:
    """What is shown of one, from the top of the page to its end: of many, only those in sight are drawn."""
    found: set[str] = set()
    heading = page.locator(f'[id="{tag}"]')
    heading.click()
    expect(page.locator(".opblock").first).to_be_visible()
    at_end = False
    while not at_end:
        at_end = page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
        found.update(page.eval_on_selector_all(".opblock", "all => all.map(one => one.id)"))
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(100)
    page.evaluate("scrollTo(0, 0)")
    heading.click()
    return found


def _authorise(page: Page, key: str) -> None:
    page.get_by_role("button", name="Authorize").first.click()
    form = page.locator(".auth-container", has_text="bearer").first
    form.locator("input").fill(key)
    form.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()


def _try_counts(page: Page, campaign: int) -> object:
    """Fill in the form of counts, which suggests two metrics, and run it; what came back."""
    page.locator("#operations-tag-Analytics").click()
    block = page.locator("#operations-Analytics-get_aggregation_counts")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator('tr[data-param-name="resource"] select').select_option("campaign")
    ids = block.locator('tr[data-param-name="id[]"]')
    if not ids.locator("input").count():
        ids.get_by_role("button", name="Add").click()
    ids.locator("input").first.fill(str(campaign))
    with page.expect_response(lambda response: "/aggregation-api/counts" in response.url) as coming:
        block.get_by_role("button", name="Execute").click()
    assert coming.value.status == 200, coming.value.text()
    expect(block.locator(".responses-table.live-responses-table .response-col_status").nth(1)).to_contain_text("200")
    return coming.value.json()
