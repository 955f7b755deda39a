"""Every event that evicts a kept answer about creators does so in a process that had no part in it.

The tests are the contract's own: here one process takes what is written and another answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contracts.creators.conftest import project, tracking
from tests.contracts.creators.test_cache import *  # noqa: F403
from tests.contracts.creators.test_cache import kept
from tests.serving import Company, Server

pytestmark = pytest.mark.scaled
__all__ = ["kept", "project", "tracking"]


@pytest.fixture
async def server(divided: Server) -> AsyncIterator[Server]:
    """Two processes that look like one."""
    return divided


@pytest.fixture
async def company(server: Server) -> Company:
    """Somebody who uses it."""
    return await server.company()
