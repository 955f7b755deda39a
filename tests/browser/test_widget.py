"""The chat of a web deployment in a real browser, on a page of somebody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import complaints_of
from tests.crash.processes import Process, register

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOP = """<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>{script}</html>"""


@contextmanager
def shop() -> Iterator[Any]:
    """A page of somebody else; ``html`` is what it shows."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = server.html.encode() if self.path == "/" else b""  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_visitor_asks_on_a_page_of_somebody_else(page: Page, tmp_path: Path) -> None:
    complaints = complaints_of(page)
    with Process(tmp_path / "data") as process, shop() as elsewhere:
        origin = f"http://127.0.0.1:{elsewhere.server_port}"
        with process.client(register(process)) as client:
            agent = client.post("/api/v1/agents", json={"name": "Ana"}).raise_for_status().json()["agent"]["agent_id"]
            config = {"title": "Ask the shop", "greeting": "What may it be?", "origins": [origin]}
            body = {"agent_id": agent, "platform": "web", "config": config}
            made = client.post("/api/v1/deployments/messaging", json=body).raise_for_status().json()["deployment"]
            script = made["script"].replace("http://127.0.0.1:8000", process.url)
            elsewhere.html = SHOP.format(script=script)
            page.goto(origin)
            button = page.get_by_role("button", name="Chat")
            button.click()
            frame = page.frame_locator("iframe[title=Chat]")
            expect(frame.get_by_role("heading", name="Ask the shop")).to_be_visible()
            expect(frame.get_by_text("What may it be?")).to_be_visible()
            frame.get_by_label("Your message").fill("How many impressions yesterday?")
            frame.get_by_label("Your message").press("Enter")
            expect(frame.locator(".own")).to_have_text("How many impressions yesterday?")
            expect(frame.locator(".agent").nth(1)).to_contain_text("Impressions", timeout=10_000)
            page.keyboard.press("Escape")
            executions = client.get(f"/api/v1/agents/{agent}/executions").json()["executions"]
        assert [one["kind"] for one in executions] == ["message"]
    assert complaints == []


def test_a_page_that_is_not_allowed_does_not_get_it(page: Page, tmp_path: Path) -> None:
    complaints = complaints_of(page)
    with Process(tmp_path / "data") as process, shop() as elsewhere:
        with process.client(register(process)) as client:
            agent = client.post("/api/v1/agents", json={"name": "Ana"}).raise_for_status().json()["agent"]["agent_id"]
            body = {"agent_id": agent, "platform": "web", "config": {"origins": ["https://shop.example"]}}
            made = client.post("/api/v1/deployments/messaging", json=body).raise_for_status().json()["deployment"]
        elsewhere.html = SHOP.format(script=made["script"].replace("http://127.0.0.1:8000", process.url))
        page.goto(f"http://127.0.0.1:{elsewhere.server_port}")
        page.get_by_role("button", name="Chat").click()
        page.wait_for_timeout(500)
    assert any("frame-ancestors" in one for one in complaints)
