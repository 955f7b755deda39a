"""DuckDB as a fact store: one writer thread, a few reading cursors, merging in the background.

Durability: ``append`` returns after DuckDB has committed and flushed its
write-ahead log; opening the file after a crash replays it. Reads run on cursors
of their own and see whole commits only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import duckdb
import structlog

from headwater.catalogue.model import Dataset
from headwater.errors import StoreInUse, Timeout, Unavailable
from headwater.kit.clock import Clock, system_clock
from headwater.scope import Scope
from headwater.storage.duckdb import append as appending
from headwater.storage.duckdb import rollups
from headwater.storage.duckdb.dialect import DuckDBDialect
from headwater.storage.duckdb.migrations import migrate
from headwater.storage.port import Appended, FactBatch, RememberedAppend, Row, Statement, StoreHealth

_READERS = 4
_REWRITE = 4
_QUIET_SECONDS = 10
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
        clock: Clock = system_clock,
    ) -> None:
        self.dialect = DuckDBDialect()
        self._path = path
        self._catalogue = catalogue
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_bytes}B",
            "threads": threads,
            "checkpoint_threshold": "64MB",
        }
        self._timeout = timeout
        self._compact_after = compact_after
        self._clock = clock
        self._fresh: dict[str, int] = {}
        self._largest: dict[str, int] = {}
        self._quiet: asyncio.TimerHandle | None = None
        self._compacting: asyncio.Task[None] | None = None
        self._one_compaction = asyncio.Lock()

    async def start(self) -> None:
        """Open the file, migrate it, and drop what an interrupted merge left."""
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
        try:
            self._root = duckdb.connect(str(self._path) if self._path else ":memory:", config=self._config)
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise StoreInUse(
                    f"{self._path} is in use by another process. Stop it, or send the request to that server."
                ) from None
            raise
        self._root.execute("SET TimeZone = 'UTC'")
        self._root.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        migrate(self._root)
        for dataset in self._catalogue.values():
            rollups.drop_unfinished(self._root, dataset)
            self._fresh[dataset.name] = rollups.fresh_count(self._root, dataset)
            self._largest[dataset.name] = rollups.largest(self._root, dataset)

    async def stop(self) -> None:
        """Let the merge under way end, then close."""
        if self._quiet:
            self._quiet.cancel()
        if self._compacting:
            await asyncio.wait([self._compacting])
        for _ in range(_READERS):
            (await self._cursors.get()).close()
        self._merger.close()
        await self._write(self._root.close)
        for pool in (self._reading, self._merging, self._writing):
            pool.shutdown()

    async def fetch(self, statement: Statement) -> list[Row]:
        """Run on a free cursor; the timer interrupts the engine, not only the waiting."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
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
            return cursor.execute(statement.sql, statement.args).fetchall()
        except duckdb.InterruptException:
            raise Timeout(
                f"The query ran longer than {self._timeout:g} s and was stopped."
                " Ask for a shorter window, fewer ids or a coarser granularity."
            ) from None

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """One transaction on the writer thread."""
        appended, fresh = await self._write(self._append, batches)
        for name, count in fresh.items():
            self._fresh[name] = self._fresh.get(name, 0) + count
        self._compact_if_due()
        return appended

    def _append(self, batches: Sequence[FactBatch]) -> tuple[list[Appended], dict[str, int]]:
        appended: list[Appended] = []
        fresh: dict[str, int] = {}
        self._root.begin()
        try:
            for name, group in groupby(batches, key=lambda batch: batch.dataset):
                done, added = appending.append(self._root, self._catalogue[name], list(group), self._clock())
                appended += done
                fresh[name] = fresh.get(name, 0) + added
            self._root.commit()
        except BaseException:
            with suppress(duckdb.Error):
                self._root.rollback()
            raise
        return appended, fresh

    async def remembered(self, scope: Scope, key_hash: str) -> RememberedAppend | None:
        """Looked up on the writer, behind any commit that may hold the key."""
        return await self._write(self._remembered, scope.organisation_id, key_hash)

    def _remembered(self, organisation_id: int, key_hash: str) -> RememberedAppend | None:
        since = self._clock().replace(tzinfo=None) - timedelta(hours=24)
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
        async with self._one_compaction:
            for dataset in self._catalogue.values():
                if self._fresh.get(dataset.name):
                    self._fresh[dataset.name] = await self._merge(dataset)
            await self._write(self._checkpoint)

    async def _merge(self, dataset: Dataset) -> int:
        merging = partial(rollups.merge, self._merger, dataset)
        upto = await asyncio.get_running_loop().run_in_executor(self._merging, merging)
        return await self._write(self._swap, dataset, upto)

    def _swap(self, dataset: Dataset, upto: int) -> int:
        rollups.swap(self._root, dataset, upto)
        self._largest[dataset.name] = rollups.largest(self._root, dataset)
        return rollups.fresh_count(self._root, dataset)

    def _checkpoint(self) -> None:
        # Refused while a reader holds an older snapshot; the next one will do it.
        with suppress(duckdb.TransactionException):
            self._root.execute("CHECKPOINT")

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
