"""What the embedded store promises beyond the port: its file, its tables, its unfinished business."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from pathlib import Path

import duckdb
import pytest

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE, EVENTS, SNAPSHOTS
from headwater.errors import StoreInUse
from headwater.storage import schema
from headwater.storage.duckdb import rollups
from headwater.storage.duckdb.migrations import MIGRATIONS, migrate
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Appended

from .facts import Event, append, opened, total

ROOT = Path(__file__).parents[2]


def columns_of(
    connection: duckdb.DuckDBPyConnection, table: str, may_be_null: Collection[str] = ()
) -> list[tuple[str, str]]:
    described = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_name = ? ORDER BY ordinal_position",
        [table],
    ).fetchall()
    assert {name for name, _, nullable in described if nullable == "YES"} == set(may_be_null), table
    return [(name, kind) for name, kind, _ in described]


def test_migrations_come_out_at_the_tables_of_the_catalogue() -> None:
    with duckdb.connect(":memory:") as connection:
        migrate(connection)
        for events in EVENTS.values():
            assert columns_of(connection, events.table) == schema.columns(events)
            assert columns_of(connection, schema.fresh_table(events)) == schema.fresh_columns(events)
            for rollup in events.rollups:
                assert columns_of(connection, rollup.name) == schema.rollup_columns(events, rollup)
        for snapshots in SNAPSHOTS.values():
            # Readings of one instant are told apart by the order in which they came.
            unknown = [field.stored_as for field in snapshots.fields if schema.may_be_null(field)]
            readings = [*schema.columns(snapshots), (schema.ARRIVAL, "BIGINT")]
            assert columns_of(connection, snapshots.table, unknown) == readings
            assert columns_of(connection, snapshots.ledger) == schema.ledger_columns(snapshots)
            assert columns_of(connection, snapshots.day_rollup) == schema.day_columns(snapshots)
            if snapshots.group_rollup:
                assert columns_of(connection, snapshots.group_rollup) == schema.group_day_columns(snapshots)


def test_migrations_are_numbered_without_gaps_and_applied_once() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    with duckdb.connect(":memory:") as connection:
        migrate(connection)
        migrate(connection)
        applied = connection.execute("SELECT number FROM schema_step ORDER BY number").fetchall()
    assert applied == [(step.number,) for step in MIGRATIONS]


async def test_an_interrupted_migration_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrate(connection)
        _, kind, name = MIGRATIONS[-1].statement.split()[:3]
        connection.execute(f"DROP {kind} {name}")
        connection.execute("DELETE FROM schema_step WHERE number = ?", [MIGRATIONS[-1].number])
    async with opened(path) as store:
        assert await append(store, Event()) == Appended(1, 0)


async def test_an_interrupted_merge_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    async with opened(path) as store:
        await append(store, Event())
    with duckdb.connect(str(path)) as connection:
        rollups.merge(connection, AD_EVENTS)
    async with opened(path) as store:
        assert await total(store, "impressions") == 1
    with duckdb.connect(str(path)) as connection:
        left = "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%next'"
        assert connection.execute(left).fetchall() == []
    async with opened(path) as store:
        await append(store, Event())
        await store.compact()
        assert await total(store, "impressions") == 2


async def test_merged_rollups_are_one_row_a_key_in_the_order_of_questions(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    async with opened(path) as store:
        for creative in (3, 1, 2, 1):
            await append(store, Event(creative_id=creative, domain="b"), Event(creative_id=creative, domain="a"))
        await store.compact()
    with duckdb.connect(str(path)) as connection:
        for rollup in AD_EVENTS.rollups:
            keys = ", ".join(schema.rollup_keys(AD_EVENTS, rollup))
            rows = connection.execute(f"SELECT {keys} FROM {rollup.name}").fetchall()
            assert rows == sorted(set(rows))
        assert rollups.fresh_count(connection, AD_EVENTS) == 0


async def test_a_file_in_use_is_refused_in_words_and_whole_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.conformance.holder", str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert holder.stdout
        assert await holder.stdout.readline() == b"stored\n"
        with pytest.raises(StoreInUse, match="in use by another process"):
            await DuckDBStore(path, CATALOGUE).start()
    finally:
        holder.kill()
        await holder.wait()
    async with opened(path) as store:
        assert await total(store, "impressions") == 1
        assert await append(store, Event(session_id="s1")) == Appended(0, 1)
