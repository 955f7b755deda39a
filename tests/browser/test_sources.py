"""Somebody uploads files, lets an agent ask them, and reads the conversation, in a real browser on the demo."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests.browser.axe import barriers
from tests.browser.conftest import complaints_of
from tests.browser.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CSV: FilePayload = {
    "name": "orders.csv",
    "mimeType": "text/csv",
    "buffer": b"id,city,amount\n1,Oslo,10.5\n2,Bergen,4.5\n3,Oslo,1\n",
}
NOTES: FilePayload = {
    "name": "terms.md",
    "mimeType": "text/markdown",
    "buffer": b"# Terms\n\nReturned within forty days.\n",
}


def test_somebody_asks_an_agent_on_files_of_their_own(demo: Demo, context: BrowserContext, tmp_path: Path) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/data-sources")
    page.get_by_role("link", name="Upload files").first.click()
    assert barriers(page) == []
    page.get_by_label("Name").fill("My shop")
    page.get_by_label("Files").set_input_files([CSV, NOTES, _database(tmp_path)])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("My shop is ready to be asked.")).to_be_visible()
    expect(page.locator("summary", has_text="visits")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("link", name="Documents").click()
    page.get_by_label("Words that a passage should have").fill("forty days")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="terms.md")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("navigation", name="You are here").get_by_role("link", name="My shop").click()
    page.get_by_role("link", name="New agent on it").click()
    page.get_by_label("Name").fill("Shop analyst")
    expect(page.get_by_role("checkbox", name="My shop").first).to_be_checked()
    page.get_by_role("button", name="Make the agent").click()
    page.get_by_role("textbox", name="Ask Shop analyst").fill("How many orders by city?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".answer")).to_contain_text("Oslo")
    agent = page.url.partition("?")[0].rpartition("/")[2]
    _ask(demo, page, agent, "How many orders by city?")
    page.get_by_role("link", name="Conversations").click()
    assert barriers(page) == []
    page.locator("td").get_by_role("link", name="How many orders by city?").click()
    assert barriers(page) == []
    page.get_by_role("link", name="Show the figures").click()
    expect(page.locator("[data-chart].drawn .drawing svg")).to_be_visible(timeout=20_000)
    assert barriers(page) == []
    _delete(demo, page)
    assert complaints == []


def test_the_fields_of_a_kind_follow_what_is_chosen(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    complaints = complaints_of(page)
    demo.sign_in(page)
    page.goto(f"{demo.url}/data-sources/connect")
    assert barriers(page) == []
    page.get_by_role("link", name="An API").click()
    expect(page.get_by_label("Token")).to_be_hidden()
    page.get_by_label("How it knows you").select_option("bearer")
    expect(page.get_by_label("Token")).to_be_visible()
    assert barriers(page) == []
    page.get_by_label("Name").first.fill("Tickets")
    page.get_by_label("Address").fill("http://127.0.0.1:9")
    page.get_by_label("Token").fill("s3cret")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#p-base_url")).to_be_visible()
    expect(page.get_by_label("Address")).to_be_focused()
    assert "s3cret" not in page.content()
    # The page with what is wrong is answered 400, which browsers write into their console.
    assert [one for one in complaints if "400" not in one] == []


def test_what_is_too_large_is_said_before_it_is_sent(demo: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    demo.sign_in(page)
    page.goto(f"{demo.url}/data-sources/upload")
    files = page.get_by_label("Files")
    files.evaluate("one => one.dataset.mostBytes = '10'")
    files.set_input_files([CSV])
    assert "too much" in files.evaluate("one => one.validationMessage")
    files.set_input_files([{**CSV, "buffer": b"a\n1\n"}])
    assert files.evaluate("one => one.validationMessage") == ""


def _database(folder: Path) -> FilePayload:
    path = folder / "visits.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE visits (id INTEGER PRIMARY KEY, page TEXT)")
        connection.execute("INSERT INTO visits (page) VALUES ('/'), ('/shop')")
    return {"name": path.name, "mimeType": "application/octet-stream", "buffer": path.read_bytes()}


def _ask(demo: Demo, page: Page, agent: str, text: str) -> None:
    """A program's question, since those of the agent's page are tries that are not kept."""
    answer = page.request.post(
        f"{demo.url}/api/v1/agents/{agent}/execute",
        data=json.dumps({"input": text}),
        headers={"content-type": "application/json", "authorization": f"Bearer {demo.key()}"},
    )
    assert answer.status == 200, answer.text()


def _delete(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/data-sources")
    page.get_by_role("link", name="My shop").first.click()
    page.on("dialog", lambda dialog: dialog.accept())
    expect(page.get_by_text("Shop analyst will have no figures from it any more.")).to_be_visible()
    page.get_by_role("button", name="Delete this data source").click()
    expect(page.get_by_text("The data source is gone.")).to_be_visible()
