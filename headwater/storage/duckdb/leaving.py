"""Reads everything out of the embedded store's file, for another store to take in.

The file is opened as by a start of the server: brought up to date, and nobody else's meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import Dataset, RowDataset, SnapshotDataset
from headwater.storage import schema
from headwater.storage.duckdb.dialect import DuckDBDialect
from headwater.storage.duckdb.migrations import migrate
from headwater.storage.duckdb.opening import open_file
from headwater.storage.prints import (
    NOTHING,
    Day,
    FactTable,
    Print,
    Prints,
    Sums,
    read_prints,
    read_sums,
    steps_statement,
    table_of,
)

_ROWS_AT_ONCE = 50_000
_DIALECT = DuckDBDialect()
_DAY = "day"


class Part(NamedTuple):
    """Rows of one organisation, in their order of arrival, with their children."""

    organisation_id: int
    rows: pa.Table
    children: pa.Table | None

    @property
    def size(self) -> int:
        """How many rows these are, with the children."""
        return int(self.rows.num_rows + (0 if self.children is None else self.children.num_rows))


class FactFile:
    """The file of a stopped server; StoreInUse while somebody has it, SettingsError where it is no such file."""

    def __init__(self, path: Path, memory_bytes: int, threads: int) -> None:
        self._connection = open_file(path, {"memory_limit": f"{memory_bytes}B", "threads": threads})
        migrate(self._connection)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def prints(self, table: FactTable) -> dict[Day, Print]:
        """What the table holds, by organisation and day."""
        return read_prints(self._rows(table.statement(_DIALECT, table.name, _text)))

    def first_rows(self, table: FactTable, of: Day, count: int) -> Print:
        """What the first so many rows of a day are."""
        day = f"{table.time} >= DATE '{of.day}' AND {table.time} < DATE '{of.day}' + INTERVAL 1 DAY"
        own = f"{schema.ORGANISATION} = {of.organisation_id} AND {day}"
        source = f"(SELECT * FROM {table.name} WHERE {own} ORDER BY rowid LIMIT {count}) AS firsts"
        return read_prints(self._rows(table.statement(_DIALECT, source, _text))).get(of, NOTHING)

    def parts(self, dataset: Dataset, known: Prints) -> Iterator[Part]:
        """All rows but the first ones of each day that are ``known``, in their order of arrival."""
        table = table_of(dataset)
        names = ", ".join(name for name, _ in table.columns)
        # Rows of one table come in the order in which they were inserted, without having to be sorted for it.
        asked = f"SELECT {names}, {_DIALECT.local_day(table.time, 'UTC')} AS {_DAY} FROM {table.name}"
        skipped = _Skipping({of: one.rows for of, one in known.items()})
        for read in self._connection.cursor().sql(asked).to_arrow_reader(_ROWS_AT_ONCE):
            for organisation_id in sorted(set(read[schema.ORGANISATION].to_pylist())):
                own = pa.table(read).filter(pc.equal(read[schema.ORGANISATION], organisation_id))
                left = skipped.behind(organisation_id, own)
                if left.num_rows:
                    rows = left.select(schema.arrow_schema(dataset).names).cast(schema.arrow_schema(dataset))
                    yield Part(organisation_id, rows, self._children(dataset, organisation_id, rows))

    def _children(self, dataset: Dataset, organisation_id: int, rows: pa.Table) -> pa.Table | None:
        if not isinstance(dataset, RowDataset) or dataset.child is None:
            return None
        numbers, target = rows[dataset.number], schema.arrow_schema(dataset.child)
        bounds = pc.min_max(numbers).as_py()
        self._connection.register("parents", pa.table({"number": numbers}))
        try:
            # Between the bounds, so that most of the table need not be looked at.
            found = self._connection.sql(
                f"SELECT {', '.join(target.names)} FROM {dataset.child.table}"
                f" WHERE {schema.ORGANISATION} = {organisation_id}"
                f" AND {dataset.number} BETWEEN {bounds['min']} AND {bounds['max']}"
                f" AND {dataset.number} IN (SELECT number FROM parents) ORDER BY rowid"
            ).to_arrow_table()
            return found.cast(target)
        finally:
            self._connection.unregister("parents")

    def zones(self) -> dict[int, str]:
        """The zones in which organisations' days are summed, where one was set."""
        return dict(self._rows("SELECT organisation_id, zone FROM day_zone ORDER BY 1"))

    def key_count(self) -> int:
        """How many keys of records and sessions are kept."""
        return int(self._rows("SELECT count(*) FROM seen_key")[0][0])

    def keys(self, low: int, high: int) -> pa.Array:
        """The kept keys from one to another."""
        found = self._connection.sql(f"SELECT key FROM seen_key WHERE key >= {low} AND key <= {high}")
        return found.to_arrow_table()["key"].combine_chunks()

    def append_keys(self) -> pa.Table:
        """The requests that are remembered under an ``Idempotency-Key``."""
        return self._connection.sql("SELECT * FROM append_key").to_arrow_table()

    def steps(self, dataset: SnapshotDataset) -> Sums:
        """What is booked of snapshots: the sums of each measure of the ledger, by organisation and day."""
        return read_sums(self._rows(steps_statement(dataset, _DIALECT, dataset.ledger)))

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


class _Skipping:
    """Leaves out the first rows of each day, as many as are known."""

    def __init__(self, known: dict[Day, int]) -> None:
        self._left = {of: count for of, count in known.items() if count}

    def behind(self, organisation_id: int, rows: pa.Table) -> pa.Table:
        """The rows that are not known."""
        days = rows[_DAY]
        for day in set(days.to_pylist()) if self._left else ():
            of = Day(organisation_id, day)
            if of in self._left:
                places = pc.indices_nonzero(pc.equal(days, day))
                known = places.slice(0, self._left[of])
                self._left[of] -= len(known)
                if not self._left[of]:
                    del self._left[of]
                kept = pc.invert(pc.is_in(pa.arange(0, rows.num_rows), known.cast(pa.int64())))
                rows, days = rows.filter(kept), days.filter(kept)
        return rows


def _text(name: str, kind: str) -> str:
    value = f"epoch_us({name})" if kind == "TIMESTAMP" else name
    return f"coalesce({value}::VARCHAR, 'null')"
