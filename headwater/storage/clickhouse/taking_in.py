"""What facts that come from another store need beyond ``append``: what is here already, and what is kept of lost rows.

Runs on the writer's thread, with what it knows to be committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.tables import APPEND_KEY, SEEN_KEY
from headwater.storage.clickhouse.writing import Writer
from headwater.storage.prints import SEPARATOR, UNKNOWN, Day, FactTable, Print


def prints(writer: Writer, table: FactTable) -> dict[Day, Print]:
    """What a table holds, by organisation and day."""
    texts = ", ".join(_text(name, kind) for name, kind in table.columns)
    key = f"reinterpretAsUInt64(substring(MD5(concatWithSeparator(char({SEPARATOR}), {texts})), 9, 8))"
    rows = writer.link.rows(
        f"SELECT {schema.ORGANISATION}, toDate32({table.time}), count(), sum({key})"
        f" FROM {writer.topology.table(table.name)} WHERE {writer.journal.state.committed()} GROUP BY 1, 2"
    )
    return {Day(*row[:2]): Print(*row[2:]) for row in rows}


def steps(writer: Writer, dataset: SnapshotDataset) -> Mapping[Day, Sequence[int]]:
    """What is booked of snapshots: the sums of each measure of the ledger, by organisation and day."""
    sums = ", ".join(f"sum({one})" for one in schema.step_measures(dataset))
    rows = writer.link.rows(
        f"SELECT {schema.ORGANISATION}, toDate32({dataset.time_column}), {sums}"
        f" FROM {writer.topology.table(dataset.ledger)} WHERE {writer.journal.state.committed()} GROUP BY 1, 2"
    )
    return {Day(*row[:2]): row[2:] for row in rows if any(row[2:])}


def keep_keys(writer: Writer, keys: pa.Array, low: int, high: int) -> int:
    """Keep those of the keys between two that are not kept yet; how many."""
    table = writer.topology.table(SEEN_KEY.name)
    found = writer.link.rows(
        f"SELECT key FROM {table} WHERE key >= {low} AND key <= {high} AND {writer.journal.state.committed()}"
    )
    new = sorted(set(keys.to_pylist()) - {key for (key,) in found})
    _store(writer, SEEN_KEY.name, pa.table({"key": pa.array(new, pa.uint64())}))
    return len(new)


def keep_append_keys(writer: Writer, remembered: pa.Table) -> int:
    """Remember requests under their keys, those that are not yet; how many."""
    table = writer.topology.table(APPEND_KEY.name)
    found = writer.link.rows(f"SELECT DISTINCT key_hash FROM {table} WHERE {writer.journal.state.committed()}")
    known = {key for (key,) in found}
    new = remembered.filter(pa.array([key not in known for key in remembered["key_hash"].to_pylist()], pa.bool_()))
    _store(writer, APPEND_KEY.name, new)
    return int(new.num_rows)


def _store(writer: Writer, table: str, rows: pa.Table) -> None:
    if rows.num_rows:
        with writer.commit() as (commit, _):
            _insert(writer.link, writer.topology.table(table), rows, commit.number)


def _insert(link: Link, table: str, rows: pa.Table, commit: int) -> None:
    own = pa.repeat(pa.scalar(commit, pa.int64()), rows.num_rows)
    link.insert(table, rows.append_column(schema.COMMIT, own))


def _text(name: str, kind: str) -> str:
    value = f"toUnixTimestamp64Micro({name})" if kind == "TIMESTAMP" else name
    return f"ifNull(toString({value}), '{UNKNOWN}')"
