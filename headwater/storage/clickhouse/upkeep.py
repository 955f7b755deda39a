"""Keeps what is summed of snapshots in step with what is known of organisations: zones, groups, and how far back.

Each change is a commit like any other: what replaces is stored under its number, and what is
replaced is left for those who still read it, until ``delete_replaced``. Runs on the writer's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headwater.catalogue.model import SnapshotDataset
from headwater.storage.clickhouse import groups, pruning, sums
from headwater.storage.clickhouse.commits import Commit
from headwater.storage.clickhouse.groups import KeptGroup
from headwater.storage.clickhouse.journal import State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.sight import NO_MARK, Mark, Marks, standing
from headwater.storage.clickhouse.writing import Writer
from headwater.storage.port import Group, GroupMember


class Upkeep:
    """The work on one database's snapshots."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._link, self._topology = writer.link, writer.topology

    def zone(self, organisation_id: int) -> str:
        """The zone that an organisation's days are summed in."""
        marks = (self._mark(organisation_id, dataset) for dataset in self._writer.snapshots)
        return next(marks, NO_MARK).zone

    def delete_replaced(self, link: Link, marks: Marks) -> None:
        """Delete the readings that these marks, which every question knows by now, have made invisible."""
        for dataset in self._writer.snapshots:
            for (organisation_id, name), mark in marks.items():
                if name == dataset.name and mark.cut:
                    pruning.delete_replaced(link, self._topology, dataset, organisation_id, mark)

    def delete_unnamed(self, link: Link, state: State) -> None:
        """Delete the sums of groups that were renewed or dropped before this state."""
        groups.delete_unnamed(link, self._topology, self._writer.snapshots, state)

    def keep_group(
        self, dataset: SnapshotDataset, organisation_id: int, number: int, members: Sequence[GroupMember], mark: str
    ) -> None:
        """Make a group's sums, of all commits before."""
        with self._writer.commit() as (commit, changes):
            group = Group(commit.number, self.zone(organisation_id), mark)
            kept = KeptGroup(organisation_id, dataset.name, number, group)
            self._sum_group(dataset, kept, members, commit.number, self._mark(organisation_id, dataset))
            changes["marked"] = commit.number
        self._kept([kept])

    def _sum_group(
        self, dataset: SnapshotDataset, kept: KeptGroup, members: Sequence[GroupMember], commit: int, mark: Mark
    ) -> None:
        kept_on = standing(mark, f"fact.{dataset.time_column}", "fact.commit_id")
        state = self._writer.journal.state
        seen = f"({state.committed(column='fact.commit_id')} OR fact.commit_id = {commit}) AND {kept_on}"
        groups.make(self._link, self._topology, dataset, kept, members, commit, seen)

    def _kept(self, made: Sequence[KeptGroup]) -> None:
        """Let questions use new sums, and forget those that none is planned with any more."""
        for kept in made:
            groups.forget(self._link, self._topology, self._writer.groups.keep(kept))

    def drop_groups(self, organisation_id: int, numbers: Sequence[int]) -> None:
        """Say in a commit that groups are dropped; their sums are left for who has not heard of it."""
        if not numbers:
            return
        with self._writer.commit() as (commit, changes):
            groups.drop(self._link, self._topology, organisation_id, numbers, commit.number)
            changes["marked"] = commit.number
        self._writer.groups.drop(organisation_id, numbers)

    def prune(self, organisation_id: int, before: datetime) -> int:
        """Replace readings of before a time by baselines; how many went."""
        gone = {
            dataset.name: pruning.superfluous(
                self._link, self._topology, dataset, self._readings(organisation_id, dataset), before
            )
            for dataset in self._writer.snapshots
        }
        if not any(gone.values()):
            return 0
        made: list[KeptGroup] = []
        marks: dict[tuple[int, str], Mark] = {}
        with self._writer.commit() as (commit, changes):
            commit.arrival += 1
            segments, fresh = list(self._writer.journal.state.segments), {}
            for dataset in self._writer.snapshots:
                if gone[dataset.name]:
                    mark = self._mark(organisation_id, dataset)._replace(
                        before=before, cut=commit.number, floor=commit.number
                    )
                    made += self._replace(dataset, organisation_id, mark, commit)
                    marks[organisation_id, dataset.name] = mark
                    segments.append((dataset.name, commit.number))
                    own = f"commit_id = {commit.number}"
                    fresh[dataset.name] = sums.fresh_count(self._link, self._topology, dataset, own)
            changes.update(
                marked=commit.number, segments=tuple(segments), fresh=self._writer.fresh_with(fresh), marks=marks
            )
        self._kept(made)
        return sum(gone.values())

    def _replace(self, dataset: SnapshotDataset, organisation_id: int, mark: Mark, commit: Commit) -> list[KeptGroup]:
        """Store what stands in for the old readings, and sum days and groups anew."""
        seen = self._readings(organisation_id, dataset)
        pruning.store_baselines(self._link, self._topology, dataset, seen, mark.before, commit.number, commit.arrival)
        self._sum_days(dataset, organisation_id, mark, commit.number)
        made = []
        for kept in [one for one in self._current_groups(organisation_id) if one.dataset == dataset.name]:
            members = groups.members_of(self._link, self._topology, kept)
            group = Group(self._writer.journal.take(), kept.group.zone, kept.group.members)
            renewed = kept._replace(group=group)
            self._sum_group(dataset, renewed, members, commit.number, mark)
            made.append(renewed)
        return made

    def _current_groups(self, organisation_id: int) -> list[KeptGroup]:
        current = {group.id for group in self._writer.groups.of(organisation_id).values()}
        return [
            kept
            for dataset in self._writer.snapshots
            for kept in self._sums(organisation_id, dataset)
            if kept.group.id in current
        ]

    def _sums(self, organisation_id: int, dataset: SnapshotDataset) -> list[KeptGroup]:
        return list(self._writer.groups.sums_of([organisation_id], dataset.name))

    def rezone(self, organisation_id: int, zone: str) -> None:
        """Sum an organisation's days in another zone."""
        marks: dict[tuple[int, str], Mark] = {}
        with self._writer.commit() as (commit, changes):
            segments = list(self._writer.journal.state.segments)
            for dataset in self._writer.snapshots:
                mark = self._mark(organisation_id, dataset)._replace(zone=zone, floor=commit.number)
                self._sum_days(dataset, organisation_id, mark, commit.number)
                marks[organisation_id, dataset.name] = mark
                segments.append((dataset.name, commit.number))
            changes.update(marked=commit.number, segments=tuple(segments), marks=marks)

    def _sum_days(self, dataset: SnapshotDataset, organisation_id: int, mark: Mark, commit: int) -> None:
        """Store a mark, and the days of what is in segments already; later steps are read from the ledger."""
        state = self._writer.journal.state
        own = pruning.readings_of(dataset, organisation_id, state, mark)
        seen = f"{own} AND commit_id <= {state.merged.get(dataset.name, 0)}"
        pruning.sum_days(self._link, self._topology, dataset, seen, mark.zone, commit)
        pruning.store_mark(self._link, self._topology, dataset, organisation_id, mark, commit)

    def _readings(self, organisation_id: int, dataset: SnapshotDataset) -> str:
        mark = self._mark(organisation_id, dataset)
        return pruning.readings_of(dataset, organisation_id, self._writer.journal.state, mark)

    def _mark(self, organisation_id: int, dataset: SnapshotDataset) -> Mark:
        return self._writer.marks.get((organisation_id, dataset.name), NO_MARK)
