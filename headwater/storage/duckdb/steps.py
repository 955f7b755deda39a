"""Keeps the ledger of what snapshots book, and its daily sums; the counterpart of ``rollups`` for snapshots.

Every reading books its difference to the one before it. A reading that arrives
late changes what the next one books, so a commit compares the touched entities'
chains of readings without and with what arrived, and adds the differences to the
ledger: corrections are further rows, nothing is rewritten, and any sum over the
ledger is right at every commit. ``merge`` sorts the ledger by entity and time and
sums it by day in each organisation's time zone.
"""

from __future__ import annotations

import duckdb

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.duckdb import groups
from headwater.storage.duckdb.dialect import DuckDBDialect

_DIALECT = DuckDBDialect()


def add(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, source: str, fence: int) -> int:
    """Book the raw rows in ``source``, stored under arrival numbers from ``fence`` on; returns the ledger rows made."""
    connection.execute(f"CREATE TEMP TABLE booked AS {_differences(dataset, source, fence)}")
    made = connection.execute(
        f"INSERT INTO {dataset.ledger} SELECT *, (SELECT nextval('commit_number')) FROM booked"
    ).fetchone()
    if dataset.group_rollup:
        groups.add(connection, dataset, "booked")
    # Where something fails, the rollback takes the table away; to drop it then would hide the failure.
    connection.execute("DROP TABLE booked")
    return int(made[0]) if made else 0


def _differences(dataset: SnapshotDataset, source: str, fence: int) -> str:
    """What the chains with the arrived readings book, less what those without them booked."""
    measures = schema.step_measures(dataset)
    keys = ", ".join(schema.step_keys(dataset, dataset.time_column))
    sums = ", ".join(f"sum(sign * {one})::BIGINT AS {one}" for one in measures)
    entries = _entries(dataset)
    if schema.has_openings(dataset):
        entries += f" UNION ALL BY NAME {_opening_entries(dataset)}"
    return (
        f"WITH {_chains(dataset, source, fence)}, followed AS ({_followed(dataset)}), entries AS ({entries})"
        f" SELECT {keys}, {sums} FROM entries GROUP BY ALL HAVING {' OR '.join(f'{one} <> 0' for one in measures)}"
    )


def _chains(dataset: SnapshotDataset, source: str, fence: int) -> str:
    """Readings from the first arrived one on, behind one row with what was known before; once without the arrived."""
    time, subject, counters = dataset.time_column, dataset.subject, dataset.counters
    keys = f"{schema.ORGANISATION}, {subject}"
    baseline = "is_baseline" if schema.has_flag(dataset) else "NULL::BOOLEAN AS is_baseline"
    read = f"{keys}, {time}, {schema.ARRIVAL}, {baseline}, {', '.join(counters)}"
    known = ", ".join(
        f"arg_max({one}, ({time}, {schema.ARRIVAL})) FILTER ({one} IS NOT NULL) AS {one}" for one in counters
    )
    near = f"{dataset.table} INNER JOIN touched USING ({keys})"
    return (
        f"touched AS (SELECT {keys}, min({time}) AS since FROM {source} GROUP BY ALL),"
        f" reading AS (SELECT {read}, false AS before FROM {near} WHERE {time} >= since),"
        f" known AS (SELECT {keys}, max({time}) AS {time}, 0 AS {schema.ARRIVAL}, NULL::BOOLEAN AS is_baseline,"
        f" {known}, true AS before FROM {near} WHERE {time} < since GROUP BY {keys}),"
        f" chain AS (SELECT *, 1 AS sign FROM (FROM known UNION ALL BY NAME FROM reading)"
        f" UNION ALL BY NAME SELECT *, -1 AS sign FROM (FROM known UNION ALL BY NAME"
        f" SELECT * FROM reading WHERE {schema.ARRIVAL} < {fence}))"
    )


def _followed(dataset: SnapshotDataset) -> str:
    """Each reading beside what was known of its counters before it, and whether it is the first."""
    before = [f"last_value({one} IGNORE NULLS) OVER earlier AS before_{one}" for one in dataset.counters]
    return (
        f"SELECT *, count(*) OVER earlier = 0 AS first, {', '.join(before)} FROM chain"
        f" WINDOW earlier AS (PARTITION BY sign, {schema.ORGANISATION}, {dataset.subject}"
        f" ORDER BY {dataset.time_column}, {schema.ARRIVAL}"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )


def _entries(dataset: SnapshotDataset) -> str:
    """What each reading books and sets, but for what a first one opens."""
    columns = []
    for one in dataset.counters:
        change = f"coalesce({one} - coalesce(before_{one}, 0), 0)"
        # A first reading that says nothing of itself; what it is, is left to the question or settled here.
        first = f"coalesce(is_baseline, before_{one} IS NULL)"
        sets = "coalesce(is_baseline, false)" if schema.has_openings(dataset) else first
        columns += [
            f"CASE WHEN {first} THEN 0 ELSE {change} END AS new_{one}",
            f"CASE WHEN {sets} THEN {change} ELSE 0 END AS set_{one}",
            f"CASE WHEN before_{one} IS NULL AND {one} IS NOT NULL THEN 1 ELSE 0 END AS known_{one}",
        ]
    baseline = "coalesce(is_baseline, first)"
    columns.append(f"CASE WHEN {baseline} THEN 0 ELSE 1 END AS {schema.READINGS}")
    return _from_followed(dataset, columns, str(schema.NOT_OPENING))


def _opening_entries(dataset: SnapshotDataset) -> str:
    """What first readings book if their entity was posted shortly before; the level has it either way."""
    columns = [
        f"CASE WHEN before_{one} IS NULL AND is_baseline IS NULL THEN coalesce({one}, 0) ELSE 0 END AS new_{one}"
        for one in dataset.counters
    ]
    columns += [f"0 AS {kind}_{one}" for kind in ("set", "known") for one in dataset.counters]
    columns.append(f"CASE WHEN first AND is_baseline IS NULL THEN 1 ELSE 0 END AS {schema.READINGS}")
    return _from_followed(dataset, columns, f"epoch_us({dataset.time_column})")


def _from_followed(dataset: SnapshotDataset, columns: list[str], opened_at: str) -> str:
    keys = ["sign", schema.ORGANISATION, dataset.subject, dataset.time_column]
    if schema.has_openings(dataset):
        keys.append(f"{opened_at} AS {schema.OPENED_AT}")
    return f"SELECT {', '.join([*keys, *columns])} FROM followed WHERE NOT before"


def merge(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset) -> int:
    """Build the next sorted ledger and daily sums; returns the last commit that they hold."""
    row = connection.execute(f"SELECT coalesce(max(commit_id), 0) FROM {dataset.ledger}").fetchone()
    upto: int = row[0] if row else 0
    order = f"{schema.ORGANISATION}, {dataset.subject}"
    connection.execute(
        f"CREATE OR REPLACE TABLE {dataset.ledger}_next AS SELECT * FROM {dataset.ledger}"
        f" WHERE commit_id <= {upto} ORDER BY {order}, {dataset.time_column}"
    )
    names = ", ".join(name for name, _ in schema.day_columns(dataset))
    parts = [f"SELECT {names} FROM {dataset.day_rollup}"]
    unmerged = f"commit_id > {_merged(dataset)} AND commit_id <= {upto}"
    parts += [_by_day(dataset, zone, unmerged) for zone in _zones(connection)]
    connection.execute(
        f"CREATE OR REPLACE TABLE {dataset.day_rollup}_next AS {_summed(dataset, ' UNION ALL '.join(parts))}"
        f" ORDER BY {order}, {schema.DAY}"
    )
    return upto


def _summed(dataset: SnapshotDataset, rows: str) -> str:
    keys = ", ".join(schema.step_keys(dataset, schema.DAY))
    sums = ", ".join(f"{_DIALECT.sum(measure)} AS {measure}" for measure in schema.step_measures(dataset))
    return f"SELECT {keys}, {sums} FROM ({rows}) GROUP BY ALL"


def _by_day(dataset: SnapshotDataset, zone: str, which: str) -> str:
    """Rows of the ledger of all organisations in ``zone``, in the columns of the daily rollup."""
    day = _DIALECT.local_day(dataset.time_column, zone)
    columns = [f"{day} AS {schema.DAY}" if name == schema.DAY else name for name, _ in schema.day_columns(dataset)]
    own = (
        "coalesce((SELECT zone FROM day_zone"
        f" WHERE day_zone.organisation_id = {dataset.ledger}.organisation_id), 'UTC')"
    )
    return f"SELECT {', '.join(columns)} FROM {dataset.ledger} WHERE {own} = '{zone}' AND {which}"


def _zones(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT zone FROM day_zone UNION SELECT 'UTC' ORDER BY 1").fetchall()
    return [zone for (zone,) in rows]


def _merged(dataset: SnapshotDataset) -> str:
    """The last commit that the daily sums hold, as an expression."""
    return f"(SELECT coalesce(max(upto), 0) FROM merged_upto WHERE dataset = '{dataset.name}')"


def swap(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, upto: int) -> None:
    """Put the next tables in place, with the commits that came in the meantime, in one transaction."""
    connection.begin()
    connection.execute(
        f"INSERT INTO {dataset.ledger}_next SELECT * FROM {dataset.ledger} WHERE commit_id > {upto} ORDER BY commit_id"
    )
    for table in (dataset.ledger, dataset.day_rollup):
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE {table}_next RENAME TO {table}")
    connection.execute("DELETE FROM merged_upto WHERE dataset = ?", [dataset.name])
    connection.execute("INSERT INTO merged_upto VALUES (?, ?)", [dataset.name, upto])
    connection.commit()


def rezone(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, organisation_id: int, zone: str) -> None:
    """Sum an organisation's days anew, in ``zone``; within a transaction in which ``day_zone`` has it already."""
    connection.execute(f"DELETE FROM {dataset.day_rollup} WHERE organisation_id = ?", [organisation_id])
    own = f"{dataset.ledger}.organisation_id = {organisation_id} AND commit_id <= {_merged(dataset)}"
    connection.execute(
        f"INSERT INTO {dataset.day_rollup} {_summed(dataset, _by_day(dataset, zone, own))}"
        f" ORDER BY {dataset.subject}, {schema.DAY}"
    )


def drop_unfinished(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset) -> None:
    """Remove what a merge left behind that never came to its swap."""
    for table in (dataset.ledger, dataset.day_rollup):
        connection.execute(f"DROP TABLE IF EXISTS {table}_next")


def largest(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset) -> int:
    """Rows of the ledger: what a merge has to rewrite at least."""
    return _count(connection, dataset.ledger)


def fresh_count(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset) -> int:
    """Ledger rows that the daily sums do not hold yet."""
    return _count(connection, f"{dataset.ledger} WHERE commit_id > {_merged(dataset)}")


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(row[0]) if row else 0
