"""ClickHouse in the test's own process, or the server that ``HEADWATER_TEST_CLICKHOUSE_URL`` names: a database a store.

chDB has one engine in a process, in memory, which lasts while anybody holds a client of it. Making a database and
clients of it takes longer than most tests, so those that a server is done with are emptied and used again.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from functools import cache
from itertools import count
from typing import Any

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.client import Client

from headwater.catalogue.registry import CATALOGUE
from headwater.kit.clock import FixedClock
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.migrations import migrate
from headwater.storage.clickhouse.server import Server, address
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.clickhouse.topology import Topology
from tests.conformance.facts import NOON

URL = os.environ.get("HEADWATER_TEST_CLICKHOUSE_URL", "")
_NUMBERS = count(1)
_EMPTIED: list[str] = []
_CLIENTS: defaultdict[tuple[str, bool], list[Client]] = defaultdict(list)
"""Those of a database that nobody uses now, by whether they write."""


class InProcess(msgspec.Struct, frozen=True):
    """See ``storage.clickhouse.server.Server``."""

    topology: Topology

    def make_database(self) -> None:
        """Make the database where there is none."""
        engine().command(self.topology.create_database())

    def link(self, *, writes: bool) -> Link:
        """A client with a handle of its own."""
        settings = self.topology.write_settings if writes else {**self.topology.read_settings, "readonly": 2}
        return _KeptLink(self.topology.database, writes, settings)


class _KeptLink(Link):
    """Leaves its client to the next one of its kind."""

    def __init__(self, database: str, writes: bool, settings: Mapping[str, str | int]) -> None:
        kept = _CLIENTS[database, writes]
        self._own = kept.pop() if kept else _client(database)
        self._back = kept
        super().__init__(self._own, settings)

    def close(self) -> None:
        self._back.append(self._own)


@cache
def engine() -> Client:
    """A client that keeps the engine in memory until the process ends."""
    return _client("default")


def _client(database: str) -> Client:
    return clickhouse_connect.get_client(interface="chdb", database=database, tz_mode="naive_utc")


def new_server() -> Server:
    """A database that no other test has."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    if not URL:
        return InProcess(Topology(name))
    named = address(URL, 30)
    return msgspec.structs.replace(named, topology=msgspec.structs.replace(named.topology, database=name))


def taken() -> Server:
    """A database that a server may have; to be given back."""
    return InProcess(Topology(_EMPTIED.pop())) if _EMPTIED else new_server()


def give_back(server: Server) -> None:
    """Empty a database for the next server; where its tables are not as they are made, drop it."""
    name = server.topology.database
    if URL or _tables(name) != _as_made():
        drop(server)
        return
    filled = engine().query(f"SELECT name FROM system.tables WHERE database = '{name}' AND total_rows > 0")
    for (table,) in filled.result_rows:
        engine().command(f"TRUNCATE TABLE `{name}`.`{table}`")
    _EMPTIED.append(name)


@cache
def _as_made() -> dict[str, str]:
    server = new_server()
    server.make_database()
    link = server.link(writes=True)
    migrate(link, server.topology, CATALOGUE)
    tables = _tables(server.topology.database)
    link.close()
    drop(server)
    return tables


def _tables(database: str) -> dict[str, str]:
    """The statements that make them, without the database's name."""
    made_by = f"replaceAll(create_table_query, '{database}', '')"
    found = engine().query(f"SELECT name, {made_by} FROM system.tables WHERE database = '{database}'")
    return dict(found.result_rows)


def drop(server: Server) -> None:
    """Forget a database."""
    topology = server.topology
    for writes in (True, False):
        for client in _CLIENTS.pop((topology.database, writes), []):
            client.close()
    where = f" ON CLUSTER `{topology.cluster}`" if topology.cluster else ""
    client = engine() if not URL else clickhouse_connect.get_client(dsn=URL.partition("?")[0])
    client.command(f"DROP DATABASE IF EXISTS `{topology.database}`{where}")


@asynccontextmanager
async def opened_clickhouse(
    server: Server | None = None, *, kind: type[ClickHouseStore] = ClickHouseStore, **settings: Any
) -> AsyncIterator[ClickHouseStore]:
    """A store, started, at a time that stands still unless ``settings`` bring another clock."""
    own = server or taken()
    store = kind(own, CATALOGUE, **{"clock": FixedClock(NOON.replace(tzinfo=UTC)), **settings})
    await store.start()
    try:
        yield store
    finally:
        await store.stop()
        if server is None:
            give_back(own)
