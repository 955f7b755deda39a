"""What holds for every test, and the server that most of them ask.

Generated examples have no time limit of their own, since machines differ. The stores of many machines take ten times
as long for each, so that their run has fewer: ``--hypothesis-profile scaled``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import postgres
from tests.caching import CacheServer, cache_server
from tests.serving import Company, Hierarchy, Server, serving
from tests.stores import EVERY_STORE, Opening, facts, opening_of, rows

settings.register_profile("headwater", deadline=None)
settings.register_profile("scaled", deadline=None, max_examples=40)
settings.load_profile("headwater")


@pytest.fixture(scope="module", params=EVERY_STORE)
def opening(request: pytest.FixtureRequest) -> Opening:
    """Opens a new store, of each kind."""
    return opening_of(request.param)


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[None]:
    """Whatever servers the tests have started end with them."""
    yield
    postgres.stop()


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
def rows_in() -> str:
    """The kind of control plane that ``server`` has."""
    return "sqlite"


@pytest.fixture
def control_url(rows_in: str) -> Iterator[str]:
    """The setting for that kind, with every migration run; gone afterwards."""
    with rows(rows_in) as url:
        yield url


@pytest.fixture
def shared_in(facts_in: str, rows_in: str, request: pytest.FixtureRequest) -> str:
    """The address of what processes share, where a server has the stores of many."""
    many = (facts_in, rows_in) != ("duckdb", "sqlite")
    return str(request.getfixturevalue("cache").url()) if many else ""


@pytest.fixture
async def server(tmp_path: Path, facts_in: str, control_url: str, shared_in: str) -> AsyncIterator[Server]:
    """A fresh server."""
    with facts(facts_in) as store:
        async with serving(tmp_path, facts=store, control_url=control_url, cache_url=shared_in) as started:
            yield started


@pytest.fixture
async def company(server: Server) -> Company:
    """Somebody who uses it."""
    return await server.company()


@pytest.fixture
async def hierarchy(company: Company) -> Hierarchy:
    """Their entities."""
    return await company.hierarchy()
