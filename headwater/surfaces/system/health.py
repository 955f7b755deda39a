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


class Cache(msgspec.Struct, frozen=True):
    """The server that processes share; without it each counts for itself and keeps no answers."""

    connected: bool


class Health(msgspec.Struct, frozen=True):
    """``status`` is ``ok`` when all parts just answered and the process is not about to stop, else ``degraded``;
    ``cache`` is there where one is set up.
    """

    status: str
    timestamp: datetime
    database: Database
    data: Data
    cache: Cache | msgspec.UnsetType = msgspec.UNSET


class Live(msgspec.Struct, frozen=True):
    """``status`` is ``ok`` whenever there is an answer."""

    status: str
    timestamp: datetime


async def health(call: Call[Any, bytes]) -> Reply:
    """Ask both stores, and what processes share, whether they answer; all is served without the last."""
    services = call.services
    connected, store, shared = await asyncio.gather(
        services.control.responsive(), services.store.health(), services.control.shared.responsive()
    )
    ready = connected and store.responsive and not services.standing.leaving
    status = "ok" if ready and shared is not False else "degraded"
    cache = msgspec.UNSET if shared is None else Cache(shared)
    body = Health(status, services.clock(), Database(connected), Data(store.responsive), cache)
    return Reply(body, 200 if ready else 503)


async def live(call: Call[Any, bytes]) -> Reply:
    """Whether the process answers at all; asks nobody else."""
    return Reply(Live("ok", call.services.clock()))


_EXAMPLE = {
    "status": "ok",
    "timestamp": "2025-01-15T10:00:00Z",
    "database": {"connected": True},
    "data": {"responsive": True},
}

_LIVE_EXAMPLE = {"status": "ok", "timestamp": "2025-01-15T10:00:00Z"}


def _checked(path: str, summary: str, operation_id: str = "") -> Endpoint:
    answers = {
        200: Answers("Both stores just answered; `degraded` says that the shared cache did not.", Health, _EXAMPLE),
        503: Answers(
            "One of the stores did not, or the process is about to stop.", Health, {**_EXAMPLE, "status": "degraded"}
        ),
    }
    return Endpoint("GET", path, health, PUBLIC, summary, "System", answers, operation_id=operation_id, unchanging=True)


def _alive(path: str, operation_id: str = "") -> Endpoint:
    answers = {200: Answers("The process answers.", Live, _LIVE_EXAMPLE)}
    return Endpoint(
        "GET", path, live, PUBLIC, "Liveness", "System", answers, operation_id=operation_id, unchanging=True
    )


ENDPOINTS = [
    _checked("/api/v1/health", "Health check"),
    _alive("/api/v1/health/live"),
    _checked("/api/v1/health/ready", "Readiness"),
    # Where orchestrators look who know nothing of the API.
    _alive("/health/live", "get_root_health_live"),
    _checked("/health/ready", "Readiness", "get_root_health_ready"),
]
