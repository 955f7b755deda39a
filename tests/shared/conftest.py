"""Processes that share a server: parts of the server alone, and two whole applications over the same stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.kit.clock import FixedClock
from tests.caching import CacheServer, cache_server, in_step, new_prefix
from tests.serving import NOW, Company, Server, serving
from tests.stores import facts, rows


@pytest.fixture
def own_cache() -> Iterator[CacheServer]:
    """A server that a test may do anything to."""
    with cache_server() as server:
        yield server


class Pair:
    """Two processes: what is written through one is asked of the other."""

    def __init__(self, one: Server, other: Server) -> None:
        self.one = one
        self.other = other

    def seen_by_other(self, company: Company) -> Company:
        """A company of the one, as the other knows it."""
        return Company(self.other, company.email, company.key, company.organisation_id)

    async def in_step(self) -> None:
        """Wait until both have joined."""
        await in_step(*(server.services.control.shared for server in (self.one, self.other)))


@asynccontextmanager
async def paired(folder: Path, cache: CacheServer, **settings: Any) -> AsyncIterator[Pair]:
    """Two applications over one ClickHouse, one control plane and one clock."""
    clock, url = FixedClock(NOW), cache.url(new_prefix())
    with facts("clickhouse") as store, rows("postgres") as control_url:
        own = {"clock": clock, "cache_url": url, "control_url": control_url, **settings}
        async with AsyncExitStack() as stack:
            one, other = [await stack.enter_async_context(serving(folder, facts=store, **own)) for _ in range(2)]
            yield Pair(one, other)


@pytest.fixture
async def pair(tmp_path: Path, cache: CacheServer) -> AsyncIterator[Pair]:
    """Two applications."""
    async with paired(tmp_path, cache) as both:
        yield both


class Divided(httpx.AsyncBaseTransport):
    """Sends what is read to one application and what is written to another."""

    def __init__(self, pair: Pair) -> None:
        self._writes = httpx.ASGITransport(pair.one.headwater.app, raise_app_exceptions=False)
        self._reads = httpx.ASGITransport(pair.other.headwater.app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Whoever does the like."""
        reads = request.method in ("GET", "HEAD")
        return await (self._reads if reads else self._writes).handle_async_request(request)


@pytest.fixture
async def divided(pair: Pair) -> AsyncIterator[Server]:
    """A server that is two: one takes what is written, the other answers what is asked."""
    hooks = pair.one.client.event_hooks
    await pair.one.client.aclose()
    pair.one.client = httpx.AsyncClient(transport=Divided(pair), base_url="http://headwater.test", event_hooks=hooks)
    return pair.one
