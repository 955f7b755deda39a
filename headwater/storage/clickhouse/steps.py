"""Books snapshots: what each reading adds to the ledger, and the ledger by day.

Every reading books its difference to the one before it. A reading that arrives late changes
what the next one books, so a commit compares the touched entities' chains of readings without and
with what arrived, and adds the differences: corrections are further rows, nothing is rewritten, and
any sum over the ledger is right at every commit. The counterpart of DuckDB's ``steps``.
"""

from __future__ import annotations

from collections.abc import Iterable

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.clickhouse.sight import Marks, standing_of_all
from headwater.storage.clickhouse.topology import Topology

_DIALECT = ClickHouseDialect()


def book(topology: Topology, dataset: SnapshotDataset, number: int, seen: str) -> str:
    """The statement that books the readings of commit ``number``; ``seen`` is the condition on earlier ones."""
    measures = schema.step_measures(dataset)
    keys = schema.step_keys(dataset, dataset.time_column)
    sums = ", ".join(f"sum(entry.sign * entry.{one}) AS {one}" for one in measures)
    entries = _entries(dataset)
    if schema.has_openings(dataset):
        entries += f" UNION ALL {_opening_entries(dataset)}"
    named = ", ".join(f"entry.{key} AS {key}" for key in keys)
    some = " OR ".join(f"sum(entry.sign * entry.{one}) <> 0" for one in measures)
    return (
        f"INSERT INTO {topology.table(dataset.ledger)} ({', '.join([*keys, *measures])}, commit_id)"
        f" WITH {_chains(topology, dataset, f'commit_id = {number}', seen)}, followed AS ({_followed(dataset)})"
        f" SELECT {named}, {sums}, {number} AS commit_id FROM ({entries}) AS entry"
        f" GROUP BY {', '.join(f'entry.{key}' for key in keys)} HAVING {some}"
    )


def _chains(topology: Topology, dataset: SnapshotDataset, arrived: str, seen: str) -> str:
    """Readings from the first arrived one on, behind one row with what was known before; once without the arrived."""
    time, table = dataset.time_column, topology.table(dataset.table)
    keys, counters = f"{schema.ORGANISATION}, {dataset.subject}", dataset.counters
    baseline = "is_baseline" if schema.has_flag(dataset) else "CAST(NULL AS Nullable(Bool)) AS is_baseline"
    values = ", ".join(f"CAST({one} AS Nullable(Int64)) AS {one}" for one in counters)
    touched = f"SELECT {keys} FROM {table} WHERE {arrived}"
    known = ", ".join(
        f"argMaxIf(own.{one}, (own.{time}, own.{schema.ARRIVAL}), own.{one} IS NOT NULL) AS {one}" for one in counters
    )
    chain = f"{keys}, {time}, {schema.ARRIVAL}, is_baseline, {', '.join(counters)}, before"
    return (
        f"touched AS (SELECT {keys}, min({time}) AS since FROM {table} WHERE {arrived} GROUP BY {keys}),"
        f" own AS (SELECT {keys}, {time}, {schema.ARRIVAL}, {baseline}, {values}, {arrived} AS arrived"
        f" FROM {table} WHERE ({keys}) IN ({touched}) AND ({arrived} OR {seen})),"
        f" reading AS (SELECT own.*, false AS before FROM own INNER JOIN touched USING ({keys})"
        f" WHERE own.{time} >= touched.since),"
        f" known AS (SELECT own.{schema.ORGANISATION} AS {schema.ORGANISATION}, own.{dataset.subject} AS"
        f" {dataset.subject}, max(own.{time}) AS {time}, toInt64(0) AS {schema.ARRIVAL},"
        f" CAST(NULL AS Nullable(Bool)) AS is_baseline, {known}, true AS before"
        f" FROM own INNER JOIN touched USING ({keys}) WHERE own.{time} < touched.since"
        f" GROUP BY own.{schema.ORGANISATION}, own.{dataset.subject}),"
        f" chain AS (SELECT {chain}, toInt64(1) AS sign FROM known UNION ALL SELECT {chain}, toInt64(1) FROM reading"
        f" UNION ALL SELECT {chain}, toInt64(-1) FROM known"
        f" UNION ALL SELECT {chain}, toInt64(-1) FROM reading WHERE NOT arrived)"
    )


def _followed(dataset: SnapshotDataset) -> str:
    """Each reading beside what was known of its counters before it, and whether it is the first."""
    before = [f"last_value({one}) IGNORE NULLS OVER earlier AS before_{one}" for one in dataset.counters]
    return (
        f"SELECT *, count() OVER earlier = 0 AS first, {', '.join(before)} FROM chain"
        f" WINDOW earlier AS (PARTITION BY sign, {schema.ORGANISATION}, {dataset.subject}"
        f" ORDER BY {dataset.time_column}, {schema.ARRIVAL}"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )


def _entries(dataset: SnapshotDataset) -> str:
    """What each reading books and sets, but for what a first one opens."""
    columns = {}
    for one in dataset.counters:
        change = f"coalesce({one} - coalesce(before_{one}, 0), 0)"
        # A first reading that says nothing of itself; what it is, is left to the question or settled here.
        first = f"coalesce(is_baseline, before_{one} IS NULL)"
        sets = "coalesce(is_baseline, false)" if schema.has_openings(dataset) else first
        columns[f"new_{one}"] = f"if({first}, 0, {change})"
        columns[f"set_{one}"] = f"if({sets}, {change}, 0)"
        columns[f"known_{one}"] = f"if(before_{one} IS NULL AND {one} IS NOT NULL, 1, 0)"
    columns[schema.READINGS] = "if(coalesce(is_baseline, first), 0, 1)"
    return _from_followed(dataset, columns, str(schema.NOT_OPENING))


def _opening_entries(dataset: SnapshotDataset) -> str:
    """What first readings book if their entity was posted shortly before; the level has it either way."""
    columns = dict.fromkeys(schema.step_measures(dataset), "0")
    for one in dataset.counters:
        columns[f"new_{one}"] = f"if(before_{one} IS NULL AND is_baseline IS NULL, coalesce({one}, 0), 0)"
    columns[schema.READINGS] = "if(first AND is_baseline IS NULL, 1, 0)"
    return _from_followed(dataset, columns, f"toUnixTimestamp64Micro({dataset.time_column})")


def _from_followed(dataset: SnapshotDataset, columns: dict[str, str], opened_at: str) -> str:
    keys = ["sign", schema.ORGANISATION, dataset.subject, dataset.time_column]
    if schema.has_openings(dataset):
        keys.append(f"toInt64({opened_at}) AS {schema.OPENED_AT}")
    values = [f"toInt64({columns[name]}) AS {name}" for name in schema.step_measures(dataset)]
    return f"SELECT {', '.join([*keys, *values])} FROM followed WHERE NOT before"


def days_of_all(topology: Topology, dataset: SnapshotDataset, marks: Marks, which: str) -> str:
    """The steps of which a condition is true, by the days of each organisation's zone; not summed yet."""
    zones: dict[str, list[int]] = {}
    for (organisation, name), mark in marks.items():
        if name == dataset.name and mark.zone != "UTC":
            zones.setdefault(mark.zone, []).append(organisation)
    elsewhere = [organisation for some in zones.values() for organisation in some]
    standing = standing_of_all(marks, dataset)
    parts = [
        days(topology, dataset, zone, f"{which} AND {standing} AND {_one_of(organisations)}")
        for zone, organisations in sorted(zones.items())
    ]
    others = f"NOT {_one_of(elsewhere)}" if elsewhere else "TRUE"
    return " UNION ALL ".join([*parts, days(topology, dataset, "UTC", f"{which} AND {standing} AND {others}")])


def days(topology: Topology, dataset: SnapshotDataset, zone: str, which: str) -> str:
    """The steps of which a condition is true, by the days of a zone, in the columns of the daily sums."""
    day = _DIALECT.local_day(f"step.{dataset.time_column}", zone)
    keys = [
        f"{day} AS {schema.DAY}" if key == schema.DAY else f"step.{key} AS {key}"
        for key in schema.step_keys(dataset, schema.DAY)
    ]
    measures = [f"step.{name} AS {name}" for name in schema.step_measures(dataset)]
    return f"SELECT {', '.join([*keys, *measures])} FROM {topology.table(dataset.ledger)} AS step WHERE {which}"


def _one_of(organisations: Iterable[int]) -> str:
    return f"({schema.ORGANISATION} IN ({', '.join(map(str, sorted(organisations)))}))"
