"""An embedded store for questions about decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from headwater.storage.port import Store
from tests.conformance.facts import opened


@pytest_asyncio.fixture
async def store() -> AsyncIterator[Store]:
    async with opened() as store:
        yield store
