"""The kinds of fact stores that tests run on; those of the second kind bear the mark ``scaled``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import pytest

from headwater.catalogue.registry import CATALOGUE
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.port import Store
from tests.clickhouse import drop, new_server, opened_clickhouse
from tests.conformance.facts import opened
from tests.serving import StoreOf

Opening = Callable[..., AbstractAsyncContextManager[Any]]
"""Opens a store; ``Any``, so that a test may say what kind it means."""
ON_CLICKHOUSE = pytest.param("clickhouse", marks=pytest.mark.scaled)
EVERY_STORE = ["duckdb", ON_CLICKHOUSE]


def opening_of(kind: str) -> Callable[..., AbstractAsyncContextManager[Store]]:
    """How a store of a kind is opened."""
    return opened_clickhouse if kind == "clickhouse" else opened


@contextmanager
def database(kind: str) -> Iterator[StoreOf | None]:
    """What makes the store of a server whose facts lie outside of its folder, if they do; gone afterwards."""
    if kind != "clickhouse":
        yield None
        return
    server = new_server()
    try:
        yield lambda clock: ClickHouseStore(server, CATALOGUE, clock=clock)
    finally:
        drop(server)
