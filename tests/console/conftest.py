"""One server for all promises of a module: nothing that is asked there changes what others see."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headwater.scope import Role
from tests.console.pages import Browser, ids_of
from tests.serving import Server, serving


class Room:
    """Two companies, the ids of each, and a browser for each role of the first."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def furnish(self) -> Room:
        """Make them."""
        self.company, self.other = await self.server.company(), await self.server.company()
        self.ids, self.foreign = await ids_of(self.company), await ids_of(self.other)
        self.by_role = {role: await Browser.of(self.company, role) for role in Role if role is not Role.owner}
        self.by_role[Role.owner] = self.owner = await Browser.of(self.company)
        return self


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with serving(tmp_path_factory.mktemp("console")) as server:
        yield await Room(server).furnish()
