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


@pytest.fixture(params=["duckdb file", "duckdb memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens a new store of each kind."""
    return partial(opened, tmp_path / "facts.duckdb" if request.param == "duckdb file" else None)


@pytest.fixture(params=["duckdb file"])
def lasting(tmp_path: Path) -> Open:
    """Opens the same store again and again, of each kind that outlives its process."""
    return partial(opened, tmp_path / "facts.duckdb")


@pytest.fixture
async def store(place: Open) -> AsyncIterator[Store]:
    async with place() as store:
        yield store
