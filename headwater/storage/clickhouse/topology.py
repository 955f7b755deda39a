"""What differs between one server and a cluster: engines, where tables lie, settings that keep replicas in step.

Statements name a table as if it were one. On a sharded cluster that name is a ``Distributed``
table and the rows lie in ``<table>_local`` on each shard; what changes rows in place (a dropped
partition, a delete) names the local table and runs ``ON CLUSTER``. Nothing here talks to a server.

>>> Topology("facts", cluster="main", sharded=True).local("ad_day")
'`facts`.`ad_day_local` ON CLUSTER `main`'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from headwater.storage.clickhouse.tables import Table, View

_REMEMBERED_BLOCKS = 1000


class Topology(msgspec.Struct, frozen=True):
    """Where the tables of ``database`` lie: on one server, replicated, or sharded over a cluster as well."""

    database: str
    cluster: str = ""
    replicated: bool = False
    sharded: bool = False

    def table(self, name: str) -> str:
        """The name by which rows are read and inserted; with its database, so that it means no part of a statement."""
        return f"{_quoted(self.database)}.{_quoted(name)}"

    def local(self, name: str) -> str:
        """The name, with the cluster, by which stored rows are changed in place."""
        return f"{self.table(self._stored(name))}{self._everywhere}"

    def create_database(self) -> str:
        """The statement that makes the database where there is none."""
        return f"CREATE DATABASE IF NOT EXISTS {_quoted(self.database)}{self._everywhere}"

    def create_table(self, table: Table) -> Iterator[str]:
        """The statements that make a table where there is none; each may be repeated."""
        columns = ", ".join(f"{name} {type_}" for name, type_ in table.columns)
        index = ", INDEX commits commit_id TYPE minmax GRANULARITY 1" if table.is_of_commits else ""
        parts = [
            f"CREATE TABLE IF NOT EXISTS {self.local(table.name)} ({columns}{index}) ENGINE = {self._engine(table)}",
            f"PARTITION BY {table.partition}" if table.partition else "",
            f"ORDER BY ({', '.join(table.order)})",
            f"TTL {table.ttl}" if table.ttl else "",
            f"SETTINGS {', '.join(f'{name} = {value}' for name, value in self._table_settings(table).items())}",
        ]
        yield " ".join(part for part in parts if part)
        yield from self._distribute(table)

    def add_column(self, table: Table, name: str, type_: str) -> Iterator[str]:
        """The statements that add a column where it is missing."""
        yield f"ALTER TABLE {self.local(table.name)} ADD COLUMN IF NOT EXISTS {name} {type_}"
        if self.sharded:
            yield f"ALTER TABLE {self.table(table.name)}{self._everywhere} ADD COLUMN IF NOT EXISTS {name} {type_}"

    def create_view(self, view: View) -> str:
        """The statement that makes a materialised view; rows stay on the shard where they are."""
        source, target = (self.table(self._stored(name)) for name in (view.source, view.target))
        select = view.select.format(source=source)
        return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {self.local(view.name)} TO {target} AS {select}"

    @property
    def write_settings(self) -> Mapping[str, str | int]:
        """A row that was inserted is on disk, on a majority of its replicas, and in place on every shard."""
        settings: dict[str, str | int] = {
            "async_insert": 0,
            "wait_for_async_insert": 1,
            "alter_sync": 2,
            "mutations_sync": 2,
            "lightweight_deletes_sync": 2,
            "input_format_null_as_default": 0,
            "deduplicate_blocks_in_dependent_materialized_views": 1,
            "materialized_views_ignore_errors": 0,
        }
        if self.replicated:
            settings |= {"insert_quorum": "auto", "insert_quorum_parallel": 0}
        if self.sharded:
            settings |= {"distributed_foreground_insert": 1}
        return {**settings, **self.read_settings}

    @property
    def read_settings(self) -> Mapping[str, str | int]:
        """What was acknowledged is read, from whichever replica; joins see all shards."""
        settings: dict[str, str | int] = {}
        if self.replicated:
            settings |= {"select_sequential_consistency": 1}
        if self.sharded:
            settings |= {"distributed_product_mode": "global", "prefer_global_in_and_join": 1}
        return settings

    def _stored(self, name: str) -> str:
        return f"{name}_local" if self.sharded else name

    @property
    def _everywhere(self) -> str:
        return f" ON CLUSTER {_quoted(self.cluster)}" if self.cluster else ""

    def _engine(self, table: Table) -> str:
        """Replicas find each other by the server's own ``default_replica_path``."""
        kind, given = table.engine
        return f"{'Replicated' if self.replicated else ''}{kind}({given})"

    def _table_settings(self, table: Table) -> Mapping[str, int]:
        settings = {"index_granularity": table.granularity, "allow_nullable_key": 1}
        # Replicas remember inserted blocks by themselves; a single server has to be told to.
        name = "replicated_deduplication_window" if self.replicated else "non_replicated_deduplication_window"
        return settings | {name: _REMEMBERED_BLOCKS}

    def _distribute(self, table: Table) -> Iterator[str]:
        if not self.sharded:
            return
        local = _quoted(self._stored(table.name))
        yield (
            f"CREATE TABLE IF NOT EXISTS {self.table(table.name)}{self._everywhere}"
            f" AS {self.table(self._stored(table.name))}"
            f" ENGINE = Distributed({_quoted(self.cluster)}, {_quoted(self.database)}, {local}, {table.shard})"
        )


def _quoted(name: str) -> str:
    return f"`{name}`"
