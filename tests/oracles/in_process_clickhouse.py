"""ClickHouse in process, filled with a copy of an embedded store: what the ClickHouse dialect is tested on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path

import duckdb
from chdb.session import Session

from headwater.catalogue.model import EventDataset, RowDataset, SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.port import Group, Row, Statement

TYPES = {
    "BIGINT": "Int64",
    "UBIGINT": "UInt64",
    "BOOLEAN": "Bool",
    "VARCHAR": "String",
    "DATE": "Date32",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
}

_NUMBERS = count(1)


class InProcessClickHouse:
    """As much of ``storage.port.Store`` as an engine asks questions of, in a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.dialect = ClickHouseDialect()
        self._folder = folder
        # All sessions of a process are on one server, which keeps to the place where it began: in memory.
        self._session = Session()
        self._database = f"copy{next(_NUMBERS)}"
        self._session.query(f"CREATE DATABASE {self._database}")
        self._session.query(f"USE {self._database}")
        self.zones: dict[int, str] = {}
        self.kept_groups: dict[int, Mapping[int, Group]] = {}

    def close(self) -> None:
        self._session.query(f"DROP DATABASE {self._database}")
        self._session.close()

    def has_fresh(self, dataset: str) -> bool:
        return True

    async def fetch(self, statement: Statement) -> list[Row]:
        params = {f"p{position}": value for position, value in enumerate(statement.args)}
        found = self._session.query(statement.sql, "ArrowTable", params=params)
        assert tuple(found.column_names) == statement.columns
        return [tuple(_naive(value) for value in row.values()) for row in found.to_pylist()]

    def zone(self, organisation_id: int) -> str:
        return self.zones.get(organisation_id, "UTC")

    def groups(self, organisation_id: int) -> Mapping[int, Group]:
        return self.kept_groups.get(organisation_id, {})

    def copy_snapshots(self, dataset: SnapshotDataset, connection: duckdb.DuckDBPyConnection) -> None:
        """The same for snapshots: what questions of series read."""
        time = schema.step_keys(dataset, dataset.time_column)
        self._copy(dataset.ledger, schema.ledger_columns(dataset), time, connection)
        days = schema.step_keys(dataset, schema.DAY)
        self._copy(dataset.day_rollup, schema.day_columns(dataset), days, connection)
        if dataset.group_rollup:
            columns = schema.group_day_columns(dataset)
            self._copy(dataset.group_rollup, columns, ["organisation_id", "group_id", schema.DAY], connection)

    def copy_rows(self, dataset: RowDataset, connection: duckdb.DuckDBPyConnection) -> None:
        """The same for facts that are counted row by row, with what they unfold into."""
        nullable = frozenset(field.stored_as for field in dataset.kept if schema.may_be_null(field))
        sorted_by = [schema.ORGANISATION, dataset.time_column]
        self._copy(dataset.table, schema.columns(dataset), sorted_by, connection, nullable)
        for rollup in dataset.rollups:
            columns = schema.row_rollup_columns(dataset, rollup)
            self._copy(rollup.name, columns, [schema.ORGANISATION], connection, nullable)
        if dataset.child:
            self.copy_rows(dataset.child, connection)

    def copy_merged(self, connection: duckdb.DuckDBPyConnection) -> None:
        """How far the daily sums go."""
        self._copy("merged_upto", [("dataset", "VARCHAR"), ("upto", "BIGINT")], ["dataset"], connection)

    def copy(self, dataset: EventDataset, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the dataset's tables and fill them from ``connection``."""
        self._copy(dataset.table, schema.columns(dataset), [schema.ORGANISATION, dataset.time], connection)
        for rollup in dataset.rollups:
            columns, keys = schema.rollup_columns(dataset, rollup), schema.rollup_keys(dataset, rollup)
            self._copy(rollup.name, columns, keys, connection)
        fresh = schema.fresh_table(dataset)
        self._copy(fresh, schema.fresh_columns(dataset), schema.fresh_keys(dataset), connection)

    def _copy(
        self,
        table: str,
        columns: list[tuple[str, str]],
        keys: list[str],
        connection: duckdb.DuckDBPyConnection,
        nullable: Collection[str] = (),
    ) -> None:
        file = self._folder / f"{table}.parquet"
        names = ", ".join(name for name, _ in columns)
        connection.execute(f"COPY (SELECT {names} FROM {table}) TO '{file}' (FORMAT parquet)")
        types = {name: f"Nullable({TYPES[kind]})" if name in nullable else TYPES[kind] for name, kind in columns}
        typed = ", ".join(f"{name} {type_}" for name, type_ in types.items())
        self._session.query(f"CREATE TABLE {table} ({typed}) ENGINE = MergeTree ORDER BY ({', '.join(keys)})")
        self._session.query(f"INSERT INTO {table} ({names}) SELECT {names} FROM file('{file}', Parquet)")


def _naive(value: object) -> object:
    """Times are UTC in every engine; only here do they say so."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
