"""A server that reaches private hosts, the operator's database, and an API to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contracts.agents.stand_in import Api, api
from tests.serving import Company, serving
from tests.sources.files_of_every_kind import sqlite


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with serving(tmp_path, allow_private_hosts=True, source_row_limit=100) as server:
        yield await server.company()


@pytest.fixture
def shop(company: Company) -> Path:
    """A database in the operator's folder."""
    path = Path(company.server.services.settings.source_files_dir) / "shop.sqlite"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(sqlite())
    return path


@pytest.fixture
def stand_in() -> Iterator[Api]:
    with api() as started:
        yield started
