"""Replaces an organisation's old snapshots by what later ones stand on; as a commit, deleting nothing.

Of each entity the last known counters of before the limit stay, as one baseline at the time of its
last old reading: levels, and what is new from the limit on, are as they were; what was new before
it is gone. A mark says from which commit on the old days count. The replaced rows are deleted later.
"""

from __future__ import annotations

from datetime import UTC, datetime

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse import steps
from headwater.storage.clickhouse.journal import State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.sight import Mark, instant, standing
from headwater.storage.clickhouse.tables import MARK, SEGMENT
from headwater.storage.clickhouse.topology import Topology


def superfluous(link: Link, topology: Topology, dataset: SnapshotDataset, seen: str, before: datetime) -> int:
    """How many of the readings that are ``seen`` lie before a time and are no entity's last."""
    return link.value(
        f"SELECT count() - count(DISTINCT {dataset.subject}) FROM {topology.table(dataset.table)}"
        f" WHERE {seen} AND {dataset.time_column} < {instant(before)}"
    )


def readings_of(dataset: SnapshotDataset, organisation_id: int, state: State, mark: Mark) -> str:
    """The condition on the organisation's readings, or its steps, that count."""
    own = f"{schema.ORGANISATION} = {organisation_id}"
    return f"{own} AND {state.committed()} AND {standing(mark, dataset.time_column)}"


def store_baselines(
    link: Link, topology: Topology, dataset: SnapshotDataset, seen: str, before: datetime, commit: int, arrival: int
) -> None:
    """Store the baselines as readings and as steps."""
    standing_now = _last_known(topology, dataset, f"{seen} AND {dataset.time_column} < {instant(before)}")
    own = {schema.ORGANISATION: schema.ORGANISATION, dataset.subject: dataset.subject, dataset.time_column: "at_time"}
    readings = {**own, **{one: one for one in dataset.counters}, schema.RECORD_ID: "''", schema.ARRIVAL: str(arrival)}
    if schema.has_flag(dataset):
        readings["is_baseline"] = "true"
    booked = dict(own)
    if schema.has_openings(dataset):
        booked[schema.OPENED_AT] = str(schema.NOT_OPENING)
    booked |= {f"new_{one}": "0" for one in dataset.counters}
    booked |= {f"set_{one}": f"coalesce({one}, 0)" for one in dataset.counters}
    booked |= {f"known_{one}": f"if({one} IS NULL, 0, 1)" for one in dataset.counters}
    booked[schema.READINGS] = "0"
    # The steps first: what stands is read from the readings of before this commit.
    for table, columns in ((dataset.ledger, booked), (dataset.table, readings)):
        columns[schema.COMMIT] = str(commit)
        link.run(
            f"INSERT INTO {topology.table(table)} ({', '.join(columns)})"
            f" SELECT {', '.join(columns.values())} FROM ({standing_now})"
        )


def sum_days(
    link: Link, topology: Topology, dataset: SnapshotDataset, steps_seen: str, zone: str, segment: int
) -> None:
    """Sum an organisation's steps by day into a segment of their own."""
    keys, measures = schema.step_keys(dataset, schema.DAY), schema.step_measures(dataset)
    sums = ", ".join(f"sum(part.{name}) AS {name}" for name in measures)
    columns = ", ".join([*keys, *measures])
    link.run(
        f"INSERT INTO {topology.table(dataset.day_rollup)} ({columns}, {SEGMENT}) SELECT {', '.join(keys)}, {sums},"
        f" {segment} FROM ({steps.days(topology, dataset, zone, steps_seen)}) AS part GROUP BY {', '.join(keys)}"
    )


def store_mark(
    link: Link, topology: Topology, dataset: SnapshotDataset, organisation_id: int, mark: Mark, commit: int
) -> None:
    """Store what counts of an organisation from a commit on."""
    row = {schema.ORGANISATION: organisation_id, "dataset": dataset.name, **mark._asdict(), schema.COMMIT: commit}
    # The client takes a time without a zone for one of this machine.
    link.insert_row(topology.table(MARK.name), {**row, "before": mark.before.replace(tzinfo=UTC)})


def load_marks(link: Link, topology: Topology, state: State) -> dict[tuple[int, str], Mark]:
    """The marks as of a state, the newest of each organisation and dataset."""
    rows = link.rows(
        f"SELECT {schema.ORGANISATION}, dataset, {', '.join(Mark._fields)} FROM {topology.table(MARK.name)}"
        f" WHERE {state.committed()} ORDER BY {schema.COMMIT}"
    )
    return {(own, dataset): Mark(*mark) for own, dataset, *mark in rows}


def delete_replaced(link: Link, topology: Topology, dataset: SnapshotDataset, organisation_id: int, mark: Mark) -> None:
    """Delete the readings and steps that a mark has made invisible, where there are any left."""
    gone = f"{schema.ORGANISATION} = {organisation_id} AND NOT ({standing(mark, dataset.time_column)})"
    for table in (dataset.table, dataset.ledger):
        if link.value(f"SELECT count() FROM {topology.table(table)} WHERE {gone}"):
            link.run(f"DELETE FROM {topology.local(table)} WHERE {gone}")


def _last_known(topology: Topology, dataset: SnapshotDataset, old: str) -> str:
    """One row for each entity: its last old time, and the last known value of each counter."""
    time = f"fact.{dataset.time_column}"
    known = ", ".join(
        f"argMaxIf(CAST(fact.{one} AS Nullable(Int64)), ({time}, fact.{schema.ARRIVAL}), fact.{one} IS NOT NULL)"
        f" AS {one}"
        for one in dataset.counters
    )
    return (
        f"SELECT {schema.ORGANISATION}, {dataset.subject}, max({time}) AS at_time, {known}"
        f" FROM {topology.table(dataset.table)} AS fact WHERE {old} GROUP BY {schema.ORGANISATION}, {dataset.subject}"
    )
