"""The places that every promise of a fact store is tested in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from headwater.storage.port import Store

from .facts import opened

Open = Callable[..., AbstractAsyncContextManager[Store]]


_COVERING = "duckdb file, all keys covered at once"


@pytest.fixture(params=["duckdb file", "duckdb memory", _COVERING])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens a new store of each kind."""
    if request.param == _COVERING:
        return partial(opened, tmp_path / "facts.duckdb", cover_after=1)
    return partial(opened, tmp_path / "facts.duckdb" if request.param == "duckdb file" else None)


@pytest.fixture(params=["duckdb file", _COVERING])
def lasting(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store again and again, of each kind that outlives its process."""
    return partial(opened, tmp_path / "facts.duckdb", **({"cover_after": 1} if request.param == _COVERING else {}))


@pytest.fixture
async def store(place: Open) -> AsyncIterator[Store]:
    async with place() as store:
        yield store
