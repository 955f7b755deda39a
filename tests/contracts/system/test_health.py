"""Health: both stores have just answered, or the answer says which did not."""

from __future__ import annotations

import pytest

from headwater.storage.port import StoreHealth
from tests.serving import Server

HEALTH = "/api/v1/health"


async def test_the_seed_s_example(server: Server) -> None:
    answer = await server.client.get(HEALTH)
    cache = {"cache": {"connected": True}} if server.services.settings.cache_url else {}
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "ok",
            "timestamp": "2025-05-03T12:30:00Z",
            "database": {"connected": True},
            "data": {"responsive": True},
            **cache,
        },
    )


async def test_a_store_that_does_not_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> StoreHealth:
        return StoreHealth(responsive=False, fresh_rows=0)

    monkeypatch.setattr(server.services.store, "health", silent)
    answer = await server.client.get(HEALTH)
    assert answer.status_code == 503
    assert (
        answer.json().items()
        >= {
            "status": "degraded",
            "database": {"connected": True},
            "data": {"responsive": False},
        }.items()
    )


async def test_a_database_that_does_not_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone() -> bool:
        return False

    monkeypatch.setattr(server.services.control, "responsive", gone)
    answer = await server.client.get(HEALTH)
    assert (answer.status_code, answer.json()["database"]) == (503, {"connected": False})


@pytest.mark.parametrize("path", ["/api/v1/health/live", "/health/live"])
async def test_a_process_lives_whatever_its_stores_do(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.delattr(type(server.services.store), "health")
    answer = await server.client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "timestamp": "2025-05-03T12:30:00Z"})


@pytest.mark.parametrize("path", ["/api/v1/health/ready", "/health/ready"])
async def test_a_server_is_ready_when_both_stores_answer(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    assert (await server.client.get(path)).status_code == 200

    async def gone() -> bool:
        return False

    monkeypatch.setattr(server.services.control, "responsive", gone)
    answer = await server.client.get(path)
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")


async def test_industries_begin_with_the_seed_s(server: Server) -> None:
    answer = await server.client.get("/api/v1/utils/industries")
    found = answer.json()["industries"]
    assert found[:3] == ["Technology", "Healthcare", "Finance"]
    assert len(found) == len(set(found))
