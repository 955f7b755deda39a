"""What a commit stores of each dataset: facts, what is booked of them, their keys; none is seen before its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import Dataset, RowDataset, SnapshotDataset
from headwater.storage import arrivals, schema
from headwater.storage.clickhouse import groups, steps
from headwater.storage.clickhouse.groups import Groups
from headwater.storage.clickhouse.journal import State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.sight import NO_MARK, Marks, standing
from headwater.storage.clickhouse.sums import fresh_count
from headwater.storage.clickhouse.tables import APPEND_KEY, SEEN_KEY
from headwater.storage.clickhouse.topology import Topology
from headwater.storage.port import Appended, FactBatch


class Commit:
    """One commit under way, numbered; ``state`` is what was visible before it."""

    def __init__(self, link: Link, topology: Topology, number: int, state: State) -> None:
        self._link = link
        self._topology = topology
        self._state = state
        # Duplicates are told by the same calculation in every store.
        self._calculator = duckdb.connect(":memory:")
        self.number = number
        self.arrival = state.arrival
        self.fresh: dict[str, int] = {}

    def close(self) -> None:
        """Free what the calculation took."""
        self._calculator.close()

    def store(
        self, dataset: Dataset, batches: Sequence[FactBatch], marks: Marks, kept: Groups, now: datetime
    ) -> list[Appended]:
        """Store all batches of one dataset; a dataset's come once in a commit."""
        rows, counts = arrivals.first_ones(self._calculator, batches, dataset, self._take)
        if isinstance(dataset, SnapshotDataset):
            self._store_snapshots(dataset, rows, marks, kept)
        else:
            self.insert(dataset.table, _columns(dataset, rows))
            if isinstance(dataset, RowDataset) and dataset.child:
                children = arrivals.children_of(batches, rows, dataset)
                self.insert(dataset.child.table, _columns(dataset.child, children))
        if rows.num_rows:
            own = f"commit_id = {self.number}"
            self.fresh[dataset.name] = fresh_count(self._link, self._topology, dataset, own)
        sizes = [batch.rows.num_rows for batch in batches]
        appended = [Appended(stored, size - stored) for stored, size in zip(counts, sizes, strict=True)]
        self._remember(batches, appended, now)
        return appended

    def _store_snapshots(self, dataset: SnapshotDataset, rows: pa.Table, marks: Marks, kept: Groups) -> None:
        if not rows.num_rows:
            return
        first = self.arrival + 1
        self.arrival += rows.num_rows
        numbered = _columns(dataset, rows).append_column(schema.ARRIVAL, pa.arange(first, self.arrival + 1))
        organisations = pc.unique(rows[schema.ORGANISATION]).to_pylist()
        self.insert(dataset.table, numbered)
        seen = f"({self._state.committed()} AND {_standing(marks, dataset, organisations)})"
        self._link.run(steps.book(self._topology, dataset, self.number, seen))
        if dataset.group_rollup:
            groups.add(self._link, self._topology, dataset, kept.sums_of(organisations, dataset.name), self.number)

    def _take(self, keys: pa.Array) -> pa.Array:
        """Keep keys under this commit's number, and answer those that an earlier one has kept."""
        table = self._topology.table(SEEN_KEY.name)
        self.insert(SEEN_KEY.name, pa.table({"key": keys}))
        found = self._link.rows(
            f"SELECT DISTINCT key FROM {table} WHERE {self._state.committed()}"
            f" AND key IN (SELECT key FROM {table} WHERE commit_id = {self.number})"
        )
        return pa.array([key for (key,) in found], pa.uint64())

    def _remember(self, batches: Sequence[FactBatch], appended: Sequence[Appended], now: datetime) -> None:
        keyed = [
            (batch, key, result)
            for batch, result in zip(batches, appended, strict=True)
            if (key := batch.key) and key.remembered
        ]
        if keyed:
            kept: Mapping[str, pa.Array] = {
                schema.ORGANISATION: pa.array([batch.scope.organisation_id for batch, _, _ in keyed], pa.int64()),
                "key_hash": pa.array([key.key_hash for _, key, _ in keyed], pa.string()),
                "fingerprint": pa.array([key.fingerprint for _, key, _ in keyed], pa.string()),
                "accepted": pa.array([result.accepted for _, _, result in keyed], pa.int64()),
                "duplicates": pa.array([result.duplicates for _, _, result in keyed], pa.int64()),
                "note": pa.array([key.note for _, key, _ in keyed], pa.binary()),
                "kept_at": pa.array([now.replace(tzinfo=None)] * len(keyed), pa.timestamp("us")),
            }
            self.insert(APPEND_KEY.name, pa.table(kept))

    def insert(self, table: str, rows: pa.Table) -> None:
        """Store rows under this commit's number."""
        own = pa.repeat(pa.scalar(self.number, pa.int64()), rows.num_rows)
        self._link.insert(self._topology.table(table), rows.append_column(schema.COMMIT, own))


def _columns(dataset: Dataset, rows: pa.Table) -> pa.Table:
    return rows.select([name for name, _ in schema.columns(dataset)])


def _standing(marks: Marks, dataset: SnapshotDataset, organisations: Sequence[int]) -> str:
    """The condition that a reading of these organisations has not been pruned."""
    cut = [(one, mark) for one in organisations if (mark := marks.get((one, dataset.name), NO_MARK)).cut]
    conditions = [f"({schema.ORGANISATION} <> {one} OR {standing(mark, dataset.time_column)})" for one, mark in cut]
    return " AND ".join(conditions) or "TRUE"
