"""One commit: arrived rows are freed of duplicates, stored, summed or left to be, and their keys kept.

Duplicates (contract: ingest) are of two kinds: a record ``id`` seen before, and,
for metrics that count once a session, a happening of a session seen before. Both
are kept as 64-bit MD5 keys (``seen``): at 100 million keys the chance that one
new event meets a foreign key is 5·10⁻¹². The first to arrive counts, also within
the commit. Rows stay in Arrow until they are stored: mostly none is a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import CountEvents, Dataset, EventDataset, RowDataset, SnapshotDataset
from headwater.storage import schema
from headwater.storage.duckdb import rollups, steps, tallies
from headwater.storage.duckdb.seen import SeenKeys
from headwater.storage.duckdb.waiting import Unsummed
from headwater.storage.port import Appended, FactBatch

KEY_LIFE = timedelta(hours=24)
_FEW = 256
"""Commits of up to so many records leave their daily sums for later."""
_BATCH, _SEQ, _ID_KEY, _SESSION_KEY = "batch", "seq", "id_key", "session_key"


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
    rows = _combine(batches)
    sizes = [batch.rows.num_rows for batch in batches]
    kept = sizes
    if not _surely_first(batches, rows, dataset):
        rows = _first_ones(connection, rows, dataset, seen)
        counts = {found["values"]: found["counts"] for found in rows[_BATCH].value_counts().to_pylist()}
        kept = [counts.get(number, 0) for number in range(len(batches))]
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
        parts.append(Unsummed(dataset.name, dataset.child, _children(batches, rows, dataset)))
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
            _store_raw(connection, dataset, f" ORDER BY {_SEQ}")
            return steps.add(connection, dataset, "staged", fence)
        if isinstance(dataset, EventDataset):
            _store_raw(connection, dataset)
            return rollups.add_fresh(connection, dataset, "staged")
        raise TypeError(f"{dataset.name} is of no kind that can be stored.")
    finally:
        connection.unregister("staged")


def _children(batches: Sequence[FactBatch], stored: pa.Table, dataset: RowDataset) -> pa.Table:
    """The children of the rows that are stored, with their organisation."""
    tables = []
    for batch in batches:
        if batch.children is not None:
            own = pa.repeat(pa.scalar(batch.scope.organisation_id, pa.int64()), batch.children.num_rows)
            tables.append(batch.children.append_column(schema.ORGANISATION, own))
    if not tables or dataset.child is None:
        raise ValueError(f"{dataset.name} are stored with their children.")
    children = pa.concat_tables(tables)
    if stored.num_rows < sum(batch.rows.num_rows for batch in batches):
        parents = stored[dataset.number].combine_chunks()
        children = children.filter(pc.is_in(children[dataset.number], parents))
    return children


def _combine(batches: Sequence[FactBatch]) -> pa.Table:
    """All rows in order of arrival, with their organisation and the number of their batch."""
    tables = []
    for number, batch in enumerate(batches):
        size = batch.rows.num_rows
        table = batch.rows.append_column(
            schema.ORGANISATION, pa.repeat(pa.scalar(batch.scope.organisation_id, pa.int64()), size)
        )
        tables.append(table.append_column(_BATCH, pa.repeat(pa.scalar(number, pa.int64()), size)))
    table = pa.concat_tables(tables)
    return table.append_column(_SEQ, pa.arange(0, table.num_rows)).combine_chunks()


def _surely_first(batches: Sequence[FactBatch], arrived: pa.Table, dataset: Dataset) -> bool:
    """Whether nothing tells a row from a duplicate, so that there is no key to look up or keep."""
    if isinstance(dataset, EventDataset) and dataset.session:
        return False
    if schema.record_field(dataset) is None or all(batch.new_ids for batch in batches):
        return True
    return not pc.any(pc.not_equal(arrived[schema.RECORD_ID], "")).as_py()


def _first_ones(connection: duckdb.DuckDBPyConnection, arrived: pa.Table, dataset: Dataset, seen: SeenKeys) -> pa.Table:
    """The rows that are no duplicates; their keys are kept."""
    keys = _keys(connection, arrived, dataset)
    for name in (_ID_KEY, _SESSION_KEY):
        # Of each key the first row, unless the key was seen in an earlier commit.
        good = _first_of_each(keys[name].combine_chunks())
        asked = keys[name].filter(good).drop_null().combine_chunks()
        if not len(asked):
            continue
        known = seen.take(connection, asked)
        if len(known):
            good = pc.and_not(good, pc.is_in(keys[name].combine_chunks(), known))
        if good.true_count < len(good):
            arrived, keys = arrived.filter(good), keys.filter(good)
    return arrived


def _keys(connection: duckdb.DuckDBPyConnection, arrived: pa.Table, dataset: Dataset) -> pa.Table:
    """The keys of each row, null where it has none, in the rows' order."""
    connection.register("arriving", arrived)
    # What an earlier statement answered may not have been read to its end.
    connection.complete()
    try:
        return connection.sql(
            f"SELECT {_id_key(dataset)} AS {_ID_KEY}, {_session_key(dataset)} AS {_SESSION_KEY} FROM arriving"
            f" ORDER BY {_SEQ}"
        ).to_arrow_table()
    finally:
        connection.unregister("arriving")


def _first_of_each(keys: pa.Array) -> pa.Array:
    """Marks the first row of each key, and every row without one."""
    present = keys.drop_null()
    if pc.count_distinct(present).as_py() == len(present):
        return pa.repeat(pa.scalar(True), len(keys))
    places = pa.table([keys, pa.arange(0, len(keys))], ["key", "place"])
    firsts = places.group_by("key", use_threads=False).aggregate([("place", "min")])["place_min"]
    return pc.or_(keys.is_null(), pc.is_in(places["place"], firsts)).combine_chunks()


def _id_key(dataset: Dataset) -> str:
    if schema.record_field(dataset) is None:
        return "NULL::UBIGINT"
    parts = f"'{dataset.name}', {schema.ORGANISATION}, {schema.RECORD_ID}"
    return f"CASE WHEN {schema.RECORD_ID} <> '' THEN md5_number_lower(concat_ws(chr(31), {parts})) END"


def _session_key(dataset: Dataset) -> str:
    if not isinstance(dataset, EventDataset) or not dataset.session:
        return "NULL::UBIGINT"
    once = [
        metric.formula.event
        for metric in dataset.metrics
        if isinstance(metric.formula, CountEvents) and metric.formula.once_per_session
    ]
    # Only component events happen once per component; on others the component does not tell happenings apart.
    component = f"CASE WHEN event IN ({_texts(_component_events(dataset))}) THEN component_id ELSE 0 END"
    parts = [component if column == "component_id" else column for column in dataset.session]
    key = f"md5_number_lower(concat_ws(chr(31), 'session', {schema.ORGANISATION}, {', '.join(parts)}))"
    return f"CASE WHEN session_id <> '' AND event IN ({_texts(once)}) THEN {key} END"


def _component_events(dataset: EventDataset) -> list[str]:
    by_component = {name for rollup in dataset.rollups if "component" in rollup.dimensions for name in rollup.metrics}
    return [metric.formula.event for metric in dataset.metrics if metric.name in by_component]


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


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
    keyed = [(batch, result) for batch, result in zip(batches, appended, strict=True) if batch.key]
    if not keyed:
        return
    connection.execute("DELETE FROM append_key WHERE kept_at < ?", [now.replace(tzinfo=None) - KEY_LIFE])
    for batch, result in keyed:
        if batch.key:
            connection.execute(
                "INSERT INTO append_key VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    batch.scope.organisation_id,
                    batch.key.key_hash,
                    batch.key.fingerprint,
                    result.accepted,
                    result.duplicates,
                    batch.key.note,
                    now.replace(tzinfo=None),
                ],
            )
