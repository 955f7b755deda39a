"""Daily sums of whole groups of entities (a campaign's videos), kept beside those of single ones.

A group's sums are made in one pass over the ledger, and from then on
every commit adds to them what it books for a member, in the same transaction: they
are never behind. A change of members makes a new set of sums. The one before it is
left until the next, for questions that were planned with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from headwater.catalogue.model import SnapshotDataset
from headwater.storage import schema
from headwater.storage.duckdb.dialect import DuckDBDialect
from headwater.storage.group_values import group_values
from headwater.storage.port import Group, GroupMember

_DIALECT = DuckDBDialect()


def load(connection: duckdb.DuckDBPyConnection) -> dict[int, dict[int, Group]]:
    """The groups that are kept, by organisation and number."""
    rows = connection.execute(
        "SELECT organisation_id, number, group_id, zone, members FROM member_group ORDER BY group_id"
    ).fetchall()
    found: dict[int, dict[int, Group]] = {}
    for organisation_id, number, group_id, zone, members in rows:
        found.setdefault(organisation_id, {})[number] = Group(group_id, zone, members)
    return found


def make(
    connection: duckdb.DuckDBPyConnection,
    dataset: SnapshotDataset,
    organisation_id: int,
    number: int,
    zone: str,
    members: Sequence[GroupMember],
    fingerprint: str,
) -> Group:
    """Sum a group within the open transaction; of its earlier sums only the last are left."""
    row = connection.execute("SELECT nextval('group_number')").fetchone()
    group = Group(row[0] if row else 0, zone, fingerprint)
    same = f"organisation_id = {organisation_id} AND number = {number}"
    drop(connection, dataset, f"{same} AND group_id < (SELECT max(group_id) FROM member_group WHERE {same})")
    connection.execute(
        "INSERT INTO member_group VALUES (?, ?, ?, ?, ?)", [organisation_id, number, group.id, zone, fingerprint]
    )
    _store_members(connection, organisation_id, group.id, members)
    _sum(connection, dataset, group.id, zone)
    return group


def sum_anew(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, organisation_id: int) -> None:
    """Sum the groups of an organisation again, since the ledger has been rewritten."""
    own = f"organisation_id = {organisation_id}"
    connection.execute(f"DELETE FROM {dataset.group_rollup} WHERE {own}")
    for group_id, zone in connection.execute(f"SELECT group_id, zone FROM member_group WHERE {own}").fetchall():
        _sum(connection, dataset, group_id, zone)


def _sum(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, group_id: int, zone: str) -> None:
    """From the ledger, since the daily sums may be of another zone."""
    _insert(connection, dataset, dataset.ledger, zone, f"member.group_id = {group_id}")


def drop(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, which: str) -> None:
    """Remove the groups that the condition ``which`` on ``member_group`` names, with their sums."""
    named = f"group_id IN (SELECT group_id FROM member_group WHERE {which})"
    connection.execute(f"DELETE FROM {dataset.group_rollup} WHERE {named}")
    connection.execute(f"DELETE FROM group_member WHERE {named}")
    connection.execute(f"DELETE FROM member_group WHERE {which}")


def add(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, booked: str) -> None:
    """Add to every group what a commit booked for its members, as ``steps`` has it in the table ``booked``."""
    for (zone,) in connection.execute("SELECT DISTINCT zone FROM member_group").fetchall():
        own = f"member.group_id IN (SELECT group_id FROM member_group WHERE zone = '{zone}')"
        _insert(connection, dataset, booked, zone, own)


def _store_members(
    connection: duckdb.DuckDBPyConnection, organisation_id: int, group_id: int, members: Sequence[GroupMember]
) -> None:
    joining = pa.table(
        {
            "subject": pa.array([member.subject for member in members], pa.int64()),
            "posted_from": pa.array([member.posted_from for member in members], pa.int64()),
            "posted_until": pa.array([member.posted_until for member in members], pa.int64()),
        }
    )
    connection.register("joining", joining)
    try:
        connection.execute(
            f"INSERT INTO group_member SELECT {organisation_id}, {group_id}, subject, posted_from, posted_until"
            " FROM joining"
        )
    finally:
        connection.unregister("joining")


def _insert(connection: duckdb.DuckDBPyConnection, dataset: SnapshotDataset, rows: str, zone: str, own: str) -> None:
    """Sum rows of the ledger by group and day in ``zone``, over the members that the condition ``own`` names."""
    day = _DIALECT.local_day(f"fact.{dataset.time_column}", zone)
    sums = [f"{_DIALECT.sum(value)} AS {name}" for name, value in group_values(dataset).items()]
    some = " OR ".join(f"{measure} <> 0" for measure in schema.step_measures(dataset))
    connection.execute(
        f"INSERT INTO {dataset.group_rollup} SELECT member.group_id, fact.organisation_id, {day} AS {schema.DAY},"
        f" {', '.join(sums)} FROM {rows} AS fact INNER JOIN group_member AS member"
        f" ON member.organisation_id = fact.organisation_id AND member.subject = fact.{dataset.subject}"
        f" WHERE {own} GROUP BY 1, 2, 3 HAVING {some} ORDER BY 1, 2, 3"
    )
