"""What can be set, for who may see it."""

from __future__ import annotations

from typing import Any

from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.surfaces._http.endpoint import READ, Call, Reply


async def index(call: Call[Any, bytes]) -> Reply:
    """Links to the pages of this folder."""
    return await render(call, "settings/index.html", title="Settings")


ENDPOINTS = [page("/settings", index, READ, "Settings")]
