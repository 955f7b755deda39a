"""Data directories with invented ad events, made once for each size and kept under ``benchmarks/.work``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from headwater.app import Headwater
from headwater.catalogue.ads import AD_EVENTS
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.control.tokens.api_keys import ApiKeys
from headwater.settings import Settings
from headwater.storage import schema
from headwater.storage.port import FactBatch

WORK = Path(__file__).parent / ".work"
CREATIVES = 1000
GROUPS = 100
DAYS = 90
START = datetime(2026, 1, 1, tzinfo=UTC)
_CHUNK = 1_000_000


def directory(events: int) -> Path:
    """The data directory with ``events`` events; made if it is not there."""
    path = WORK / f"events-{events}"
    if not (path / "bench.json").exists():
        print(f"Making {events:,} events …", flush=True)
        asyncio.run(_make(path, events))
    return path


class Known(msgspec.Struct, frozen=True):
    """What a run needs to know of a directory."""

    key: str
    creatives: list[int]


def facts(path: Path) -> Known:
    """The directory's key and creatives."""
    return msgspec.json.decode((path / "bench.json").read_bytes(), type=Known)


async def _make(path: Path, events: int) -> None:
    headwater = Headwater(Settings(data_dir=str(path)))
    await headwater.start()
    control, store = headwater.services.control, headwater.services.store
    newcomer = await control.registration.newcomer("bench@example.com", "benchmark-password", "B")
    async with control.unit_of_work() as unit:
        registered = await control.registration.found(unit, newcomer, "Bench")
    scope = await control.access.operator_scope(registered.organisation.id)
    async with control.unit_of_work() as unit:
        entities = Entities(unit.session, scope)
        (workspace,), _ = await entities.list("workspace")
        campaign, _ = await entities.create("campaign", NewEntity(name="Campaign", parent_id=workspace.id))
        groups = await entities.create_many(
            "creative_group", [NewEntity(name=f"Group {n}", parent_id=campaign.id) for n in range(GROUPS)]
        )
        creatives = await entities.create_many(
            "creative",
            [NewEntity(name=f"Creative {n}", parent_id=groups[n % GROUPS]) for n in range(CREATIVES)],
        )
        _, key = await ApiKeys(unit.session, scope).create("bench", ["read", "write"])
    for first in range(0, events, _CHUNK):
        rows = ad_events(first, min(_CHUNK, events - first), events, list(creatives))
        await store.append([FactBatch(scope, AD_EVENTS.name, rows)])
        print(f"  {first + rows.num_rows:,}", end="\r", flush=True)
    await store.compact()
    await headwater.stop()
    (path / "bench.json").write_bytes(msgspec.json.encode(Known(key, list(creatives))))


def ad_events(first: int, count: int, total: int, creatives: list[int]) -> pa.Table:
    """Events number ``first`` and on, in order of time: nine impressions in ten, twenty domains, four DSPs."""
    connection = duckdb.connect()
    connection.register("creative", pa.table({"place": list(range(len(creatives))), "id": creatives}))
    seconds = DAYS * 86_400
    names = [metric.formula.event for metric in AD_EVENTS.metrics if metric.name in AD_EVENTS.groups["base"]]
    query = f"""
        SELECT TIMESTAMP '2026-01-01' + to_microseconds((n::HUGEINT * {seconds * 1_000_000} // {total})::BIGINT) AS ts,
               creative.id AS creative_id, event,
               CASE WHEN event LIKE 'seconds%' THEN (hash(n, 5) % 20000000)::BIGINT ELSE 0 END AS value,
               'site' || hash(n, 3) % 20 || '.example' AS domain, 'dsp' || hash(n, 4) % 4 AS dsp,
               printf('%016x', hash(n)) AS session_id, 0::BIGINT AS component_id, '' AS record_id
        FROM (SELECT n, CASE WHEN hash(n, 1) % 10 < 9 THEN 'impressions'
                     ELSE {names!r}[1 + (hash(n, 2) % {len(names)})::INT] END AS event,
                     (hash(n, 6) % {len(creatives)})::BIGINT AS place
              FROM range({first}, {first + count}) AS numbers(n))
        JOIN creative USING (place) ORDER BY n"""
    return connection.sql(query).to_arrow_table().cast(schema.arrow_schema(AD_EVENTS))


def bare_copy(path: Path) -> Path:
    """The sorted rollups alone, as a plain DuckDB file for the floor."""
    copy = path / "bare.duckdb"
    if not copy.exists():
        connection = duckdb.connect(str(copy))
        connection.execute(f"ATTACH '{path / 'facts.duckdb'}' AS facts (READ_ONLY)")
        for rollup in AD_EVENTS.rollups:
            keys = ", ".join(schema.rollup_keys(AD_EVENTS, rollup))
            connection.execute(f"CREATE TABLE {rollup.name} AS SELECT * FROM facts.{rollup.name} ORDER BY {keys}")
        connection.close()
    return copy
