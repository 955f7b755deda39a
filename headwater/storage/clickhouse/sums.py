"""Merges the sums of commits into segments: few, each of many commits, so that a question reads few rows.

A merge sums what has been committed since the last one, together with those of the newest segments
that are no longer much larger than that, into one new segment. It becomes visible, and what it took
in invisible, by one state row; until then nobody reads it, and if that never comes it is swept away.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Final, NamedTuple

from headwater.catalogue.model import CountEvents, Dataset, EventDataset, Metric, Rollup, RowDataset, SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse import steps
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.clickhouse.journal import State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.sight import Marks, above_floors, in_segments
from headwater.storage.clickhouse.tables import SEGMENT, fresh_of, tables_of
from headwater.storage.clickhouse.topology import Topology

_DIALECT = ClickHouseDialect()
LEFT_SECONDS: Final = 120.0
"""So long at least what nothing refers to is left: for readers that have not heard of it, and for merges under way."""
_RATIO = 4
"""A segment is taken into a merge unless it is so many times larger than all that is newer."""


class Merge(NamedTuple):
    """A new segment: of the commits that the state ``of`` holds, and of the older segments that it replaces."""

    of: State
    marks: Marks
    folded: frozenset[int]
    segment: int
    begun: float


class _Sum(NamedTuple):
    """How one rollup is summed: its keys, its measures, and its rows of the commits that are merged."""

    table: str
    keys: list[str]
    measures: list[str]
    fresh: str
    condition: str = "TRUE"


def merge(link: Link, topology: Topology, dataset: Dataset, state: State, marks: Marks, segment: int) -> Merge:
    """Build the next segment of every rollup of a dataset, beside the writer."""
    after = state.merged.get(dataset.name, 0)
    made = Merge(state, _own(marks, dataset), _folded(link, topology, dataset, state), segment, monotonic())
    for one in _sums(topology, dataset, state, marks, after):
        keys, table = ", ".join(one.keys), topology.table(one.table)
        measures = ", ".join(one.measures)
        sums = ", ".join(f"{_DIALECT.sum(f'part.{name}')} AS {name}" for name in one.measures)
        older = f"SELECT {keys}, {measures} FROM {table} WHERE {in_segments(sorted(made.folded))} AND {one.condition}"
        link.run(
            f"INSERT INTO {table} ({keys}, {measures}, {SEGMENT}) SELECT {keys}, {sums}, {made.segment}"
            f" FROM ({older} UNION ALL {one.fresh}) AS part GROUP BY {keys}"
        )
    return made


def applies(made: Merge, dataset: Dataset, state: State, marks: Marks) -> bool:
    """Whether what a merge took in is still what is read: another process may have merged, pruned, or taken back.

    Nor has another process swept away what it made, as unused, which takes at least ``LEFT_SECONDS``.
    """
    of, name = made.of, dataset.name
    return (
        (state.epoch == of.epoch or monotonic() - made.begun < LEFT_SECONDS / 2)
        and _own(marks, dataset) == made.marks
        and state.merged.get(name) == of.merged.get(name)
        and state.segments_of(name) == of.segments_of(name)
        and state.gaps_until(of.upto) == of.gaps_until(of.upto)
    )


def _own(marks: Marks, dataset: Dataset) -> Marks:
    """What is marked of the dataset."""
    return {key: mark for key, mark in marks.items() if key[1] == dataset.name}


def fresh_count(link: Link, topology: Topology, dataset: Dataset, condition: str) -> int:
    """How many sums of single commits there are of which a condition on ``commit_id`` is true."""
    return sum(
        link.value(f"SELECT count() FROM {topology.table(table)} WHERE {condition}") for table in fresh_tables(dataset)
    )


def fresh_tables(dataset: Dataset) -> list[str]:
    """The tables with sums of single commits."""
    if isinstance(dataset, EventDataset):
        return [schema.fresh_table(dataset)]
    if isinstance(dataset, SnapshotDataset):
        return [dataset.ledger]
    if isinstance(dataset, RowDataset):
        return [fresh_of(rollup) for one in schema.with_child(dataset) for rollup in one.rollups]
    raise TypeError(f"{dataset.name} is of no kind that can be summed.")


def sweep(link: Link, topology: Topology, dataset: Dataset, earlier: State, state: State) -> None:
    """Drop what neither an earlier state nor the present one reads: what merges took in, segments none put in place."""
    live = sorted({*earlier.segments_of(dataset.name), *state.segments_of(dataset.name)})
    for table in tables_of(dataset):
        if not table.is_of_segments:
            continue
        found = link.rows(
            f"SELECT DISTINCT {SEGMENT} FROM {topology.table(table.name)} WHERE {SEGMENT} <= {earlier.upto}"
            f" AND NOT ({in_segments(live)})"
        )
        for (segment,) in found:
            link.run(f"ALTER TABLE {topology.local(table.name)} DROP PARTITION {segment}")
    if isinstance(dataset, SnapshotDataset):
        return
    merged = earlier.merged.get(dataset.name, 0)
    for name in fresh_tables(dataset):
        if link.value(f"SELECT count() FROM {topology.table(name)} WHERE commit_id <= {merged}"):
            link.run(f"DELETE FROM {topology.local(name)} WHERE commit_id <= {merged}")


def _folded(link: Link, topology: Topology, dataset: Dataset, state: State) -> frozenset[int]:
    sizes: dict[int, int] = {}
    live = state.segments_of(dataset.name)
    for table in tables_of(dataset):
        if table.is_of_segments and live:
            counted = (
                f"SELECT {SEGMENT}, count() FROM {topology.table(table.name)} WHERE {in_segments(live)} GROUP BY 1"
            )
            for segment, rows in link.rows(counted):
                sizes[segment] = max(sizes.get(segment, 0), rows)
    newer, folded = state.fresh.get(dataset.name, 0), set()
    for segment in reversed(live):
        size = sizes.get(segment, 0)
        if size > _RATIO * newer:
            break
        newer += size
        folded.add(segment)
    return frozenset(folded)


def _sums(topology: Topology, dataset: Dataset, state: State, marks: Marks, after: int) -> Iterator[_Sum]:
    which = state.committed(after)
    if isinstance(dataset, EventDataset):
        for rollup in dataset.rollups:
            keys = schema.rollup_keys(dataset, rollup)
            yield _Sum(rollup.name, keys, list(rollup.metrics), _fresh_events(topology, dataset, rollup, which))
    elif isinstance(dataset, RowDataset):
        for one in schema.with_child(dataset):
            for tally in one.rollups:
                keys = [name for name, _ in schema.row_rollup_keys(one, tally)]
                columns = ", ".join([*keys, *tally.measures])
                fresh = f"SELECT {columns} FROM {topology.table(fresh_of(tally))} WHERE {which}"
                yield _Sum(tally.name, keys, list(tally.measures), fresh)
    elif isinstance(dataset, SnapshotDataset):
        keys, measures = schema.step_keys(dataset, schema.DAY), schema.step_measures(dataset)
        days = steps.days_of_all(topology, dataset, marks, which)
        yield _Sum(dataset.day_rollup, keys, measures, days, above_floors(marks, dataset))


def _fresh_events(topology: Topology, dataset: EventDataset, rollup: Rollup, which: str) -> str:
    """The sums of commits in a rollup's columns."""
    metrics = [metric for metric in dataset.metrics if metric.name in rollup.metrics]
    events = ", ".join(f"'{metric.formula.event}'" for metric in metrics)
    keys = {key: f"fresh.{key}" for key in schema.rollup_keys(dataset, rollup)}
    if rollup.grain == "day":
        keys["day"] = f"toDate32(fresh.{schema.FRESH_TIME})"
    elif rollup.grain:
        keys[rollup.grain] = f"fresh.{schema.FRESH_TIME}"
    columns = [f"{text} AS {name}" for name, text in keys.items()]
    columns += [f"{_fresh_sum(metric)} AS {metric.name}" for metric in metrics]
    return (
        f"SELECT {', '.join(columns)} FROM {topology.table(schema.fresh_table(dataset))} AS fresh"
        f" WHERE {which} AND event IN ({events}) GROUP BY {', '.join(keys.values())}"
    )


def _fresh_sum(metric: Metric) -> str:
    column = schema.FRESH_COUNT if isinstance(metric.formula, CountEvents) else schema.FRESH_VALUE
    return _DIALECT.sum(f"CASE WHEN fresh.event = '{metric.formula.event}' THEN fresh.{column} ELSE 0 END")
