"""ClickHouse in the test's own process, or the server that ``HEADWATER_TEST_CLICKHOUSE_URL`` names: a database a store.

chDB has one engine in a process, in memory, which lasts while anybody holds a client of it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
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
from headwater.storage.clickhouse.server import Server, address
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.clickhouse.topology import Topology
from tests.conformance.facts import NOON

URL = os.environ.get("HEADWATER_TEST_CLICKHOUSE_URL", "")
_NUMBERS = count(1)


class InProcess(msgspec.Struct, frozen=True):
    """See ``storage.clickhouse.server.Server``."""

    topology: Topology

    def make_database(self) -> None:
        """Make the database where there is none."""
        engine().command(self.topology.create_database())

    def link(self, *, writes: bool) -> Link:
        """A client with a handle of its own."""
        client = _client(self.topology.database)
        return Link(client, self.topology.write_settings if writes else {**self.topology.read_settings, "readonly": 2})


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


def drop(server: Server) -> None:
    """Forget a database."""
    topology = server.topology
    where = f" ON CLUSTER `{topology.cluster}`" if topology.cluster else ""
    client = engine() if not URL else clickhouse_connect.get_client(dsn=URL.partition("?")[0])
    client.command(f"DROP DATABASE IF EXISTS `{topology.database}`{where}")


@asynccontextmanager
async def opened_clickhouse(
    server: Server | None = None, *, kind: type[ClickHouseStore] = ClickHouseStore, **settings: Any
) -> AsyncIterator[ClickHouseStore]:
    """A store, started, at a time that stands still unless ``settings`` bring another clock."""
    own = server or new_server()
    store = kind(own, CATALOGUE, **{"clock": FixedClock(NOON.replace(tzinfo=UTC)), **settings})
    await store.start()
    try:
        yield store
    finally:
        await store.stop()
        if server is None:
            drop(own)
