"""Keeps rollups: sums of each commit at once, merged into a sorted table in the background.

A commit inserts its own sums into ``<rollup>_fresh`` (an insert, never an
update: cheap and free of conflicts). ``merge`` builds a new sorted table from
both while ingest goes on, and ``swap`` puts it in place in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from headwater.catalogue.model import CountEvents, Dataset, Metric, Rollup
from headwater.storage import schema
from headwater.storage.duckdb.dialect import DuckDBDialect

_DIALECT = DuckDBDialect()


def fresh_table(rollup: Rollup) -> str:
    """The table that takes the sums of single commits."""
    return f"{rollup.name}_fresh"


def metric_sum(metric: Metric) -> str:
    """The metric over raw rows, as an aggregate."""
    match metric.formula:
        case CountEvents(event=event):
            return _DIALECT.count_if(f"event = '{event}'")
        case formula:
            return _DIALECT.sum(f"CASE WHEN event = '{formula.event}' THEN value ELSE 0 END")


def families(dataset: Dataset) -> list[list[Rollup]]:
    """Rollups that keep the same metrics, together: their sums are made from one pass over the raw rows."""
    by_metrics: dict[tuple[str, ...], list[Rollup]] = {}
    for rollup in dataset.rollups:
        by_metrics.setdefault(rollup.metrics, []).append(rollup)
    return list(by_metrics.values())


def finest_sums(dataset: Dataset, family: Sequence[Rollup], source: str) -> str:
    """The raw rows in ``source``, summed as finely as any rollup of ``family`` needs it."""
    metrics = [metric for metric in dataset.metrics if metric.name in family[0].metrics]
    events = ", ".join(f"'{metric.formula.event}'" for metric in metrics)
    keys = dict.fromkeys(dataset.dimension(name).column for rollup in family for name in rollup.dimensions)
    sums = [f"{metric_sum(metric)} AS {metric.name}" for metric in metrics]
    return (
        f"SELECT {schema.ORGANISATION}, {', '.join(keys)}, date_trunc('hour', {dataset.time}) AS hour,"
        f" {', '.join(sums)} FROM {source} WHERE event IN ({events}) GROUP BY ALL"
    )


def fresh_sums(dataset: Dataset, rollup: Rollup, source: str) -> str:
    """The statement that adds the finest sums in ``source`` to a rollup; binds the commit's number."""
    keys = [
        f"date_trunc('{rollup.grain}', hour) AS {key}" if key == rollup.grain else key
        for key in schema.rollup_keys(dataset, rollup)
    ]
    sums = ", ".join(_DIALECT.sum(metric) for metric in rollup.metrics)
    return f"INSERT INTO {fresh_table(rollup)} SELECT {', '.join(keys)}, {sums}, ? FROM {source} GROUP BY ALL"


def merge(connection: duckdb.DuckDBPyConnection, dataset: Dataset, rollup: Rollup) -> int:
    """Build ``<rollup>_next`` from the sorted and the fresh rows; returns the last commit that it holds."""
    row = connection.execute(f"SELECT coalesce(max(commit_id), 0) FROM {fresh_table(rollup)}").fetchone()
    upto: int = row[0] if row else 0
    keys = ", ".join(schema.rollup_keys(dataset, rollup))
    metrics = ", ".join(rollup.metrics)
    sums = ", ".join(f"{_DIALECT.sum(metric)} AS {metric}" for metric in rollup.metrics)
    connection.execute(
        f"CREATE OR REPLACE TABLE {rollup.name}_next AS SELECT {keys}, {sums}"
        f" FROM (SELECT {keys}, {metrics} FROM {rollup.name}"
        f" UNION ALL SELECT {keys}, {metrics} FROM {fresh_table(rollup)} WHERE commit_id <= {upto})"
        f" GROUP BY ALL ORDER BY {keys}"
    )
    return upto


def swap(connection: duckdb.DuckDBPyConnection, rollup: Rollup, upto: int) -> None:
    """Put ``<rollup>_next`` in place and drop the fresh rows that it holds, in one transaction."""
    connection.begin()
    connection.execute(f"DROP TABLE {rollup.name}")
    connection.execute(f"ALTER TABLE {rollup.name}_next RENAME TO {rollup.name}")
    connection.execute(f"DELETE FROM {fresh_table(rollup)} WHERE commit_id <= {upto}")
    connection.commit()


def drop_unfinished(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> None:
    """Remove what a merge left behind that never came to its swap."""
    connection.execute(f"DROP TABLE IF EXISTS {rollup.name}_next")


def fresh_count(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> int:
    """Rows that wait to be merged."""
    row = connection.execute(f"SELECT count(*) FROM {fresh_table(rollup)}").fetchone()
    return int(row[0]) if row else 0
