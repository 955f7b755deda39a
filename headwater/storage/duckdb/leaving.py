"""Reads everything out of the embedded store's file, for another store to take in; changes nothing in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from headwater.catalogue.model import Dataset, RowDataset, SnapshotDataset
from headwater.errors import StoreInUse
from headwater.storage import schema
from headwater.storage.duckdb.migrations import migrate
from headwater.storage.prints import CHECKSUMS, SEPARATOR, UNKNOWN, Day, FactTable, Print, table_of


class FactFile:
    """The file of a stopped server, open and brought up to date; StoreInUse while somebody has it."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise StoreInUse(f"{path} is in use by another process. Stop it first.") from None
            raise
        self._connection.execute("SET TimeZone = 'UTC'")
        migrate(self._connection)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def prints(self, table: FactTable) -> dict[Day, Print]:
        """What the table holds, by organisation and day."""
        return self._prints(table, table.name)

    def first_rows(self, dataset: Dataset, of: Day, count: int) -> Print:
        """What the first so many rows of a day are."""
        table = table_of(dataset)
        source = f"(SELECT * FROM {table.name} WHERE {_on(table, of)} ORDER BY {_order(dataset)} LIMIT {count})"
        return self._prints(table, source).get(of, Print(0, 0))

    def rows(self, dataset: Dataset, of: Day, after: int, most: int) -> Iterator[tuple[pa.Table, pa.Table | None]]:
        """A day's rows in order of arrival behind the first ones, so many at once, and their children."""
        table = table_of(dataset)
        names = ", ".join(name for name, _ in table.columns if name != schema.ORGANISATION)
        while True:
            found = self._arrow(
                f"SELECT {names} FROM {table.name} WHERE {_on(table, of)}"
                f" ORDER BY {_order(dataset)} LIMIT {most} OFFSET {after}"
            )
            if not found.num_rows:
                return
            rows = found.cast(schema.arrow_schema(dataset))
            yield rows, self._children(dataset, of.organisation_id, rows)
            after += found.num_rows

    def _children(self, dataset: Dataset, organisation_id: int, rows: pa.Table) -> pa.Table | None:
        if not isinstance(dataset, RowDataset) or dataset.child is None:
            return None
        self._connection.register("parents", pa.table({"number": rows[dataset.number]}))
        try:
            names = ", ".join(name for name, _ in schema.columns(dataset.child) if name != schema.ORGANISATION)
            found = self._arrow(
                f"SELECT {names} FROM {dataset.child.table} WHERE {schema.ORGANISATION} = {organisation_id}"
                f" AND {dataset.number} IN (SELECT number FROM parents) ORDER BY rowid"
            )
            return found.cast(schema.arrow_schema(dataset.child))
        finally:
            self._connection.unregister("parents")

    def zones(self) -> dict[int, str]:
        """The zones in which organisations' days are summed, where that is not UTC."""
        return dict(self._connection.execute("SELECT organisation_id, zone FROM day_zone ORDER BY 1").fetchall())

    def key_count(self) -> int:
        """How many keys of records and sessions are kept."""
        ((count,),) = self._connection.execute("SELECT count(*) FROM seen_key").fetchall()
        return int(count)

    def keys(self, low: int, high: int) -> pa.Array:
        """The kept keys from one to another."""
        keys = self._arrow(f"SELECT key FROM seen_key WHERE key >= {low} AND key <= {high}")["key"]
        return keys.combine_chunks()

    def append_keys(self) -> pa.Table:
        """The requests that are remembered under an ``Idempotency-Key``."""
        return self._arrow("SELECT * FROM append_key")

    def steps(self, dataset: SnapshotDataset) -> Mapping[Day, Sequence[int]]:
        """What is booked of snapshots: the sums of each measure of the ledger, by organisation and day."""
        sums = ", ".join(f"sum({one})::BIGINT" for one in schema.step_measures(dataset))
        rows = self._connection.execute(
            f"SELECT {schema.ORGANISATION}, {dataset.time_column}::DATE, {sums} FROM {dataset.ledger} GROUP BY 1, 2"
        ).fetchall()
        return {Day(*row[:2]): row[2:] for row in rows if any(row[2:])}

    def _prints(self, table: FactTable, source: str) -> dict[Day, Print]:
        texts = ", ".join(_text(name, kind) for name, kind in table.columns)
        checksum = f"sum(md5_number_lower(concat_ws(chr({SEPARATOR}), {texts}))) % {CHECKSUMS}"
        rows = self._connection.execute(
            f"SELECT {schema.ORGANISATION}, {table.time}::DATE, count(*), {checksum} FROM {source} AS facts"
            " GROUP BY 1, 2"
        ).fetchall()
        return {Day(*row[:2]): Print(row[2], int(row[3])) for row in rows}

    def _arrow(self, query: str) -> pa.Table:
        return self._connection.sql(query).to_arrow_table()


def _text(name: str, kind: str) -> str:
    value = f"epoch_us({name})" if kind == "TIMESTAMP" else name
    return f"coalesce({value}::VARCHAR, '{UNKNOWN}')"


def _on(table: FactTable, of: Day) -> str:
    day = f"{table.time} >= DATE '{of.day}' AND {table.time} < DATE '{of.day}' + INTERVAL 1 DAY"
    return f"{schema.ORGANISATION} = {of.organisation_id} AND {day}"


def _order(dataset: Dataset) -> str:
    """Of readings of one moment the last to arrive counts."""
    return schema.ARRIVAL if isinstance(dataset, SnapshotDataset) else "rowid"
