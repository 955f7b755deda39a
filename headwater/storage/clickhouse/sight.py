"""What a statement sees: every table as of one state, and of its own organisation only.

A statement names tables as if there were nothing else in them. It is run behind a ``WITH`` that gives
each name the rows that it stands for: of commits that exist, beyond or within the segments, as the
organisation's marks have it. The state is read once, so that all parts of a statement see the same commits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from headwater.catalogue.model import Dataset, EventDataset, RowDataset, SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse.journal import State
from headwater.storage.clickhouse.tables import SEGMENT, fresh_of
from headwater.storage.clickhouse.topology import Topology

MERGED_UPTO = "merged_upto"
_WITH = "WITH "
_BEGINNING = datetime.fromisoformat("1970-01-01")


class Mark(NamedTuple):
    """Of an organisation's snapshots: the zone of their days, and what a later commit has replaced.

    Readings and steps from before the time ``before`` count only from commit ``cut`` on, segments of days
    only from ``floor`` on.
    """

    zone: str = "UTC"
    before: datetime = _BEGINNING
    cut: int = 0
    floor: int = 0


Marks = Mapping[tuple[int, str], Mark]
"""By organisation and dataset."""
NO_MARK = Mark()
_Seen = Callable[[State, int, Marks], str]


class Sight:
    """The tables of a catalogue, as statements see them."""

    def __init__(self, catalogue: Mapping[str, Dataset], topology: Topology) -> None:
        self._topology = topology
        self._tables: dict[str, _Seen] = {MERGED_UPTO: _merged(catalogue)}
        for dataset in catalogue.values():
            if isinstance(dataset, EventDataset):
                self._events(dataset)
            elif isinstance(dataset, SnapshotDataset):
                self._snapshots(dataset)
            elif isinstance(dataset, RowDataset):
                for one in schema.with_child(dataset):
                    self._rows(dataset.name, one)
        self._names = re.compile(rf"\b({'|'.join(sorted(self._tables, key=len, reverse=True))})\b")

    def of(self, sql: str, state: State, organisation_id: int, marks: Marks) -> str:
        """``sql`` with what its tables are."""
        named = dict.fromkeys(self._names.findall(sql))
        parts = [f"{name} AS ({self._tables[name](state, organisation_id, marks)})" for name in named]
        if not parts:
            return sql
        # A statement may name parts of its own, which read these.
        rest = f", {sql.removeprefix(_WITH)}" if sql.startswith(_WITH) else f" {sql}"
        return f"{_WITH}{', '.join(parts)}{rest}"

    def _events(self, dataset: EventDataset) -> None:
        facts, fresh = [name for name, _ in schema.columns(dataset)], schema.fresh_table(dataset)
        self._tables[dataset.table] = self._committed(dataset.table, facts)
        self._tables[fresh] = self._fresh(dataset.name, fresh, [name for name, _ in schema.fresh_columns(dataset)])
        for rollup in dataset.rollups:
            columns = [name for name, _ in schema.rollup_columns(dataset, rollup)]
            self._tables[rollup.name] = self._segments(dataset.name, rollup.name, columns)

    def _snapshots(self, dataset: SnapshotDataset) -> None:
        steps = [name for name, _ in schema.ledger_columns(dataset)]
        days = [name for name, _ in schema.day_columns(dataset)]
        all_steps = self._committed(dataset.ledger, steps)
        all_days = self._segments(dataset.name, dataset.day_rollup, days)

        def ledger(state: State, organisation_id: int, marks: Marks) -> str:
            mark = marks.get((organisation_id, dataset.name), NO_MARK)
            return f"{all_steps(state, organisation_id, marks)}{_standing(mark, dataset.time_column)}"

        def by_day(state: State, organisation_id: int, marks: Marks) -> str:
            mark = marks.get((organisation_id, dataset.name), NO_MARK)
            return f"{all_days(state, organisation_id, marks)} AND {SEGMENT} >= {mark.floor}"

        self._tables[dataset.ledger] = ledger
        self._tables[dataset.day_rollup] = by_day
        if dataset.group_rollup:
            columns = [name for name, _ in schema.group_day_columns(dataset)]
            self._tables[dataset.group_rollup] = self._committed(dataset.group_rollup, columns)

    def _rows(self, name: str, dataset: RowDataset) -> None:
        self._tables[dataset.table] = self._committed(dataset.table, [one for one, _ in schema.columns(dataset)])
        for rollup in dataset.rollups:
            columns = [one for one, _ in schema.row_rollup_columns(dataset, rollup)[:-1]]
            self._tables[rollup.name] = _both(
                self._segments(name, rollup.name, columns), self._fresh(name, fresh_of(rollup), columns)
            )

    def _committed(self, table: str, columns: Iterable[str]) -> _Seen:
        select = self._select(table, columns)
        return lambda state, own, _: f"{select(own)} AND {state.committed()}"

    def _fresh(self, dataset: str, table: str, columns: Iterable[str]) -> _Seen:
        select = self._select(table, columns)
        return lambda state, own, _: f"{select(own)} AND {state.committed(state.merged.get(dataset, 0))}"

    def _segments(self, dataset: str, table: str, columns: Iterable[str]) -> _Seen:
        select = self._select(table, columns)
        return lambda state, own, _: f"{select(own)} AND {in_segments(state.segments_of(dataset))}"

    def _select(self, table: str, columns: Iterable[str]) -> Callable[[int], str]:
        text = f"SELECT {', '.join(columns)} FROM {self._topology.table(table)} WHERE {schema.ORGANISATION} = "
        return lambda organisation_id: f"{text}{organisation_id}"


def in_segments(segments: Iterable[int]) -> str:
    """The condition that a row of sums is in one of the segments."""
    numbers = ", ".join(map(str, segments))
    return f"{SEGMENT} IN ({numbers})" if numbers else "FALSE"


def standing_of_all(marks: Marks, dataset: SnapshotDataset) -> str:
    """The condition that a step of any organisation has not been replaced."""
    cut = {organisation: mark for (organisation, name), mark in marks.items() if name == dataset.name and mark.cut}
    if not cut:
        return "TRUE"
    organisations = _numbers(cut)
    cuts = (
        f"transform({schema.ORGANISATION}, {organisations}, {_numbers(mark.cut for mark in cut.values())}, toInt64(0))"
    )
    limits = _numbers(_microseconds(mark.before) for mark in cut.values())
    before = f"transform({schema.ORGANISATION}, {organisations}, {limits}, toInt64(0))"
    return f"(commit_id >= {cuts} OR toUnixTimestamp64Micro({dataset.time_column}) >= {before})"


def above_floors(marks: Marks, dataset: SnapshotDataset) -> str:
    """The condition that a day's sum of any organisation has not been replaced."""
    floors = {organisation: mark.floor for (organisation, name), mark in marks.items() if name == dataset.name}
    if not floors:
        return "TRUE"
    return f"{SEGMENT} >= transform({schema.ORGANISATION}, {_numbers(floors)}, {_numbers(floors.values())}, toInt64(0))"


def standing(mark: Mark, time: str, commit: str = "commit_id") -> str:
    """The condition that a reading or a step of the mark's organisation has not been replaced."""
    return f"NOT ({time} < {instant(mark.before)} AND {commit} < {mark.cut})" if mark.cut else "TRUE"


def instant(time: datetime) -> str:
    """A time as a literal."""
    return f"toDateTime64('{time.isoformat(' ', 'microseconds')}', 6, 'UTC')"


def _standing(mark: Mark, time: str) -> str:
    return f" AND {standing(mark, time)}" if mark.cut else ""


def _both(segments: _Seen, fresh: _Seen) -> _Seen:
    return lambda state, own, marks: f"{segments(state, own, marks)} UNION ALL {fresh(state, own, marks)}"


def _merged(catalogue: Mapping[str, Dataset]) -> _Seen:
    names = [dataset.name for dataset in catalogue.values() if isinstance(dataset, SnapshotDataset)]

    def rows(state: State, _: int, __: Marks) -> str:
        return " UNION ALL ".join(
            f"SELECT '{name}' AS dataset, toInt64({state.merged.get(name, 0)}) AS upto" for name in names
        )

    return rows


def _numbers(numbers: Iterable[int]) -> str:
    return f"CAST([{', '.join(map(str, numbers))}] AS Array(Int64))"


def _microseconds(time: datetime) -> int:
    delta = time - _BEGINNING
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
