"""What facts that come from another store need beyond ``append``: what is here already, and what is kept of lost rows.

Runs on the writer's thread, with what it knows to be committed.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import SnapshotDataset
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.clickhouse.tables import APPEND_KEY, SEEN_KEY
from headwater.storage.clickhouse.writing import Writer
from headwater.storage.prints import Day, FactTable, Print, Sums, read_prints, read_sums, steps_statement

_DIALECT = ClickHouseDialect()


def prints(writer: Writer, table: FactTable) -> dict[Day, Print]:
    """What a table holds, by organisation and day."""
    return read_prints(writer.link.rows(table.statement(_DIALECT, _committed(writer, table.name), _text)))


def steps(writer: Writer, dataset: SnapshotDataset) -> Sums:
    """What is booked of snapshots: the sums of each measure of the ledger, by organisation and day."""
    return read_sums(writer.link.rows(steps_statement(dataset, _DIALECT, _committed(writer, dataset.ledger))))


def keep_keys(writer: Writer, keys: pa.Array, low: int, high: int) -> int:
    """Keep those of the keys between two that are not kept yet; how many."""
    between = f"SELECT key FROM {_committed(writer, SEEN_KEY.name)} WHERE key >= {low} AND key <= {high}"
    known = writer.link.table(between)["key"].combine_chunks()
    return _store(writer, SEEN_KEY.name, pa.table({"key": keys.filter(pc.invert(pc.is_in(keys, known)))}))


def keep_append_keys(writer: Writer, remembered: pa.Table) -> int:
    """Remember requests under their keys, those that are not yet; how many."""
    found = writer.link.rows(f"SELECT DISTINCT key_hash FROM {_committed(writer, APPEND_KEY.name)}")
    known = pa.array([key for (key,) in found], pa.string())
    return _store(writer, APPEND_KEY.name, remembered.filter(pc.invert(pc.is_in(remembered["key_hash"], known))))


def _committed(writer: Writer, table: str) -> str:
    return f"(SELECT * FROM {writer.topology.table(table)} WHERE {writer.journal.state.committed()}) AS committed"


def _store(writer: Writer, table: str, rows: pa.Table) -> int:
    if rows.num_rows:
        with writer.commit() as (commit, _):
            commit.insert(table, rows)
    return int(rows.num_rows)


def _text(name: str, kind: str) -> str:
    value = f"toUnixTimestamp64Micro({name})" if kind == "TIMESTAMP" else name
    return f"ifNull(toString({value}), 'null')"
