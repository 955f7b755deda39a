"""One commit: arrived rows are freed of duplicates, stored, summed or left to be, and their keys kept.

What a duplicate is, ``storage.arrivals`` says; the keys are kept by ``seen``. Rows stay in
Arrow until they are stored: mostly none is a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import duckdb
import pyarrow as pa

from headwater.catalogue.model import Dataset, EventDataset, RowDataset, SnapshotDataset
from headwater.storage import arrivals, schema
from headwater.storage.duckdb import rollups, steps, tallies
from headwater.storage.duckdb.seen import SeenKeys
from headwater.storage.duckdb.waiting import Unsummed
from headwater.storage.port import KEY_LIFE, Appended, FactBatch

_FEW = 256
"""Commits of up to so many records leave their daily sums for later."""


class Stored(NamedTuple):
    """What became of batches, how many fresh sums they made, and what of them is not summed yet."""

    appended: list[Appended]
    fresh: int
    unsummed: list[Unsummed]


def append(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    batches: Sequence[FactBatch],
    seen: SeenKeys,
    now: datetime,
) -> Stored:
    """Store ``batches`` of one dataset within the open transaction."""
    rows, kept = arrivals.first_ones(connection, batches, dataset, partial(seen.take, connection))
    sizes = [batch.rows.num_rows for batch in batches]
    if isinstance(dataset, RowDataset):
        fresh, unsummed = _store_rows(connection, dataset, rows, batches)
    else:
        fresh, unsummed = _store(connection, dataset, rows), []
    appended = [Appended(stored, size - stored) for stored, size in zip(kept, sizes, strict=True)]
    _remember(connection, batches, appended, now)
    return Stored(appended, fresh, unsummed)


def _store_rows(
    connection: duckdb.DuckDBPyConnection, dataset: RowDataset, rows: pa.Table, batches: Sequence[FactBatch]
) -> tuple[int, list[Unsummed]]:
    """The rows, their children, and their sums, but for the daily ones of a few rows."""
    parts = [Unsummed(dataset.name, dataset, rows)]
    if dataset.child:
        parts.append(Unsummed(dataset.name, dataset.child, arrivals.children_of(batches, rows, dataset)))
    fresh = 0
    for _, of, stored in parts:
        tallies.store(connection, of, stored)
        fresh += tallies.add_exact(connection, of, stored)
    if rows.num_rows <= _FEW:
        return fresh, [part for part in parts if part.rows.num_rows and schema.daily_rollups(part.dataset)]
    return fresh + sum(tallies.add_daily(connection, of, stored) for _, of, stored in parts), []


def _store(connection: duckdb.DuckDBPyConnection, dataset: Dataset, rows: pa.Table) -> int:
    """The rows as they are, and what is derived; how many derived rows wait to be merged because of them."""
    connection.register("staged", rows)
    try:
        if isinstance(dataset, SnapshotDataset):
            fence = _fence(connection)
            _store_raw(connection, dataset, f" ORDER BY {arrivals.SEQ}")
            return steps.add(connection, dataset, "staged", fence)
        if isinstance(dataset, EventDataset):
            _store_raw(connection, dataset)
            return rollups.add_fresh(connection, dataset, "staged")
        raise TypeError(f"{dataset.name} is of no kind that can be stored.")
    finally:
        connection.unregister("staged")


def _fence(connection: duckdb.DuckDBPyConnection) -> int:
    """A number below all arrival numbers that are given from now on."""
    row = connection.execute("SELECT nextval('arrival_number')").fetchone()
    return int(row[0]) if row else 0


def _store_raw(connection: duckdb.DuckDBPyConnection, dataset: Dataset, order: str = "") -> None:
    names = ", ".join(name for name, _ in schema.columns(dataset))
    connection.execute(f"INSERT INTO {dataset.table} ({names}) SELECT {names} FROM staged{order}")


def _remember(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[FactBatch], appended: Sequence[Appended], now: datetime
) -> None:
    keyed = [
        (batch.scope.organisation_id, key, result)
        for batch, result in zip(batches, appended, strict=True)
        if (key := batch.key) and key.remembered
    ]
    if keyed:
        kept_at = now.replace(tzinfo=None)
        connection.execute("DELETE FROM append_key WHERE kept_at < ?", [kept_at - KEY_LIFE])
        for own, key, done in keyed:
            values = [own, key.key_hash, key.fingerprint, done.accepted, done.duplicates, key.note, kept_at]
            connection.execute("INSERT INTO append_key VALUES (?, ?, ?, ?, ?, ?, ?)", values)
