"""Somebody compares creators and notes what happened, in a real browser on the demo's data."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import barriers
from tests.browser.conftest import complaints_of
from tests.browser.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_somebody_compares_creators(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/creators")
    page.get_by_role("link", name="Oscar Panna").click()
    _drawn(page)
    page.get_by_label("Metric").select_option(label="Growth rate of followers")
    page.get_by_label("Compare with").fill("Mo Adeyemi")
    _show(page)
    expect(page.get_by_role("link", name="Mo Adeyemi")).to_be_visible()
    _drawn(page)
    expect(page.get_by_role("heading", name="Growth rate of followers")).to_be_visible()
    page.get_by_role("link", name="Mo Adeyemi").click()
    page.get_by_label("Metric").select_option("views")
    _show(page)
    page.get_by_label("Beside it").select_option(label="Its videos")
    _show(page)
    _drawn(page)
    page.get_by_text("As a table").click()
    expect(page.get_by_role("cell", name="One pan, no water, no patience").first).to_be_visible()
    _fits(page)
    page.goto(f"{demo.url}/creators")
    page.get_by_role("link", name="Posting times").click()
    _drawn(page)
    _fits(page)
    assert complaints == []


def test_somebody_notes_what_happened_by_clicking_the_chart(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/creators")
    page.get_by_role("link", name="Oscar Panna").click()
    _drawn(page)
    # The day of a point is the day under the pointer, whatever lies there.
    point = page.locator(".drawing .mark-symbol path[aria-label]").nth(4)
    day = re.search(r"[A-Z][a-z]{2} \d{2}, \d{4}", point.get_attribute("aria-label") or "")
    assert day is not None, point.get_attribute("aria-label")
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_label("What happened")).to_be_focused()
    chosen = page.get_by_label("On", exact=True).input_value()
    assert f"{date.fromisoformat(chosen):%b %d, %Y}" == day[0]
    # The demo is shared by both widths.
    title = f"Was on television {'wide' if (page.viewport_size or {})['width'] > 800 else 'narrow'}"
    page.get_by_label("What happened").fill(title)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text(title)).to_be_visible()
    _drawn(page)
    flags = page.locator(f".drawing [aria-label*='{title}']")
    expect(flags.first).to_be_attached()
    assert complaints == []


def _drawn(page: Page) -> None:
    # Charts are drawn once they are near.
    page.locator("[data-chart]").scroll_into_view_if_needed()
    expect(page.locator("[data-chart].drawn .drawing svg")).to_be_visible(timeout=20_000)


def _show(page: Page) -> None:
    page.get_by_role("form", name="The line").get_by_role("button", name="Show").click()


def _fits(page: Page) -> None:
    """Nothing makes the page itself wider than the window, or keeps anybody from using it."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == [], page.url
