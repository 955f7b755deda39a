"""One commit: arrived rows are freed of duplicates, stored, summed, and their keys kept.

Duplicates (contract: ingest) are of two kinds: a record ``id`` seen before, and,
for metrics that count once a session, a happening of a session seen before. Both
are kept as 64-bit MD5 keys in ``seen_key``: at 100 million keys the chance that
one new event meets a foreign key is 5·10⁻¹². The first to arrive counts, also
within the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from headwater.catalogue.model import CountEvents, Dataset
from headwater.storage import schema
from headwater.storage.duckdb import rollups
from headwater.storage.port import Appended, FactBatch

KEY_LIFE = timedelta(hours=24)
_BATCH = "batch"


def append(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batches: Sequence[FactBatch], now: datetime
) -> tuple[list[Appended], int]:
    """Store ``batches`` of one dataset within the open transaction; also how many fresh sums they made."""
    arrived = _combine(batches)
    connection.register("arriving", arrived)
    try:
        _stage(connection, dataset)
        _drop_seen(connection, "id_key")
        _drop_seen(connection, "session_key")
        _store_raw(connection, dataset)
        fresh = rollups.add_fresh(connection, dataset, "staged")
        counts = dict(connection.execute(f"SELECT {_BATCH}, count(*) FROM staged GROUP BY ALL").fetchall())
    finally:
        connection.unregister("arriving")
        connection.execute("DROP TABLE IF EXISTS staged")
    appended = [
        Appended(accepted=(kept := counts.get(number, 0)), duplicates=batch.rows.num_rows - kept)
        for number, batch in enumerate(batches)
    ]
    _remember(connection, batches, appended, now)
    return appended, fresh


def _combine(batches: Sequence[FactBatch]) -> pa.Table:
    """All rows in order of arrival, with their organisation and the number of their batch."""
    tables = []
    for number, batch in enumerate(batches):
        size = batch.rows.num_rows
        table = batch.rows.append_column(
            schema.ORGANISATION, pa.repeat(pa.scalar(batch.scope.organisation_id, pa.int64()), size)
        )
        tables.append(table.append_column(_BATCH, pa.repeat(pa.scalar(number, pa.int64()), size)))
    return pa.concat_tables(tables)


def _stage(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    connection.execute(
        "CREATE TEMP TABLE staged AS SELECT row_number() OVER () AS seq, *,"
        f" {_id_key(dataset)} AS id_key, {_session_key(dataset)} AS session_key FROM arriving"
    )


def _id_key(dataset: Dataset) -> str:
    if schema.record_field(dataset) is None:
        return "NULL::UBIGINT"
    parts = f"'{dataset.name}', {schema.ORGANISATION}, {schema.RECORD_ID}"
    return f"CASE WHEN {schema.RECORD_ID} <> '' THEN md5_number_lower(concat_ws(chr(31), {parts})) END"


def _session_key(dataset: Dataset) -> str:
    once = [
        metric.formula.event
        for metric in dataset.metrics
        if isinstance(metric.formula, CountEvents) and metric.formula.once_per_session
    ]
    if not dataset.session:
        return "NULL::UBIGINT"
    # Only component events happen once per component; on others the component does not tell happenings apart.
    component = f"CASE WHEN event IN ({_texts(_component_events(dataset))}) THEN component_id ELSE 0 END"
    parts = [component if column == "component_id" else column for column in dataset.session]
    key = f"md5_number_lower(concat_ws(chr(31), 'session', {schema.ORGANISATION}, {', '.join(parts)}))"
    return f"CASE WHEN session_id <> '' AND event IN ({_texts(once)}) THEN {key} END"


def _component_events(dataset: Dataset) -> list[str]:
    by_component = {name for rollup in dataset.rollups if "component" in rollup.dimensions for name in rollup.metrics}
    return [metric.formula.event for metric in dataset.metrics if metric.name in by_component]


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _drop_seen(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Leave of each key the first row, unless the key was seen in an earlier commit; then keep the new keys."""
    row = connection.execute(f"SELECT count({key}) FROM staged").fetchone()
    if not row or not row[0]:
        return
    connection.execute(
        f"DELETE FROM staged WHERE {key} IS NOT NULL AND seq NOT IN"
        f" (SELECT min(seq) FROM staged WHERE {key} IS NOT NULL GROUP BY {key})"
    )
    connection.execute(
        f"DELETE FROM staged WHERE {key} IN (SELECT seen_key.key FROM seen_key"
        f" SEMI JOIN (SELECT {key} AS key FROM staged WHERE {key} IS NOT NULL) AS fresh USING (key))"
    )
    connection.execute(f"INSERT INTO seen_key SELECT {key} FROM staged WHERE {key} IS NOT NULL")


def _store_raw(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    names = ", ".join(name for name, _ in schema.columns(dataset))
    connection.execute(f"INSERT INTO {dataset.table} ({names}) SELECT {names} FROM staged")


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
