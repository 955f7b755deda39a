"""Somebody asks an agent, lets it out, marks a creator's line and looks at offers, in a real browser on the demo."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import complaints_of
from tests.browser.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_somebody_asks_an_agent_and_checks_its_figures(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/agents")
    page.get_by_role("link", name="Analyst").click()
    page.get_by_role("textbox", name="Ask Analyst").fill("Daily impressions in the last 30 days")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".answer")).to_contain_text("Impressions by day")
    expect(page.locator("[data-chart].drawn .drawing svg")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Run it again").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("30 rows, in")).to_be_visible()
    page.get_by_label("Metric question").fill("{")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".problem")).to_contain_text("not JSON")
    # The page with what is wrong is answered 400, which browsers write into their console.
    assert [one for one in complaints if "400" not in one] == []


def test_somebody_makes_an_agent_and_lets_it_out(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/agents/new")
    page.get_by_label("Name").fill("Shop helper")
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_text("Shop helper is ready to be asked.")).to_be_visible()
    page.get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name="Web page").click()
    page.get_by_label("Origins").fill("https://shop.example")
    page.get_by_role("button", name="Deploy").click()
    expect(page.locator("pre").first).to_contain_text("widget.js")
    page.get_by_role("link", name="Shop helper").click()
    page.get_by_role("link", name="Change").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete this agent").click()
    expect(page.get_by_text("are gone.")).to_be_visible()
    assert complaints == []
