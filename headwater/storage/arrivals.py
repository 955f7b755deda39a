"""Which rows of a commit are no duplicates, whichever engine is to store them.

Duplicates (contract: ingest) are of two kinds: a record ``id`` seen before, and,
for metrics that count once a session, a happening of a session seen before. Both
are known by 64-bit MD5 keys: at 100 million keys the chance that one new event
meets a foreign key is 5·10⁻¹². The first to arrive counts, also within the commit.
DuckDB calculates on the Arrow columns; nothing of them is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import CountEvents, Dataset, EventDataset, RowDataset
from headwater.storage import schema
from headwater.storage.port import FactBatch

BATCH, SEQ = "batch", "seq"
_ID_KEY, _SESSION_KEY = "id_key", "session_key"

Take = Callable[[pa.Array], pa.Array]
"""Keeps keys, each there once; answers those that were kept before."""


def combine(batches: Sequence[FactBatch]) -> pa.Table:
    """All rows in order of arrival, with their organisation and the number of their batch."""
    tables = []
    for number, batch in enumerate(batches):
        size = batch.rows.num_rows
        table = batch.rows.append_column(
            schema.ORGANISATION, pa.repeat(pa.scalar(batch.scope.organisation_id, pa.int64()), size)
        )
        tables.append(table.append_column(BATCH, pa.repeat(pa.scalar(number, pa.int64()), size)))
    table = pa.concat_tables(tables)
    return table.append_column(SEQ, pa.arange(0, table.num_rows)).combine_chunks()


def first_ones(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[FactBatch], dataset: Dataset, take: Take
) -> tuple[pa.Table, list[int]]:
    """The rows that are no duplicates, and how many of each batch they are; ``take`` keeps their keys."""
    rows = combine(batches)
    if _surely_first(batches, rows, dataset):
        return rows, [batch.rows.num_rows for batch in batches]
    rows = _first_ones(connection, rows, dataset, take)
    counts = {found["values"]: found["counts"] for found in rows[BATCH].value_counts().to_pylist()}
    return rows, [counts.get(number, 0) for number in range(len(batches))]


def children_of(batches: Sequence[FactBatch], stored: pa.Table, dataset: RowDataset) -> pa.Table:
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


def _surely_first(batches: Sequence[FactBatch], arrived: pa.Table, dataset: Dataset) -> bool:
    """Whether nothing tells a row from a duplicate, so that there is no key to look up or keep."""
    if isinstance(dataset, EventDataset) and dataset.session:
        return False
    if schema.record_field(dataset) is None or all(batch.new_ids for batch in batches):
        return True
    return not pc.any(pc.not_equal(arrived[schema.RECORD_ID], "")).as_py()


def _first_ones(connection: duckdb.DuckDBPyConnection, arrived: pa.Table, dataset: Dataset, take: Take) -> pa.Table:
    keys = _keys(connection, arrived, dataset)
    for name in (_ID_KEY, _SESSION_KEY):
        # Of each key the first row, unless the key was seen in an earlier commit.
        good = _first_of_each(keys[name].combine_chunks())
        asked = keys[name].filter(good).drop_null().combine_chunks()
        if not len(asked):
            continue
        known = take(asked)
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
            f" ORDER BY {SEQ}"
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
