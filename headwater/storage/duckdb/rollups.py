"""Keeps rollups: sums of each commit at once, merged into sorted tables in the background.

A commit inserts its own sums, by event, into one narrow table (an insert, never
an update: cheap and free of conflicts). ``merge`` builds new sorted rollups from
both while ingest goes on, and ``swap`` puts them in place in one transaction, so
every snapshot holds each fact exactly once.
"""

from __future__ import annotations

import duckdb

from headwater.catalogue.model import CountEvents, EventDataset, Metric, Rollup
from headwater.storage import schema
from headwater.storage.duckdb.dialect import DuckDBDialect

_DIALECT = DuckDBDialect()


def add_fresh(connection: duckdb.DuckDBPyConnection, dataset: EventDataset, source: str) -> int:
    """Add the sums of the raw rows in ``source``, a new commit; returns how many rows they are."""
    keys = [
        f"date_trunc('hour', {dataset.time}) AS {key}" if key == schema.FRESH_TIME else key
        for key in schema.fresh_keys(dataset)
    ]
    found = connection.execute(
        f"INSERT INTO {schema.fresh_table(dataset)} SELECT {', '.join(keys)}, count(*), sum(value)::BIGINT,"
        f" (SELECT nextval('commit_number')) FROM {source} GROUP BY ALL"
    ).fetchone()
    return int(found[0]) if found else 0


def merge(connection: duckdb.DuckDBPyConnection, dataset: EventDataset) -> int:
    """Build ``<rollup>_next`` of every rollup from sorted and fresh rows; returns the last commit that they hold."""
    row = connection.execute(f"SELECT coalesce(max(commit_id), 0) FROM {schema.fresh_table(dataset)}").fetchone()
    upto: int = row[0] if row else 0
    for rollup in dataset.rollups:
        keys = ", ".join(schema.rollup_keys(dataset, rollup))
        sums = ", ".join(f"{_DIALECT.sum(metric)} AS {metric}" for metric in rollup.metrics)
        connection.execute(
            f"CREATE OR REPLACE TABLE {rollup.name}_next AS SELECT {keys}, {sums}"
            f" FROM (SELECT {keys}, {', '.join(rollup.metrics)} FROM {rollup.name}"
            f" UNION ALL {_fresh_as_rollup(dataset, rollup, upto)}) GROUP BY ALL ORDER BY {keys}"
        )
    return upto


def _fresh_as_rollup(dataset: EventDataset, rollup: Rollup, upto: int) -> str:
    """The fresh sums in the rollup's columns."""
    metrics = [metric for metric in dataset.metrics if metric.name in rollup.metrics]
    events = ", ".join(f"'{metric.formula.event}'" for metric in metrics)
    keys = [
        f"date_trunc('{rollup.grain}', {schema.FRESH_TIME}) AS {key}" if key == rollup.grain else key
        for key in schema.rollup_keys(dataset, rollup)
    ]
    sums = [f"{_fresh_sum(metric)} AS {metric.name}" for metric in metrics]
    return (
        f"SELECT {', '.join(keys)}, {', '.join(sums)} FROM {schema.fresh_table(dataset)}"
        f" WHERE commit_id <= {upto} AND event IN ({events}) GROUP BY ALL"
    )


def _fresh_sum(metric: Metric) -> str:
    column = schema.FRESH_COUNT if isinstance(metric.formula, CountEvents) else schema.FRESH_VALUE
    return _DIALECT.sum(f"CASE WHEN event = '{metric.formula.event}' THEN {column} ELSE 0 END")


def swap(connection: duckdb.DuckDBPyConnection, dataset: EventDataset, upto: int) -> None:
    """Put every ``<rollup>_next`` in place and drop the fresh rows that they hold, in one transaction."""
    connection.begin()
    for rollup in dataset.rollups:
        connection.execute(f"DROP TABLE {rollup.name}")
        connection.execute(f"ALTER TABLE {rollup.name}_next RENAME TO {rollup.name}")
    connection.execute(f"DELETE FROM {schema.fresh_table(dataset)} WHERE commit_id <= {upto}")
    connection.commit()


def drop_unfinished(connection: duckdb.DuckDBPyConnection, dataset: EventDataset) -> None:
    """Remove what a merge left behind that never came to its swap."""
    for rollup in dataset.rollups:
        connection.execute(f"DROP TABLE IF EXISTS {rollup.name}_next")


def largest(connection: duckdb.DuckDBPyConnection, dataset: EventDataset) -> int:
    """Rows of the largest rollup: what a merge has to rewrite at least."""
    counts = " UNION ALL ".join(f"SELECT count(*) AS n FROM {rollup.name}" for rollup in dataset.rollups)
    row = connection.execute(f"SELECT coalesce(max(n), 0) FROM ({counts})").fetchone()
    return int(row[0]) if row else 0


def fresh_count(connection: duckdb.DuckDBPyConnection, dataset: EventDataset) -> int:
    """Rows that wait to be merged."""
    row = connection.execute(f"SELECT count(*) FROM {schema.fresh_table(dataset)}").fetchone()
    return int(row[0]) if row else 0
