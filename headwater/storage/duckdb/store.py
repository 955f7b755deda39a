"""DuckDB as a fact store: one writer thread, a few reading cursors, merging in the background.

Durability: ``append`` returns after DuckDB has committed and flushed its
write-ahead log; opening the file after a crash replays it. Reads run on cursors
of their own and see whole commits only, all that were answered before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import duckdb
import structlog

from headwater.catalogue.model import Dataset, SnapshotDataset
from headwater.errors import Timeout, Unavailable
from headwater.kit import tracing
from headwater.kit.clock import Clock, system_clock
from headwater.scope import Scope
from headwater.storage.duckdb import append as appending
from headwater.storage.duckdb import groups, pruning, steps
from headwater.storage.duckdb.dialect import DuckDBDialect
from headwater.storage.duckdb.keeping import Keeper, keeper
from headwater.storage.duckdb.migrations import migrate
from headwater.storage.duckdb.opening import open_file
from headwater.storage.duckdb.parsed import TEXTS
from headwater.storage.duckdb.seen import SeenKeys
from headwater.storage.duckdb.waiting import Waiting
from headwater.storage.port import (
    KEY_LIFE,
    Appended,
    FactBatch,
    Group,
    GroupMember,
    RememberedAppend,
    Row,
    Statement,
    StoreHealth,
)

_READERS = 4
_REWRITE = 4
_FILTER_SHARE = 4
_QUIET_SECONDS = 10
_SETTLE_SECONDS = 1
_BETWEEN_INTERRUPTS = 0.05
_T = TypeVar("_T")
log = structlog.get_logger(__name__)


class DuckDBStore:
    """See ``storage.port.Store``; ``path`` None keeps everything in memory."""

    def __init__(
        self,
        path: Path | None,
        catalogue: Mapping[str, Dataset],
        *,
        memory_bytes: int = 1 << 30,
        threads: int = 2,
        timeout: float = 30.0,
        compact_after: int = 200_000,
        cover_after: int = 500_000,
        clock: Clock = system_clock,
    ) -> None:
        self.dialect = DuckDBDialect()
        self._path = path
        self._catalogue = catalogue
        self._keepers = {name: keeper(dataset) for name, dataset in catalogue.items()}
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_bytes}B",
            "threads": threads,
            "checkpoint_threshold": "64MB",
        }
        self._timeout = timeout
        self._compact_after = compact_after
        self._clock = clock
        self._seen = SeenKeys(memory_bytes // _FILTER_SHARE, cover_after)
        self._covering: asyncio.Future[None] | None = None
        self._waiting = Waiting()
        self._settling: asyncio.TimerHandle | None = None
        self._fresh: dict[str, int] = {}
        self._largest: dict[str, int] = {}
        self._zones: dict[int, str] = {}
        self._groups: dict[int, dict[int, Group]] = {}
        self._quiet: asyncio.TimerHandle | None = None
        self._compacting: asyncio.Task[None] | None = None
        self._one_compaction = asyncio.Lock()

    async def start(self) -> None:
        """Open the file, migrate it, and clear up behind a process that was killed."""
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="facts-write")
        self._merging = ThreadPoolExecutor(1, thread_name_prefix="facts-merge")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="facts-read")
        await self._write(self._open)
        self._cursors: asyncio.Queue[duckdb.DuckDBPyConnection] = asyncio.Queue()
        # Made here and kept: a connection that is busy writing makes no cursors.
        self._merger = self._root.cursor()
        for _ in range(_READERS):
            self._cursors.put_nowait(self._root.cursor())

    def _open(self) -> None:
        self._root = open_file(self._path, self._config)
        self._root.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        migrate(self._root)
        for name, kept in self._keepers.items():
            kept.recover(self._root)
            self._fresh[name] = kept.fresh_count(self._root)
            self._largest[name] = kept.largest(self._root)
        self._seen.open(self._root)
        self._zones = dict(self._root.execute("SELECT organisation_id, zone FROM day_zone").fetchall())
        self._groups = groups.load(self._root)

    async def stop(self) -> None:
        """Let the merge under way end, add what waits, then close."""
        for timer in (self._quiet, self._settling):
            if timer:
                timer.cancel()
        for task in (self._compacting, self._covering):
            if task:
                await asyncio.wait([task])
        for _ in range(_READERS):
            (await self._cursors.get()).close()
        self._merger.close()
        await self._write(self._settle_quietly)
        await self._write(self._root.close)
        for pool in (self._reading, self._merging, self._writing):
            pool.shutdown()

    async def fetch(self, statement: Statement) -> list[Row]:
        """Run on a free cursor; the timer interrupts the engine, not only the waiting."""
        with tracing.span("store fetch", kind="client", database="duckdb", purpose=statement.purpose) as span:
            rows = await self._fetch(statement)
            span.set(rows=len(rows))
        return rows

    async def _fetch(self, statement: Statement) -> list[Row]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                if self._waiting.wanted_by(statement.sql):
                    await self._write(self._settle)
                cursor = await self._cursors.get()
        except TimeoutError:
            raise Unavailable("The server is busy with other queries. Try again.", retry_after=1) from None
        running = loop.run_in_executor(self._reading, self._run, cursor, statement)
        timer = loop.call_later(self._timeout, cursor.interrupt)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # An interrupt that comes before the engine has begun is lost, so it is repeated until the end.
            while not running.done():
                cursor.interrupt()
                await asyncio.wait([running], timeout=_BETWEEN_INTERRUPTS)
            running.exception()
            raise
        finally:
            timer.cancel()
            self._cursors.put_nowait(cursor)

    def _run(self, cursor: duckdb.DuckDBPyConnection, statement: Statement) -> list[Row]:
        try:
            return cursor.execute(TEXTS.read(cursor, statement.sql), statement.args).fetchall()
        except duckdb.InterruptException:
            raise Timeout(
                f"The query ran longer than {self._timeout:g} s and was stopped."
                " Ask for a shorter window, fewer ids or a coarser granularity."
            ) from None

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """One transaction on the writer thread; daily sums of a few rows follow when they are asked for, or soon."""
        with tracing.span("store append", kind="client", database="duckdb", batches=len(batches)):
            appended = await self._write(self._append, batches)
        if self._waiting and self._settling is None:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_later(_SETTLE_SECONDS, self._settle_in_background)
        self._compact_if_due()
        self._cover_if_due()
        return appended

    def _append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        stored = self._whole(self._store, batches)
        for name, done in stored:
            self._count_fresh(name, done.fresh)
            self._waiting.keep(done.unsummed)
        return [one for _, done in stored for one in done.appended]

    def _store(self, batches: Sequence[FactBatch]) -> list[tuple[str, appending.Stored]]:
        return [
            (name, appending.append(self._root, self._catalogue[name], list(group), self._seen, self._clock()))
            for name, group in groupby(batches, key=lambda batch: batch.dataset)
        ]

    def _settle_in_background(self) -> None:
        self._settling = None
        asyncio.get_running_loop().run_in_executor(self._writing, self._settle_quietly)

    def _settle_quietly(self) -> None:
        try:
            self._settle()
        except duckdb.Error:
            log.exception("rollups.settle_failed")

    def _settle(self) -> None:
        """Add the sums that wait; on the writer, so that those of every commit before are among them."""
        if self._waiting:
            for name, fresh in self._whole(self._waiting.add, self._root).items():
                self._count_fresh(name, fresh)
            self._waiting.clear()

    def _count_fresh(self, name: str, fresh: int) -> None:
        self._fresh[name] = self._fresh.get(name, 0) + fresh

    async def remembered(self, scope: Scope, key_hash: str) -> RememberedAppend | None:
        """Looked up on the writer, behind any commit that may hold the key."""
        return await self._write(self._remembered, scope.organisation_id, key_hash)

    def _remembered(self, organisation_id: int, key_hash: str) -> RememberedAppend | None:
        since = self._clock().replace(tzinfo=None) - KEY_LIFE
        row = self._root.execute(
            "SELECT fingerprint, accepted, duplicates, note FROM append_key"
            " WHERE organisation_id = ? AND key_hash = ? AND kept_at >= ?",
            [organisation_id, key_hash, since],
        ).fetchone()
        return RememberedAppend(row[0], Appended(row[1], row[2]), row[3]) if row else None

    def has_fresh(self, dataset: str) -> bool:
        """Whether some commits are not in the rollups yet."""
        return bool(self._fresh.get(dataset))

    def _compact_if_due(self) -> None:
        """Merge when it pays: a merge rewrites the rollups, so beside large ones more fresh rows are let wait.

        Once nothing has come in for a while, what would be worth a merge of small rollups is merged all the same.
        """
        if self._quiet:
            self._quiet.cancel()
            self._quiet = None
        waiting = max(self._fresh.values(), default=0)
        if waiting >= max(self._compact_after, max(self._largest.values(), default=0) // _REWRITE):
            self._compact_in_background()
        elif waiting >= self._compact_after:
            self._quiet = asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._compact_in_background)

    def _cover_if_due(self) -> None:
        """Let the filter of seen keys take in those of the last commits, once they are many."""
        if self._seen.due and (self._covering is None or self._covering.done()):
            loop = asyncio.get_running_loop()
            self._covering = loop.run_in_executor(self._merging, self._seen.cover, self._merger)

    def _compact_in_background(self) -> None:
        if self._compacting is None or self._compacting.done():
            self._compacting = asyncio.create_task(self._compact_quietly())

    async def _compact_quietly(self) -> None:
        try:
            await self.compact()
        except duckdb.Error:
            log.exception("rollups.compact_failed")

    async def compact(self) -> None:
        """Merge the fresh sums into the rollups; ingest and reads go on meanwhile."""
        with tracing.span("store merge", kind="client", database="duckdb"):
            await self._compact()

    async def _compact(self) -> None:
        async with self._one_compaction:
            await self._write(self._settle)
            for name, kept in self._keepers.items():
                if self._fresh.get(name):
                    upto = await asyncio.get_running_loop().run_in_executor(self._merging, kept.merge, self._merger)
                    await self._write(self._swap, name, kept, upto)
            await self._write(self._checkpoint)

    def _swap(self, name: str, kept: Keeper, upto: int) -> None:
        kept.swap(self._root, upto)
        self._largest[name] = kept.largest(self._root)
        self._fresh[name] = kept.fresh_count(self._root)

    def zone(self, organisation_id: int) -> str:
        """The zone that this organisation's daily sums are kept in."""
        return self._zones.get(organisation_id, "UTC")

    def groups(self, organisation_id: int) -> Mapping[int, Group]:
        """The last sums kept of each group."""
        return self._groups.get(organisation_id, {})

    async def keep_group(
        self, dataset: str, organisation_id: int, number: int, members: Sequence[GroupMember], fingerprint: str
    ) -> None:
        """Not while a merge is under way, whose swap would take daily sums away from under it."""
        kept = self._catalogue[dataset]
        if not isinstance(kept, SnapshotDataset):
            raise TypeError(f"{dataset} has no groups.")
        zone = self.zone(organisation_id)
        async with self._one_compaction:
            group = await self._commit(
                groups.make, self._root, kept, organisation_id, number, zone, members, fingerprint
            )
        self._groups.setdefault(organisation_id, {})[number] = group

    async def drop_groups(self, organisation_id: int, numbers: Sequence[int]) -> None:
        """Questions stop using them before they go."""
        for number in numbers:
            self._groups.get(organisation_id, {}).pop(number, None)
        which = f"organisation_id = {organisation_id} AND number IN ({', '.join(map(str, numbers))})"
        for dataset in self._catalogue.values():
            if numbers and isinstance(dataset, SnapshotDataset) and dataset.group_rollup:
                await self._commit(groups.drop, self._root, dataset, which)

    async def prune(self, organisation_id: int, before: datetime) -> int:
        """All datasets in one transaction."""
        async with self._one_compaction:
            return await self._commit(self._prune, organisation_id, before)

    def _prune(self, organisation_id: int, before: datetime) -> int:
        zone = self.zone(organisation_id)
        return sum(
            pruning.prune(self._root, dataset, organisation_id, before, zone)
            for dataset in self._catalogue.values()
            if isinstance(dataset, SnapshotDataset)
        )

    async def rezone(self, organisation_id: int, zone: str) -> None:
        """Not while a merge is under way, which sums days in the zone that it found."""
        async with self._one_compaction:
            await self._commit(self._rezone, organisation_id, zone)
            self._zones[organisation_id] = zone

    def _rezone(self, organisation_id: int, zone: str) -> None:
        self._root.execute("DELETE FROM day_zone WHERE organisation_id = ?", [organisation_id])
        self._root.execute("INSERT INTO day_zone VALUES (?, ?)", [organisation_id, zone])
        for dataset in self._catalogue.values():
            if isinstance(dataset, SnapshotDataset):
                steps.rezone(self._root, dataset, organisation_id, zone)

    async def _commit(self, work: Callable[..., _T], *args: object) -> _T:
        return await self._write(self._whole, work, *args)

    def _whole(self, work: Callable[..., _T], *args: object) -> _T:
        """Do ``work``, all of it or nothing."""
        self._root.begin()
        try:
            done = work(*args)
            self._root.commit()
        except BaseException:
            with suppress(duckdb.Error):
                self._root.rollback()
            raise
        return done

    def _checkpoint(self) -> None:
        # Refused while a reader holds an older snapshot; the next one will do it.
        with suppress(duckdb.TransactionException):
            self._root.execute("CHECKPOINT")

    async def refresh(self) -> None:
        """Nobody else writes while this process has the file."""

    async def health(self) -> StoreHealth:
        """Answers when a cursor does within a second."""
        try:
            async with asyncio.timeout(1):
                cursor = await self._cursors.get()
        except TimeoutError:
            return StoreHealth(responsive=False, fresh_rows=sum(self._fresh.values()))
        try:
            cursor.execute("SELECT 1").fetchone()
            return StoreHealth(responsive=True, fresh_rows=sum(self._fresh.values()))
        except duckdb.Error:
            return StoreHealth(responsive=False, fresh_rows=sum(self._fresh.values()))
        finally:
            self._cursors.put_nowait(cursor)

    async def _write(self, work: Callable[..., _T], *args: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, partial(work, *args))
