"""Takes an organisation's old snapshots away and leaves what later ones stand on.

Of each entity the last known counters of before the limit stay, as one baseline at
the time of its last old reading: levels, and what is new from the limit on, are as
they were; what was new before it is gone.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.duckdb import groups, steps


def prune(
    connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, organisation_id: int, before: datetime, zone: str
) -> int:
    """Prune within the open transaction; returns how many snapshots went."""
    old = f"organisation_id = {organisation_id} AND {dataset.time_column} < TIMESTAMP '{before}'"
    row = connection.execute(
        f"SELECT count(*) - count(DISTINCT {dataset.subject}) FROM {dataset.table} WHERE {old}"
    ).fetchone()
    superfluous = int(row[0]) if row else 0
    if not superfluous:
        return 0
    connection.execute(f"CREATE TEMP TABLE standing AS {_last_known(dataset, old)}")
    _replace_raw(connection, dataset, old)
    _replace_steps(connection, dataset, old)
    connection.execute("DROP TABLE standing")
    steps.rezone(connection, dataset, organisation_id, zone)
    if dataset.group_rollup:
        groups.sum_anew(connection, dataset, organisation_id)
    return superfluous


def _last_known(dataset: SnapshotDataset, old: str) -> str:
    """One row for each entity: its last old time, and the last known value of each counter."""
    time = dataset.time_column
    known = ", ".join(
        f"arg_max({one}, ({time}, {schema.ARRIVAL})) FILTER ({one} IS NOT NULL) AS {one}" for one in dataset.counters
    )
    return (
        f"SELECT {schema.ORGANISATION}, {dataset.subject}, max({time}) AS {time}, {known}"
        f" FROM {dataset.table} WHERE {old} GROUP BY ALL"
    )


def _replace_raw(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, old: str) -> None:
    given = {one: one for one in (schema.ORGANISATION, dataset.subject, dataset.time_column, *dataset.counters)}
    given[schema.RECORD_ID] = "''"
    if schema.has_flag(dataset):
        given["is_baseline"] = "true"
    connection.execute(f"DELETE FROM {dataset.table} WHERE {old}")
    connection.execute(
        f"INSERT INTO {dataset.table} ({', '.join(given)}) SELECT {', '.join(given.values())} FROM standing"
    )


def _replace_steps(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, old: str) -> None:
    """The ledger as if only the baselines had come, long ago: commit 0 is before every merge."""
    values = [schema.ORGANISATION, dataset.subject, dataset.time_column]
    values += [str(schema.NOT_OPENING)] if schema.has_openings(dataset) else []
    values += ["0" for _ in dataset.counters]
    values += [f"coalesce({one}, 0)" for one in dataset.counters]
    values += [f"CASE WHEN {one} IS NULL THEN 0 ELSE 1 END" for one in dataset.counters]
    connection.execute(f"DELETE FROM {dataset.ledger} WHERE {old}")
    connection.execute(f"INSERT INTO {dataset.ledger} SELECT {', '.join(values)}, 0, 0 FROM standing")
