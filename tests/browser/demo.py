"""A server with the demo's data, and its owner at the door."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.crash.processes import Process


class Demo(Process):
    """A server that filled its folder with the demo."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._command.append("--demo")
        self._folder = folder

    def key(self) -> str:
        """The demo's API key."""
        return str(json.loads((self._folder / "demo.json").read_text())["api_key"])

    def sign_in(self, page: Page) -> None:
        """As the demo's owner."""
        known = json.loads((self._folder / "demo.json").read_text())
        page.goto(f"{self.url}/ads")
        page.get_by_label("E-mail").fill(known["email"])
        page.get_by_label("Password").fill(known["password"])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Ad creatives", level=1)).to_be_visible()
