"""The console in a real browser: what people do there, without a complaint of its console or a barrier."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import barriers
from tests.browser.conftest import complaints_of
from tests.console.pages import PAGES
from tests.crash.processes import Process, register

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMAIL, PASSWORD = "owner@example.com", "correct horse battery"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("console") / "data"


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[Process]:
    with Process(folder) as started:
        headers = register(started)
        with started.client(headers) as client:
            agent = client.post("/api/v1/agents", json={"name": "Ana"}).raise_for_status().json()["agent"]["agent_id"]
            question = {"input": "How many impressions yesterday?"}
            client.post(f"/api/v1/agents/{agent}/execute", json=question).raise_for_status()
        yield started


def sign_in(page: Page, process: Process, path: str = "/") -> None:
    """As the owner."""
    page.goto(process.url + path)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(process.url + path)


def mailed_link(page: Page, folder: Path, to: str) -> str:
    """The path of the link that went to this address, which is written beside the answer."""
    for _ in range(100):
        for path in (folder / "outbox").glob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=default)
            found = re.search(r"https?://[^/\s]+(/\S+#token=\S+)", mail.get_content())
            if mail["To"] == to and found:
                return found[1]
        page.wait_for_timeout(50)
    raise AssertionError(f"Nothing was mailed to {to}.")


def test_somebody_signs_in_and_out(page: Page, process: Process) -> None:
    complaints = complaints_of(page)
    page.goto(f"{process.url}/settings/members")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Members")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    assert complaints == []


def test_a_key_is_made_copied_and_revoked(page: Page, process: Process) -> None:
    complaints = complaints_of(page)
    sign_in(page, process, "/settings/api-keys")
    page.get_by_label("What it is for").fill("Nightly export")
    page.get_by_role("button", name="Create the key").click()
    key = page.locator("#secret").inner_text()
    with process.client({"authorization": f"Bearer {key}"}) as client:
        assert client.get("/api/v1/auth/me").status_code == 200
        page.get_by_role("link", name="I have it").click()
        assert key not in page.content()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Revoke Nightly export").click()
        expect(page.get_by_role("status")).to_have_text("The key is revoked.")
        assert client.get("/api/v1/auth/me").status_code == 401
    assert complaints == []


def test_a_member_is_invited_joins_is_demoted_and_removed(
    page: Page, browser: Browser, process: Process, folder: Path
) -> None:
    complaints = complaints_of(page)
    sign_in(page, process, "/settings/members")
    page.get_by_label("E-mail address").fill("bo@example.com")
    page.get_by_label("Role", exact=True).select_option("admin")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status")).to_contain_text("bo@example.com")
    link = process.url + mailed_link(page, folder, "bo@example.com")
    context = browser.new_context()
    theirs = context.new_page()
    their_complaints = complaints_of(theirs)
    theirs.goto(link)
    assert "#token" not in theirs.url
    expect(theirs.get_by_label("Code of the mail")).to_be_hidden()
    theirs.get_by_label("E-mail address").fill("bo@example.com")
    theirs.get_by_label("Your name").fill("Bo")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Join").click()
    theirs.goto(f"{process.url}/settings/members")
    expect(theirs.get_by_role("heading", name="Invite somebody")).to_be_visible()
    page.reload()
    page.get_by_label("Role of Bo", exact=True).select_option("viewer")
    page.get_by_role("button", name="Change the role of Bo").click()
    expect(page.get_by_role("status")).to_have_text("Bo is now viewer.")
    theirs.reload()
    expect(theirs.get_by_role("heading", level=1, name="Members")).to_be_visible()
    expect(theirs.get_by_role("heading", name="Invite somebody")).to_have_count(0)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove Bo").click()
    expect(page.get_by_role("status")).to_contain_text("removed")
    theirs.reload()
    expect(theirs.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    context.close()
    assert complaints + their_complaints == []


def test_a_chart_is_drawn_under_the_strict_policy_and_downloaded(page: Page, process: Process) -> None:
    complaints = complaints_of(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, process, "/settings/usage")
    figure = page.locator("[data-chart]")
    expect(figure.locator("svg")).to_be_visible(timeout=10_000)
    # The interpreter that spares eval once lost the ends and the ticks of time axes.
    expect(figure.locator("svg text", has_text=re.compile(r"^1 [A-Z][a-z]{2}$"))).to_be_visible()
    (bar,) = figure.locator("svg .mark-rect path").all()[-1:]
    around, drawn = figure.bounding_box(), bar.bounding_box()
    assert around is not None
    assert drawn is not None
    assert around["width"] > drawn["width"] > 0
    figure.get_by_text("As a table").click()
    expect(figure.get_by_role("cell", name="1", exact=True)).to_be_visible()
    figure.get_by_text("As curl").click()
    expect(figure.locator("code")).to_contain_text("/api/v1/billing/usage?start_date=")
    with page.expect_download() as coming:
        figure.get_by_role("link", name="CSV").click()
    assert "day,operations" in Path(coming.value.path()).read_text()
    page.get_by_role("button", name="Dark or light").click()
    expect(figure.locator("svg")).to_be_visible()
    assert [one for one in asked if not one.startswith((process.url, "data:"))] == []
    assert complaints == []


def test_everything_can_be_read_without_scripts(browser: Browser, process: Process) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, process, "/settings/usage")
    expect(page.locator("[data-chart] table")).to_be_visible()
    expect(page.locator(".drawing")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_text("Menu").click()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_or_is_wider_than_the_screen(
    browser: Browser, process: Process, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    complaints = complaints_of(page)
    # Before signing in: who is signed in is led on from the pages of entry.
    found = _barriers_of(page, process, [one.path for one in PAGES if one.access is None and "{" not in one.path])
    sign_in(page, process)
    found += _barriers_of(page, process, [one.path for one in PAGES if one.access and "{" not in one.path])
    context.close()
    assert found == []
    assert complaints == []


def _barriers_of(page: Page, process: Process, paths: list[str]) -> list[str]:
    found: list[str] = []
    assert paths
    for path in paths:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(process.url + path)
        assert urlsplit(page.url).path == path
        for figure in page.locator("[data-chart]").all():
            figure.scroll_into_view_if_needed()
            expect(figure).to_have_class(re.compile("drawn"))
        found += [f"{path}: {one}" for one in barriers(page)]
        for width in (360, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{path}: wider than {width} px")
    return found
