"""A server that may send to this machine, a company of it, and a receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import Teller
from tests.serving import Server, serving
from tests.stores import every_rows

rows_in = every_rows


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
async def server(tmp_path: Path, control_url: str) -> AsyncIterator[Server]:
    async with serving(tmp_path / "data", allow_private_hosts=True, control_url=control_url) as started:
        yield started


@pytest.fixture
async def teller(server: Server) -> Teller:
    return Teller(await server.company())
