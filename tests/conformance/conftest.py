"""The places that every promise of a fact store is tested in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from headwater.storage.port import Store
from tests.clickhouse import drop, new_server, opened_clickhouse
from tests.stores import ON_CLICKHOUSE

from .facts import opened

Open = Callable[..., AbstractAsyncContextManager[Store]]


_COVERING = "duckdb file, all keys covered at once"


def _opener(kind: str, folder: Path) -> Iterator[Open]:
    if kind == "clickhouse":
        server = new_server()
        yield partial(opened_clickhouse, server)
        drop(server)
    else:
        settings = {"cover_after": 1} if kind == _COVERING else {}
        yield partial(opened, None if kind == "duckdb memory" else folder / "facts.duckdb", **settings)


@pytest.fixture(params=["duckdb file", "duckdb memory", _COVERING, ON_CLICKHOUSE])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens a new store of each kind."""
    yield from _opener(request.param, tmp_path)


@pytest.fixture(params=["duckdb file", _COVERING, ON_CLICKHOUSE])
def lasting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store again and again, of each kind that outlives its process."""
    yield from _opener(request.param, tmp_path)


@pytest.fixture
async def store(place: Open) -> AsyncIterator[Store]:
    async with place() as store:
        yield store
