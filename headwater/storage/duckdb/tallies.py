"""Rollups of facts that are counted row by row: sums that commits append, merged in the background.

Sums are inserted into the rollups themselves, under the number of their commit. Questions sum
whatever rows there are, so a rollup is read as one table. The daily sums of a small commit come
later (``waiting``). ``merge`` sums and sorts beside the writer what has been committed so far;
``swap`` puts that in place together with the rows that came meanwhile, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import CountRows, Measure, RowDataset, RowRollup
from headwater.kit.ids import SNOWFLAKES
from headwater.storage import schema
from headwater.storage.duckdb.dialect import DuckDBDialect
from headwater.storage.duckdb.parsed import TEXTS

_DIALECT = DuckDBDialect()
_FEW = 256
"""Up to so many rows stand each for itself until they are merged: to sum them takes longer than to store them."""


def store(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, rows: pa.Table) -> None:
    """Store a commit's raw rows."""
    if not rows.num_rows:
        return
    kept = rows.select([name for name, _ in schema.columns(dataset)])
    _insert(connection, f"INSERT INTO {dataset.table} BY NAME SELECT * FROM arriving", kept)


def add_exact(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, rows: pa.Table) -> int:
    """Add the rows to the rollups that keep the facts' own times; returns how many rows of sums they are."""
    return sum(_add(connection, dataset, one, rows) for one in dataset.rollups if one.exact)


def add_daily(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, rows: pa.Table) -> int:
    """Add the rows to the rollups by day; returns how many rows of sums they are."""
    return sum(_add(connection, dataset, one, rows) for one in schema.daily_rollups(dataset))


def _insert(connection: duckdb.DuckDBPyConnection, statement: str, arriving: pa.Table) -> None:
    """Run a statement that reads ``arriving``: the engine finds it by its name here.

    A registered view would cost as much again as storing a few rows does.
    """
    connection.execute(TEXTS.read(connection, statement))


def _add(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, rollup: RowRollup, rows: pa.Table) -> int:
    if not rows.num_rows:
        return 0
    sums = _sums(dataset, rollup, rows)
    if sums.num_rows:
        commit = pa.repeat(pa.scalar(SNOWFLAKES.next(), pa.int64()), sums.num_rows)
        _insert(connection, _into(dataset, rollup), sums.append_column(schema.COMMIT, commit))
    return int(sums.num_rows)


def _into(dataset: RowDataset, rollup: RowRollup) -> str:
    derived = ""
    if rollup.lead:
        of = _DIALECT.text_key(dataset.dimension(rollup.lead).column)
        derived = f", {of} AS {schema.lead_column(dataset, rollup)}"
    return f"INSERT INTO {rollup.name} BY NAME SELECT *{derived} FROM arriving"


def _sums(dataset: RowDataset, rollup: RowRollup, rows: pa.Table) -> pa.Table:
    """What the rows add to a rollup, but for what is 0; in Arrow, since the engine takes longer to plan it."""
    values = {name: _values(dataset.measure(name), rows) for name in rollup.measures}
    some = reduce(pc.or_, (pc.not_equal(one, 0) for one in values.values()))
    lead = schema.lead_column(dataset, rollup) if rollup.lead else None
    names = [name for name, _ in schema.row_rollup_keys(dataset, rollup) if name != lead]
    keys = {name: _key(dataset, name, rows) for name in names}
    found = pa.table({**keys, **values}).filter(some)
    if found.num_rows <= _FEW:
        return found
    groups = found.group_by(names, use_threads=False)
    return groups.aggregate([(name, "sum") for name in values]).rename_columns([*keys, *values])


def _key(dataset: RowDataset, name: str, rows: pa.Table) -> pa.ChunkedArray:
    return rows[dataset.time_column].cast(pa.date32()) if name == schema.DAY else rows[name]


def _values(measure: Measure, rows: pa.Table) -> pa.ChunkedArray:
    """What each row adds to a measure."""
    formula = measure.formula
    if not isinstance(formula, CountRows):
        return pc.fill_null(rows[formula.column], 0)
    if not formula.column:
        return pa.chunked_array([pa.repeat(pa.scalar(1, pa.int64()), rows.num_rows)])
    column = rows[formula.column]
    counted = pc.is_in(column, pa.array(formula.values)) if formula.values else column.is_valid()
    return counted.cast(pa.int64())


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
