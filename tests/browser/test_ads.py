"""Somebody looks at how ads go and builds a report, in a real browser on the demo's data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.axe import barriers
from tests.browser.conftest import complaints_of
from tests.browser.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_somebody_looks_at_how_ads_go(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.get_by_label("Search by name or id").fill("jacket finder")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Snow line, 728x90")).to_have_count(0)
    page.get_by_role("link", name="Jacket finder, 300x600").click()
    expect(page.get_by_role("heading", name="Jacket finder, 300x600", level=1)).to_be_visible()
    expect(page.locator("[data-chart].drawn .drawing svg")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="7 days", exact=True).click()
    page.get_by_label("Metric").select_option(label="Click rate")
    page.get_by_label("By").select_option("week")
    page.get_by_role("button", name="Show").last.click()
    assert "period=last_7_days" in page.url
    assert "metric=click_rate" in page.url
    expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("list", name="Steps of the conversation").get_by_role("listitem")).to_have_count(6)
    page.locator("[data-chart] .rows summary").click()
    expect(page.get_by_role("columnheader", name="Click rate (%)")).to_be_visible()
    _fits(page)
    page.get_by_role("navigation", name="You are here").get_by_role("link").last.click()
    expect(page.get_by_role("list", name="Steps of the conversation")).to_have_count(0)
    _fits(page)
    page.goto(f"{demo.url}/")
    expect(page.get_by_role("img", name="Impressions, each of the last 14 days", exact=True)).to_be_visible()
    _fits(page)
    assert complaints == []


def test_somebody_builds_shares_and_deletes_a_report(demo: Demo, context: BrowserContext, browser: Browser) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.get_by_role("link", name="Reports").first.click()
    page.get_by_role("link", name="New report").click()
    expect(page.get_by_text("Pick at least one thing")).to_be_visible()
    page.get_by_label("Narrow the list").fill("aurora")
    expect(page.get_by_label("Brightside Bank: first account")).to_be_hidden()
    page.get_by_label("Aurora Air: city breaks").check()
    page.get_by_label("Link clicks", exact=True).check()
    page.get_by_label("Broken down by").select_option(label="Domain")
    page.get_by_label("Drawn as").select_option(label="Bar")
    expect(page.get_by_role("heading", name="Link clicks by Domain")).to_be_visible()
    expect(page.locator("[data-chart].drawn .drawing svg")).to_be_visible(timeout=20_000)
    assert "breakdown=domain" in page.url
    _fits(page)
    page.get_by_label("Name").fill("Aurora by domain")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV").click()
    assert "traveller.example" in Path(coming.value.path()).read_text()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#link").inner_text()
    stranger = browser.new_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="Aurora by domain", level=1)).to_be_visible()
    _fits(stranger)
    stranger.close()
    page.get_by_label("To", exact=True).fill("client@client.example")
    page.get_by_label("How often").select_option(label="Every month")
    page.get_by_role("button", name="Mail it").click()
    expect(page.get_by_text("has not agreed yet")).to_be_visible()
    _fits(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("is deleted")
    assert complaints == []


def test_what_is_chosen_before_a_late_script_counts(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    demo.sign_in(page)
    held: list[Route] = []
    page.route(re.compile("/builder"), lambda route: held.append(route))
    page.goto(f"{demo.url}/ads/reports/new", wait_until="commit")
    page.get_by_label("Narrow the list").fill("aurora")
    page.get_by_label("Aurora Air: city breaks").check()
    page.get_by_label("Link clicks", exact=True).check()
    expect(page.get_by_label("Brightside Bank: first account")).to_be_visible()
    held[0].continue_()
    expect(page.get_by_label("Brightside Bank: first account")).to_be_hidden()
    expect(page.get_by_role("heading", name="Link clicks")).to_be_visible()


def test_a_report_can_be_built_without_scripts(demo: Demo, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    demo.sign_in(page)
    page.goto(f"{demo.url}/ads/reports/new")
    page.get_by_label("Aurora Air: city breaks").check()
    page.get_by_label("Impressions", exact=True).check()
    page.get_by_role("button", name="Update the preview").click()
    expect(page.get_by_role("columnheader", name="Day (UTC)")).to_be_visible()
    page.get_by_label("Name").fill("Without scripts")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Without scripts", level=1)).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    context.close()


def _fits(page: Page) -> None:
    """Nothing makes the page itself wider than the window, or keeps anybody from using it."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == [], page.url
