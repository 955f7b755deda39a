"""Daily sums of whole groups of entities (a campaign's videos), kept beside those of single ones.

A group's sums are made in one pass over the ledger, as a commit, and from then on every commit adds
to them what it books for a member: they are never behind. A change of members makes a new set of
sums under a new id. The one before it is left until the next, for questions that were planned with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.clickhouse.journal import State
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.tables import GROUP_MEMBER, MEMBER_GROUP
from headwater.storage.clickhouse.topology import Topology
from headwater.storage.group_values import group_values
from headwater.storage.port import Group, GroupMember

_DIALECT = ClickHouseDialect()
_KEPT = 2
"""The sums that questions are planned with now, and those before them."""
_DROPPED = ""
"""The dataset of a row that says that all sums of the group before it are dropped."""


class KeptGroup(NamedTuple):
    """A set of sums: whose, under which number of the caller's, and as questions know it."""

    organisation_id: int
    dataset: str
    number: int
    group: Group


class Groups:
    """The groups that are kept, each with the sums before its present ones.

    Questions read it on another thread, so an organisation's groups are replaced as a whole.
    """

    def __init__(self) -> None:
        self._kept: dict[int, dict[int, tuple[KeptGroup, ...]]] = {}

    def keep(self, kept: KeptGroup) -> Sequence[KeptGroup]:
        """Take in a group's newest sums; answers those that no question is planned with any more."""
        own = self._kept.get(kept.organisation_id, {})
        sums = (*own.get(kept.number, ()), kept)
        self._kept[kept.organisation_id] = {**own, kept.number: sums[-_KEPT:]}
        return sums[:-_KEPT]

    def drop(self, organisation_id: int, numbers: Iterable[int]) -> None:
        """Forget groups."""
        gone, own = set(numbers), self._kept.get(organisation_id, {})
        self._kept[organisation_id] = {number: sums for number, sums in own.items() if number not in gone}

    def of(self, organisation_id: int) -> dict[int, Group]:
        """An organisation's groups, by the caller's numbers."""
        return {number: sums[-1].group for number, sums in self._kept.get(organisation_id, {}).items()}

    def sums_of(self, organisations: Iterable[int], dataset: str) -> Iterator[KeptGroup]:
        """All sets of sums of some organisations."""
        for organisation_id in set(organisations):
            for sums in self._kept.get(organisation_id, {}).values():
                yield from (one for one in sums if one.dataset == dataset)


def load(link: Link, topology: Topology, state: State) -> Groups:
    """The groups as of a state: what was kept of each, but for what was dropped since."""
    rows = link.rows(
        "SELECT organisation_id, dataset, number, group_id, zone, members"
        f" FROM {topology.table(MEMBER_GROUP.name)} WHERE {state.committed()} ORDER BY group_id"
    )
    found = Groups()
    for own, dataset, number, *group in rows:
        if dataset == _DROPPED:
            found.drop(own, [number])
        else:
            found.keep(KeptGroup(own, dataset, number, Group(*group)))
    return found


def make(
    link: Link,
    topology: Topology,
    dataset: SnapshotDataset,
    kept: KeptGroup,
    members: Sequence[GroupMember],
    commit: int,
    seen: str,
) -> None:
    """Sum a group's members by the steps that are ``seen``, as part of a commit."""
    rows = pa.table(
        {
            schema.ORGANISATION: _same(kept.organisation_id, len(members)),
            "group_id": _same(kept.group.id, len(members)),
            "subject": pa.array([member.subject for member in members], pa.int64()),
            "posted_from": pa.array([member.posted_from for member in members], pa.int64()),
            "posted_until": pa.array([member.posted_until for member in members], pa.int64()),
            schema.COMMIT: _same(commit, len(members)),
        }
    )
    link.insert(topology.table(GROUP_MEMBER.name), rows)
    own = f"fact.{schema.ORGANISATION} = {kept.organisation_id} AND ({seen})"
    link.run(_insert(topology, dataset, [kept.group.id], kept.group.zone, own, commit))
    _say(link, topology, kept, commit)


def members_of(link: Link, topology: Topology, kept: KeptGroup) -> list[GroupMember]:
    """The members of a group that is kept."""
    rows = link.rows(
        f"SELECT subject, posted_from, posted_until FROM {topology.table(GROUP_MEMBER.name)}"
        f" WHERE {schema.ORGANISATION} = {kept.organisation_id} AND group_id = {kept.group.id}"
    )
    return [GroupMember(*row) for row in rows]


def add(link: Link, topology: Topology, dataset: SnapshotDataset, sums: Iterable[KeptGroup], commit: int) -> None:
    """Add to sets of sums what a commit has booked for their members."""
    zones: dict[str, list[KeptGroup]] = {}
    for one in sums:
        zones.setdefault(one.group.zone, []).append(one)
    for zone, some in sorted(zones.items()):
        link.run(_insert(topology, dataset, [one.group.id for one in some], zone, f"fact.commit_id = {commit}", commit))


def drop(link: Link, topology: Topology, organisation_id: int, numbers: Iterable[int], commit: int) -> None:
    """Say that groups are dropped, as part of a commit."""
    for number in numbers:
        _say(link, topology, KeptGroup(organisation_id, _DROPPED, number, Group(commit, "", "")), commit)


def _say(link: Link, topology: Topology, kept: KeptGroup, commit: int) -> None:
    link.insert_row(
        topology.table(MEMBER_GROUP.name),
        {
            schema.ORGANISATION: kept.organisation_id,
            "dataset": kept.dataset,
            "number": kept.number,
            "group_id": kept.group.id,
            "zone": kept.group.zone,
            "members": kept.group.members,
            schema.COMMIT: commit,
        },
    )


def forget(link: Link, topology: Topology, sums: Sequence[KeptGroup]) -> None:
    """Delete what says that there are these sets of sums."""
    _delete(link, topology, MEMBER_GROUP.name, [one.group.id for one in sums])


def delete_unnamed(link: Link, topology: Topology, datasets: Iterable[SnapshotDataset], state: State) -> None:
    """Delete the sums that nothing says are there, as of a state that is everybody's: of before what is under way."""
    _forget_dropped(link, topology, state)
    upto = state.upto
    named = f"SELECT group_id FROM {topology.table(MEMBER_GROUP.name)}"
    for table in (*(dataset.group_rollup for dataset in datasets if dataset.group_rollup), GROUP_MEMBER.name):
        unnamed = f"group_id <= {upto} AND group_id NOT IN ({named})"
        found = link.rows(f"SELECT DISTINCT group_id FROM {topology.table(table)} WHERE {unnamed}")
        _delete(link, topology, table, [group for (group,) in found])


def _forget_dropped(link: Link, topology: Topology, state: State) -> None:
    table = topology.table(MEMBER_GROUP.name)
    dropped = link.rows(
        f"SELECT {schema.ORGANISATION}, number, max(group_id) FROM {table}"
        f" WHERE dataset = '{_DROPPED}' AND {state.committed()} GROUP BY 1, 2"
    )
    for organisation_id, number, last in dropped:
        own = f"{schema.ORGANISATION} = {organisation_id} AND number = {number}"
        # What says that they are dropped goes last: until then nobody may take them for kept.
        for which in (f"group_id < {last}", f"group_id = {last}"):
            link.run(f"DELETE FROM {topology.local(MEMBER_GROUP.name)} WHERE {own} AND {which}")


def _delete(link: Link, topology: Topology, table: str, ids: Sequence[int]) -> None:
    if ids:
        link.run(f"DELETE FROM {topology.local(table)} WHERE group_id IN ({', '.join(map(str, ids))})")


def _same(value: int, times: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.int64()), times)


def _insert(
    topology: Topology, dataset: SnapshotDataset, ids: Sequence[int], zone: str, which: str, commit: int
) -> str:
    """Sum steps by group and day in ``zone``, over the members of the groups with these ids."""
    day = _DIALECT.local_day(f"fact.{dataset.time_column}", zone)
    measures = schema.step_measures(dataset)
    values = {name: _DIALECT.sum(value) for name, value in group_values(dataset).items()}
    some = " OR ".join(f"{value} <> 0" for value in values.values())
    named = ", ".join(map(str, ids))
    return (
        f"INSERT INTO {topology.table(dataset.group_rollup)}"
        f" (group_id, {schema.ORGANISATION}, {schema.DAY}, {', '.join(measures)}, {schema.COMMIT})"
        f" SELECT member.group_id, fact.{schema.ORGANISATION}, {day}, {', '.join(values.values())}, {commit}"
        f" FROM {topology.table(dataset.ledger)} AS fact INNER JOIN {topology.table(GROUP_MEMBER.name)} AS member"
        f" ON member.{schema.ORGANISATION} = fact.{schema.ORGANISATION} AND member.subject = fact.{dataset.subject}"
        f" WHERE member.group_id IN ({named}) AND {which}"
        f" GROUP BY member.group_id, fact.{schema.ORGANISATION}, {day} HAVING {some}"
    )
