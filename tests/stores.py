"""The kinds of stores that tests run on; those of the second kind bear the mark ``scaled``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, NamedTuple

import pytest

from headwater.catalogue.registry import CATALOGUE
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.port import Store
from tests import postgres
from tests.clickhouse import give_back, opened_clickhouse, taken
from tests.conformance.facts import opened
from tests.serving import StoreOf

Opening = Callable[..., AbstractAsyncContextManager[Any]]
"""Opens a store; ``Any``, so that a test may say what kind it means."""
ON_CLICKHOUSE = pytest.param("clickhouse", marks=pytest.mark.scaled)
EVERY_STORE = ["duckdb", ON_CLICKHOUSE]


def opening_of(kind: str) -> Callable[..., AbstractAsyncContextManager[Store]]:
    """How a store of a kind is opened."""
    return opened_clickhouse if kind == "clickhouse" else opened


class Installation(NamedTuple):
    """Where a server keeps what: its facts and its rows."""

    facts: str
    rows: str


ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.scaled)
EVERY_ROWS = ["sqlite", ON_POSTGRES]
EVERY_INSTALLATION = [
    pytest.param(Installation("duckdb", "sqlite"), id="embedded"),
    pytest.param(Installation("clickhouse", "postgres"), id="scaled", marks=pytest.mark.scaled),
]


@pytest.fixture(params=EVERY_ROWS)
def every_rows(request: pytest.FixtureRequest) -> str:
    """Each kind of control plane in turn; where a folder's tests run on all, ``rows_in`` is this."""
    return str(request.param)


@contextmanager
def facts(kind: str) -> Iterator[StoreOf | None]:
    """What makes the store of a server whose facts lie outside of its folder, if they do; gone afterwards."""
    if kind != "clickhouse":
        yield None
        return
    server = taken()
    try:
        yield lambda clock: ClickHouseStore(server, CATALOGUE, clock=clock)
    finally:
        give_back(server)


@contextmanager
def rows(kind: str, *, migrated: bool = True) -> Iterator[str]:
    """The setting ``control_url`` for a kind of control plane, with every migration run or none; gone afterwards."""
    if kind != "postgres":
        yield ""
        return
    with postgres.migrated() if migrated else postgres.empty() as url:
        yield url
