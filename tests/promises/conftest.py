"""A server, a company, and its ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.promises.routes import Ids
from tests.serving import Company, Server, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path) as started:
        yield started


@pytest.fixture
async def company(server: Server) -> Company:
    return await server.company()


@pytest.fixture
async def ids(company: Company) -> Ids:
    return await Ids.of(company)
