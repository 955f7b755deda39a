"""A store for questions about decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from headwater.storage.port import Store
from tests.stores import Opening


@pytest_asyncio.fixture
async def store(opening: Opening) -> AsyncIterator[Store]:
    async with opening() as store:
        yield store
