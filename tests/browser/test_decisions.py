"""Somebody looks at how decisions go, follows one offer by offer, and tries a recommendation, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from headwater.console.decisions.reports_of import PAGES
from headwater.console.decisions.tabs import TABS
from tests.browser.axe import barriers
from tests.browser.conftest import complaints_of
from tests.browser.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_somebody_looks_at_each_report(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/decisions")
    headings = {one.path: one.title for one in PAGES}
    for tab in TABS:
        page.get_by_role("navigation", name="Decisions").get_by_role("link", name=tab.label, exact=True).click()
        if tab.path in headings:
            expect(page.get_by_role("heading", name=headings[tab.path], level=1)).to_be_visible()
        current = page.get_by_role("navigation", name="Decisions").locator("[aria-current]")
        expect(current).to_have_text(tab.label)
        expect(current).to_be_in_viewport()
        _drawn(page)
        _sound(page)
    assert complaints == []


def test_somebody_narrows_a_report_and_takes_it_along(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/decisions/offers")
    page.get_by_role("link", name="7 days", exact=True).click()
    page.get_by_label("Segment").select_option(label="Engaged this month")
    page.get_by_label("Grouped").select_option(label="By category")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute("aria-current", "true")
    assert "segmentId=seg_engaged" in page.url
    assert "groupBy=category" in page.url
    _drawn(page)
    page.locator("#acceptance_rate").get_by_text("As a table").click()
    page.get_by_role("link", name="Gold card").first.click()
    expect(page.get_by_role("heading", name="What became of it in decisions")).to_be_visible()
    _drawn(page)
    _sound(page)
    page.go_back()
    _drawn(page)
    groups = page.locator("#offer_performance_grouped")
    groups.get_by_text("As a table").click()
    expect(groups.get_by_role("columnheader", name="Category")).to_be_visible()
    with page.expect_download() as coming:
        groups.get_by_role("link", name="CSV").click()
    assert "Savings" in Path(coming.value.path()).read_text()
    _sound(page)
    page.goto(f"{demo.url}/decisions/why-not")
    expect(page.get_by_text("Choose an offer above")).to_be_visible()
    page.get_by_label("Offer").select_option(label="Bridging loan")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="What became of Bridging loan")).to_be_visible()
    _drawn(page)
    _sound(page)
    assert complaints == []


def test_somebody_follows_a_decision_and_tries_one(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/decisions/traces")
    page.get_by_label("Offer considered").select_option(label="Bridging loan")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Next").click()
    assert "offset=25" in page.url
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Each candidate's way")).to_be_visible()
    way = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Bridging loan", exact=True))
    expect(way.last).to_contain_text("Qualification")
    _sound(page)
    page.goto(f"{demo.url}/decisions/try")
    page.get_by_label("Customer id").fill("a walker")
    page.get_by_label("Channel").select_option("ch_web")
    page.get_by_label("Offers at most").fill("2")
    page.get_by_label("What is known of the customer").fill("income = 30000")
    page.get_by_label("Gold card").check()
    page.get_by_role("button", name="Recommend").click()
    expect(page.get_by_role("heading", name=re.compile("^2 of .* offers for a walker"))).to_be_visible()
    expect(page.get_by_label("Gold card")).to_be_checked()
    _sound(page)
    page.get_by_role("link", name="Open the trace").click()
    expect(page.get_by_role("heading", name="Decision for a walker", level=1)).to_be_visible()
    expect(page.get_by_text("Chosen as number 2")).to_be_visible()
    _sound(page)
    assert complaints == []


def test_reports_and_traces_can_be_read_without_scripts(demo: Demo, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    demo.sign_in(page)
    page.goto(f"{demo.url}/decisions/models")
    expect(page.get_by_role("columnheader", name="Slowest 1 % (ms)")).to_be_visible()
    page.goto(f"{demo.url}/decisions/traces")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("list", name="Offers left after each stage")).to_be_visible()
    context.close()


def _drawn(page: Page) -> None:
    """Every chart of the page, which is drawn when it comes near."""
    for figure in page.locator("[data-chart]").all():
        figure.scroll_into_view_if_needed()
        expect(figure).to_have_class(re.compile("drawn"), timeout=20_000)
    page.evaluate("scrollTo(0, 0)")


def _sound(page: Page) -> None:
    """No barrier, and nothing that makes the page itself wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert barriers(page) == [], page.url
