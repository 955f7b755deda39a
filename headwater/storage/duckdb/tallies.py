"""Rollups of facts that are counted row by row: sums that every commit appends, merged in the background.

A commit inserts its sums into the rollups themselves, under its number. Questions sum
whatever rows there are, so a rollup is right at every commit and read as one table.
``merge`` sums and sorts beside the writer what has been committed so far; ``swap``
puts that in place together with the rows that came meanwhile, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from headwater.catalogue.model import CountRows, Measure, RowDataset, RowRollup
from headwater.storage import schema
from headwater.storage.duckdb.dialect import DuckDBDialect

_DIALECT = DuckDBDialect()


def add(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, source: str) -> int:
    """Add the sums of the raw rows in ``source``, a new commit; returns how many rows they are."""
    if not dataset.rollups:
        return 0
    row = connection.execute("SELECT nextval('commit_number')").fetchone()
    commit = row[0] if row else 0
    return sum(_add(connection, dataset, rollup, source, commit) for rollup in dataset.rollups)


def _add(
    connection: duckdb.DuckDBPyConnection, dataset: RowDataset, rollup: RowRollup, source: str, commit: int
) -> int:
    keys = [f"{_key(dataset, rollup, name)} AS {name}" for name, _ in schema.row_rollup_keys(dataset, rollup)]
    sums = [f"{_sum(dataset.measure(name))} AS {name}" for name in rollup.measures]
    some = " OR ".join(f"{name} <> 0" for name in rollup.measures)
    found = connection.execute(
        f"INSERT INTO {rollup.name} SELECT {', '.join([*keys, *sums])}, {commit}"
        f" FROM {source} GROUP BY ALL HAVING {some}"
    ).fetchone()
    return int(found[0]) if found else 0


def _key(dataset: RowDataset, rollup: RowRollup, name: str) -> str:
    if name == schema.DAY:
        return f"CAST({dataset.time_column} AS DATE)"
    if rollup.lead and name == schema.lead_column(dataset, rollup):
        return _DIALECT.text_key(dataset.dimension(rollup.lead).column)
    return name


def _sum(measure: Measure) -> str:
    if not isinstance(measure.formula, CountRows):
        return _DIALECT.sum(measure.formula.column)
    return _DIALECT.count_if(_DIALECT.has_one_of(measure.formula.column, measure.formula.values))


def merge(connection: duckdb.DuckDBPyConnection, dataset: RowDataset) -> int:
    """Build ``<rollup>_next`` of every rollup; returns the last commit that they hold."""
    newest = " UNION ALL ".join(f"SELECT max({schema.COMMIT}) AS n FROM {one.name}" for _, one in _rollups(dataset))
    row = connection.execute(f"SELECT coalesce(max(n), {schema.MERGED}) FROM ({newest})").fetchone()
    upto: int = row[0] if row else schema.MERGED
    for of, rollup in _rollups(dataset):
        keys = [name for name, _ in schema.row_rollup_keys(of, rollup)]
        sums = ", ".join(f"{_DIALECT.sum(name)} AS {name}" for name in rollup.measures)
        connection.execute(
            f"CREATE OR REPLACE TABLE {rollup.name}_next AS SELECT {', '.join(keys)}, {sums},"
            f" {schema.MERGED}::BIGINT AS {schema.COMMIT} FROM {rollup.name} WHERE {schema.COMMIT} <= {upto}"
            f" GROUP BY ALL ORDER BY {', '.join(keys)}"
        )
    return upto


def swap(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, upto: int) -> None:
    """Put every ``<rollup>_next`` in place with the rows of later commits, in one transaction."""
    connection.begin()
    for _, rollup in _rollups(dataset):
        connection.execute(f"INSERT INTO {rollup.name}_next SELECT * FROM {rollup.name} WHERE {schema.COMMIT} > {upto}")
        connection.execute(f"DROP TABLE {rollup.name}")
        connection.execute(f"ALTER TABLE {rollup.name}_next RENAME TO {rollup.name}")
    connection.commit()


def drop_unfinished(connection: duckdb.DuckDBPyConnection, dataset: RowDataset) -> None:
    """Remove what a merge left behind that never came to its swap."""
    for _, rollup in _rollups(dataset):
        connection.execute(f"DROP TABLE IF EXISTS {rollup.name}_next")


def largest(connection: duckdb.DuckDBPyConnection, dataset: RowDataset) -> int:
    """Rows of the largest rollup: what a merge has to rewrite at least."""
    return max((_count(connection, rollup, "TRUE") for _, rollup in _rollups(dataset)), default=0)


def fresh_count(connection: duckdb.DuckDBPyConnection, dataset: RowDataset) -> int:
    """Rows that wait to be merged."""
    fresh = f"{schema.COMMIT} <> {schema.MERGED}"
    return sum(_count(connection, rollup, fresh) for _, rollup in _rollups(dataset))


def _count(connection: duckdb.DuckDBPyConnection, rollup: RowRollup, condition: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {rollup.name} WHERE {condition}").fetchone()
    return int(row[0]) if row else 0


def _rollups(dataset: RowDataset) -> Iterator[tuple[RowDataset, RowRollup]]:
    return ((one, rollup) for one in schema.with_child(dataset) for rollup in one.rollups)
