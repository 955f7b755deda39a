"""What holds for every test, and the server that most of them ask.

Generated examples have no time limit of their own, since machines differ.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.caching import CacheServer, cache_server
from tests.serving import Company, Hierarchy, Server, serving
from tests.stores import EVERY_STORE, Opening, database, opening_of

settings.register_profile("headwater", deadline=None)
settings.load_profile("headwater")


@pytest.fixture(scope="module", params=EVERY_STORE)
def opening(request: pytest.FixtureRequest) -> Opening:
    """Opens a new store, of each kind."""
    return opening_of(request.param)


@pytest.fixture
def facts_in() -> str:
    """The kind of store that ``server`` keeps facts in."""
    return "duckdb"


@pytest.fixture(scope="session")
def cache() -> Iterator[CacheServer]:
    """What processes share, for tests that do not end it."""
    with cache_server() as started:
        yield started


@pytest.fixture
def beside_facts(facts_in: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a server that go with the kind of store that it keeps facts in."""
    return {"cache_url": request.getfixturevalue("cache").url()} if facts_in == "clickhouse" else {}


@pytest.fixture
async def server(tmp_path: Path, facts_in: str, beside_facts: dict[str, str]) -> AsyncIterator[Server]:
    """A fresh server."""
    with database(facts_in) as facts:
        async with serving(tmp_path, facts=facts, **beside_facts) as started:
            yield started


@pytest.fixture
async def company(server: Server) -> Company:
    """Somebody who uses it."""
    return await server.company()


@pytest.fixture
async def hierarchy(company: Company) -> Hierarchy:
    """Their entities."""
    return await company.hierarchy()
