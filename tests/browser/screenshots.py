"""Pictures of every page on the demo's data, light and dark, narrow and wide: ``make screenshots``.

They are to be looked at, and are not kept in the repository. Pages with an id in their
path are those that the pages before them link to.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from headwater.demo import fill
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.console.pages import PAGES
from tests.crash.processes import PROGRAM, environment

FOLDER: Final = Path("build/screenshots")
_README: Final = Path("docs/pictures")
_DATA: Final = Path("build/screenshots-data")
_WIDTHS: Final = (390, 1440)
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_ORDERS: Final = b"id,city,amount\n1,Oslo,10.5\n2,Bergen,4.5\n3,Oslo,1\n4,Trondheim,7\n"
_PATIENCE: Final = 300.0
_SETTLED: Final = 1_000


def main() -> None:
    """Take all of them; an argument takes only pages whose path begins so."""
    prefix = sys.argv[1] if len(sys.argv) > 1 else "/"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        _furnish(url)
        for scheme in _SCHEMES:
            for width in _WIDTHS:
                _take_all(browser, url, scheme, width, prefix)
        if prefix == "/":
            _take_for_readme(browser, url)
        browser.close()
    print(f"The pictures are in {FOLDER}, those of the README in {_README}.")


@contextmanager
def _server() -> Iterator[str]:
    """A server with the demo's data, which is made at the first time."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [str(PROGRAM), "serve", "--port", str(port), "--data-dir", str(_DATA), "--demo"]
    child = subprocess.Popen(command, env=environment(jobs="false"), stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + _PATIENCE
        while not _answers(url):
            if child.poll() is not None or time.monotonic() > until:
                raise SystemExit("The server with the demo did not start.")
            time.sleep(0.2)
        yield url
    finally:
        child.terminate()
        child.wait(30)


def _furnish(url: str) -> None:
    """Files, an agent on them and a conversation, which the demo has none of."""
    demo = fill.read(_DATA)
    if demo is None:
        raise SystemExit("The demo is not there.")
    with httpx.Client(base_url=f"{url}/api/v1", headers={"authorization": f"Bearer {demo.api_key}"}) as client:
        if len(client.get("/data-sources").json()["data_sources"]) > 1:
            return
        files = [("file", ("orders.csv", _ORDERS)), ("file", ("terms.md", b"# Terms\n\nReturned within forty days.\n"))]
        made = client.post("/data-sources/upload", data={"source_name": "Shop"}, files=files).json()
        source = made["data_source"]["connection_id"]
        agent = client.post("/agents", json={"name": "Shop analyst", "data_sources": [source]}).json()["agent"]
        body: dict[str, str] = {"input": "How many orders by city?"}
        said = client.post(f"/agents/{agent['agent_id']}/execute", json=body).json()
        more = {"input": "What is the total amount by city?", "conversation_id": said["conversation_id"]}
        client.post(f"/agents/{agent['agent_id']}/execute", json=more)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health").status_code == 200
    except httpx.TransportError:
        return False


def _take_all(browser: Browser, url: str, scheme: Literal["light", "dark"], width: int, prefix: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    public = [one.path for one in PAGES if one.access is None]
    for path in public:
        if path.startswith(prefix):
            _take(page, url, path, path, scheme, width)
    _sign_in(page, url)
    seen: set[str] = set()
    for one in sorted((one for one in PAGES if one.access), key=lambda one: one.path.count("{")):
        path = one.path if "{" not in one.path else _linked(one.path, seen)
        if path is not None and one.path.startswith(prefix):
            _take(page, url, path, one.path, scheme, width)
            seen |= set(page.eval_on_selector_all("main a[href^='/']", "all => all.map(a => a.getAttribute('href'))"))
    context.close()


def _sign_in(page: Page, url: str) -> None:
    demo = fill.read(_DATA)
    if demo is None:
        raise SystemExit("The demo is not there.")
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail address").fill(demo.email)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


def _linked(path: str, seen: set[str]) -> str | None:
    """A page of this kind that another page led to."""
    pattern = re.compile(re.sub(r"\{\w+\}", "[^/?]+", path))
    return next((one for one in sorted(seen) if pattern.fullmatch(one.partition("?")[0])), None)


def _take(page: Page, url: str, path: str, name: str, scheme: str, width: int) -> None:
    page.goto(url + path)
    for figure in page.locator("[data-chart]").all():
        # Charts are drawn when they come near.
        figure.scroll_into_view_if_needed()
        expect(figure).to_have_class(re.compile("drawn"), timeout=10_000)
    page.evaluate("scrollTo(0, 0)")
    file = re.sub(r"[^a-z-]+", "_", name).strip("_") or "overview"
    page.screenshot(path=FOLDER / f"{file}.{scheme}.{width}.png", full_page=True)


def _take_for_readme(browser: Browser, url: str) -> None:
    """Four pages as somebody first sees them, small enough to be kept beside the code."""
    _README.mkdir(parents=True, exist_ok=True)
    for scheme, takes in _FOR_README.items():
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
        page = context.new_page()
        _sign_in(page, url)
        for name, go in takes.items():
            go(page, url)
            page.wait_for_timeout(_SETTLED)
            page.screenshot(path=_README / f"{name}.jpg", type="jpeg", quality=72)
        context.close()


def _creator(page: Page, url: str) -> None:
    page.goto(f"{url}/creators")
    page.get_by_role("link", name="Oscar Panna").click()
    page.get_by_label("Beside it").select_option("videos")
    page.get_by_role("form", name="The line").get_by_role("button", name="Show").click()
    page.get_by_role("form", name="The line").evaluate("form => scrollBy(0, form.getBoundingClientRect().top - 24)")
    expect(page.locator("[data-chart]").first).to_have_class(re.compile("drawn"), timeout=10_000)


def _decision(page: Page, url: str) -> None:
    page.goto(f"{url}/decisions/traces")
    page.locator("main table a").first.click()


def _answer(page: Page, url: str) -> None:
    page.goto(f"{url}/agents")
    page.get_by_role("link", name="Analyst").click()
    page.get_by_role("textbox", name="Ask Analyst").fill("Click rate by campaign in the last 30 days")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator(".answer").evaluate("answer => scrollBy(0, answer.getBoundingClientRect().top - 24)")
    expect(page.locator("[data-chart]").first).to_have_class(re.compile("drawn"), timeout=10_000)


_FOR_README: Final[dict[Literal["light", "dark"], dict[str, Callable[[Page, str], object]]]] = {
    "light": {"overview": lambda page, url: page.goto(url), "decision": _decision},
    "dark": {"creator": _creator, "answer": _answer},
}

if __name__ == "__main__":
    main()
