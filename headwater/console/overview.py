"""The first page after signing in."""

from __future__ import annotations

from typing import Any

from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.surfaces._http.endpoint import READ, Call, Reply


async def overview(call: Call[Any, bytes]) -> Reply:
    """Where one can go."""
    return await render(call, "overview.html", title="Overview")


ENDPOINTS = [page("/", overview, READ, "Overview")]
