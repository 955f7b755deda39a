"""Whether the server works, without touching rows (contract: agents-and-accounts, "system")."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import msgspec

from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply


class Database(msgspec.Struct, frozen=True):
    """The control plane's database."""

    connected: bool


class Data(msgspec.Struct, frozen=True):
    """The fact store."""

    responsive: bool


class Health(msgspec.Struct, frozen=True):
    """``status`` is ``ok`` when both parts just answered, else ``degraded``."""

    status: str
    timestamp: datetime
    database: Database
    data: Data


async def health(call: Call[Any, bytes]) -> Reply:
    """Ask both stores whether they answer."""
    connected, store = await asyncio.gather(call.services.control.responsive(), call.services.store.health())
    good = connected and store.responsive
    body = Health("ok" if good else "degraded", call.services.clock(), Database(connected), Data(store.responsive))
    return Reply(body, 200 if good else 503)


_EXAMPLE = {
    "status": "ok",
    "timestamp": "2025-01-15T10:00:00Z",
    "database": {"connected": True},
    "data": {"responsive": True},
}

ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/health",
        health,
        PUBLIC,
        "Health check",
        "System",
        {
            200: Answers("Both stores just answered.", Health, _EXAMPLE),
            503: Answers("One of them did not.", Health, {**_EXAMPLE, "status": "degraded"}),
        },
    )
]
