"""What the capacity model stands on, measured from this code: bytes of an event, and time of each step, on one core.

The events are those of ``benchmarks.data``: a thousand creatives, 90 days, twenty domains, every session new.
ClickHouse runs in process, so its commits have no network in them.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks import data, intake
from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE
from headwater.ingest.decode import decode
from headwater.scope import Role, Scope
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import FactBatch, Store
from tests.clickhouse import drop, engine, new_server

EVENTS = 2_000_000
COMMIT_EVENTS = 100_000
_PARSED = 200


class Steps(NamedTuple):
    """Seconds of one commit (of few and of many events), and of merging all of them."""

    small_commit: float
    commit: float
    merge: float


class Sizes(NamedTuple):
    """Bytes on the disk and rows, by table; as they were given, where the engine knows."""

    compressed: Mapping[str, int]
    raw: Mapping[str, int]
    rows: Mapping[str, int]


class Found(NamedTuple):
    """Everything that was measured."""

    parse_per_second: float
    duckdb: Steps
    duckdb_bytes: float
    clickhouse: Steps
    sizes: Sizes


def measure(events: int = EVENTS) -> Found:
    """Store ``events`` in both engines and look."""
    return asyncio.run(_measure(events))


async def _measure(events: int) -> Found:
    parse = _parse_per_second()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.duckdb"
        store = DuckDBStore(path, CATALOGUE, compact_after=1 << 60)
        await store.start()
        embedded = await _fill(store, events)
        await store.stop()
        duckdb_bytes = path.stat().st_size / events
    server = new_server()
    try:
        remote = ClickHouseStore(server, CATALOGUE, compact_after=1 << 60)
        await remote.start()
        steps = await _fill(remote, events)
        await remote.stop()
        sizes = _sizes(server.topology.database)
    finally:
        drop(server)
    return Found(parse, embedded, duckdb_bytes, steps, sizes)


async def _fill(store: Store, events: int) -> Steps:
    scope = _scope()
    commits = []
    for first in range(0, events, COMMIT_EVENTS):
        rows = data.ad_events(first, min(COMMIT_EVENTS, events - first), events, list(range(1, data.CREATIVES + 1)))
        commits.append(await _timed(store, FactBatch(scope, AD_EVENTS.name, rows)))
    small = []
    for turn in range(10):
        rows = data.ad_events(events + turn * 10, 10, events, list(range(1, data.CREATIVES + 1)))
        small.append(await _timed(store, FactBatch(scope, AD_EVENTS.name, rows)))
    began = time.perf_counter()
    await store.compact()
    return Steps(_median(small), _median(commits), time.perf_counter() - began)


async def _timed(store: Store, batch: FactBatch) -> float:
    began = time.perf_counter()
    await store.append([batch])
    return time.perf_counter() - began


def _scope() -> Scope:
    return Scope(1, 1, Role.owner, frozenset({"read", "write", "admin"}), "operator")


def _parse_per_second() -> float:
    """Events decoded from JSON lines, in bodies of 500; what is checked behind it costs a tenth more."""
    bodies = intake.bodies(list(range(1, data.CREATIVES + 1)), _PARSED, 1)
    began = time.perf_counter()
    for body in bodies:
        decode(body, "application/x-ndjson", AD_EVENTS, 1 << 26)
    return _PARSED * intake.BATCH / (time.perf_counter() - began)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _sizes(database: str) -> Sizes:
    rows = (
        engine()
        .query(
            "SELECT table, sum(data_compressed_bytes), sum(data_uncompressed_bytes), sum(rows) FROM system.parts"
            " WHERE active AND database = {database:String} GROUP BY table",
            parameters={"database": database},
        )
        .result_rows
    )
    return Sizes(*({row[0]: int(row[place]) for row in rows} for place in (1, 2, 3)))
