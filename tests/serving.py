"""A whole server in the test's own process: real stores, the real application, no socket.

``serving`` starts one; ``Company`` is somebody who uses it, with a key and a few
entities. Every answer is held against the API description. Passwords are hashed
cheaply, since no test here is about hashing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from headwater.agent_runtime.executing import Runner
from headwater.app import Headwater
from headwater.control import provide
from headwater.kit.clock import Clock, FixedClock
from headwater.outbound import HostGuard, Outbound
from headwater.settings import Settings
from headwater.storage.port import Store
from tests.migrated import lay
from tests.openapi import conformity

NOW = datetime(2025, 5, 3, 12, 30, tzinfo=UTC)
StoreOf = Callable[[Clock], Store]
PASSWORD = "correct horse battery"
STRIPE_SECRET = "whsec_of_the_tests"
# Set up, so that its routes can be walked, with nobody listening.
NOBODY_AT_STRIPE = {
    "stripe_api_key": "sk_test_nobody",
    "stripe_webhook_secret": STRIPE_SECRET,
    "stripe_api_url": "http://127.0.0.1:9",
}


class Names:
    """What the names of hosts lead to: tests look none up elsewhere. Those that are not here are unknown."""

    def __init__(self) -> None:
        self.addresses = {"example.com": ["93.184.216.34"], "db.example.com": ["93.184.216.35"]}

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host."""
        return self.addresses.get(host, [])


class Server:
    """A started server with its clock; ``client`` sends requests to it."""

    def __init__(self, headwater: Headwater, clock: FixedClock, names: Names) -> None:
        self.headwater = headwater
        self.services = headwater.services
        self.clock = clock
        self.names = names
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(headwater.app, raise_app_exceptions=False),
            base_url="http://headwater.test",
            event_hooks={"response": [_as_described]},
        )
        self._companies = 0

    async def company(self, name: str = "") -> Company:
        """A newly registered company."""
        self._companies += 1
        name = name or f"Company {self._companies}"
        email = f"owner{self._companies}@example.com"
        body = {"email": email, "password": PASSWORD, "full_name": "Owner", "company_name": name}
        answer = await self.client.post("/api/v1/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        token = answer.json()["token"]
        created = await self.client.post(
            "/api/v1/account/api-keys",
            json={"name": "tests", "permissions": ["read", "write", "admin"]},
            headers={"authorization": f"Bearer {token}"},
        )
        assert created.status_code == 201, created.text
        return Company(self, email, created.json()["api_key"]["key"], int(answer.json()["user"]["company_id"]))


class Company:
    """A company's owner with a key that may do everything."""

    def __init__(self, server: Server, email: str, key: str, organisation_id: int) -> None:
        self.server = server
        self.email = email
        self.key = key
        self.organisation_id = organisation_id
        self.headers = {"authorization": f"Bearer {key}"}

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request with the company's key."""
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.server.client.request(method, path, headers=headers, **more)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """A GET."""
        return await self.request("GET", path, params=params or None)

    async def make(self, path: str, **body: Any) -> int:
        """Create a resource; its id."""
        answer = await self.request("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["data"]["id"])

    async def hierarchy(self) -> Hierarchy:
        """One workspace, campaign, creative group and two creatives."""
        workspace = await self.make("/api/v2/workspaces", name="Workspace")
        campaign = await self.make("/api/v2/campaigns", name="Winter campaign", workspace_id=workspace)
        group = await self.make("/api/v2/creative_groups", name="Video creatives", campaign_id=campaign)
        creatives = [
            await self.make("/api/v2/creatives", name=name, creative_group_id=group)
            for name in ("Feed slider", "Story slider")
        ]
        return Hierarchy(workspace, campaign, group, creatives)

    async def send(self, events: Iterable[dict[str, Any]], **params: Any) -> dict[str, Any]:
        """Ingest ad events; the receipt."""
        answer = await self.request(
            "POST",
            "/api/v1/ingest/ad-events",
            content="\n".join(map(json.dumps, events)),
            headers={"content-type": "application/x-ndjson"},
            params=params,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class Hierarchy:
    """Ids of one branch of entities."""

    def __init__(self, workspace: int, campaign: int, group: int, creatives: list[int]) -> None:
        self.workspace = workspace
        self.campaign = campaign
        self.group = group
        self.creatives = creatives

    @property
    def creative(self) -> int:
        """The first creative."""
        return self.creatives[0]


async def _as_described(response: httpx.Response) -> None:
    await response.aread()
    conformity.check(response)


def event(creative_id: int, name: str = "impressions", ts: str = "2025-04-17T09:30:00Z", **more: Any) -> dict[str, Any]:
    """An ad event."""
    return {"ts": ts, "creative_id": creative_id, "event": name, **more}


@asynccontextmanager
async def serving(
    folder: Path,
    runner: Runner | None = None,
    facts: StoreOf | None = None,
    clock: FixedClock | None = None,
    **settings: Any,
) -> AsyncIterator[Server]:
    """A server over ``folder``, started and stopped; ``runner`` answers for its agents in place of the analyst.

    Its facts lie in ``folder`` as well, or in the store that ``facts`` makes; its rows too, or where the setting
    ``control_url`` says.
    """
    clock, names = clock or FixedClock(NOW), Names()
    files = str(folder / "operators")
    chosen = Settings(**{"data_dir": str(folder), "source_files_dir": files, **NOBODY_AT_STRIPE, **settings})
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    outbound = Outbound(HostGuard(allow_private=chosen.allow_private_hosts, resolver=names.resolve))
    store = facts(clock) if facts else None
    headwater = Headwater(chosen, clock, provide(chosen, clock, hasher), outbound, runner, store)
    lay(folder, control=not chosen.control_url, facts=facts is None and not chosen.facts_url)
    await headwater.start()
    server = Server(headwater, clock, names)
    try:
        yield server
    finally:
        await server.client.aclose()
        await headwater.stop()
