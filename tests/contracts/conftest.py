"""A server and a company for each test of a contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.serving import Company, Hierarchy, Server, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A fresh server."""
    async with serving(tmp_path) as started:
        yield started


@pytest.fixture
async def company(server: Server) -> Company:
    """Somebody who uses it."""
    return await server.company()


@pytest.fixture
async def hierarchy(company: Company) -> Hierarchy:
    """Their entities."""
    return await company.hierarchy()
