"""ClickHouse as a fact store: one writer, a few reading links, merging in the background.

Durability: ``append`` returns once the server has stored the state row that makes the commit visible,
behind all of its facts. Reads run as of one state and see whole commits only. Other processes may
write to the same database: each looks for later claims (``journal``) and follows the others' states.
``turns``, where there is such a thing, keeps them from being in each other's way; nothing relies on it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from headwater.catalogue.model import Dataset, SnapshotDataset
from headwater.errors import HeadwaterError, Timeout, Unavailable
from headwater.kit import tracing
from headwater.kit.clock import Clock, system_clock
from headwater.scope import Scope
from headwater.settings import SettingsError
from headwater.storage.clickhouse import sums
from headwater.storage.clickhouse.dialect import ClickHouseDialect
from headwater.storage.clickhouse.journal import Overtaken, State
from headwater.storage.clickhouse.link import Failed, Link, Stopped, first_line
from headwater.storage.clickhouse.migrations import migrate
from headwater.storage.clickhouse.server import Server
from headwater.storage.clickhouse.sight import Marks, Sight
from headwater.storage.clickhouse.upkeep import Upkeep
from headwater.storage.clickhouse.writing import Writer
from headwater.storage.port import (
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
_FOLLOW_SECONDS = 1.0
_HEALTH_SECONDS = 1.0
_TRIES = 5
_PAUSE_SECONDS = 0.05
_MOST_SEGMENTS = 32
_BETWEEN_KILLS = 0.05
_COMMITTING, _MERGING = ("facts commit", timedelta(seconds=10)), ("facts merge", timedelta(minutes=2))
"""What is done in turns, and after how long another may have its turn though it was not said that one is over."""
_T = TypeVar("_T")
_P = ParamSpec("_P")
Turns = Callable[[str, timedelta], AbstractAsyncContextManager[object]]
"""Lets one process at a time do what is named, for so long; may let in several when it has to."""
log = structlog.get_logger(__name__)


class ClickHouseStore:
    """See ``storage.port.Store``; ``server`` opens links to where the facts lie."""

    def __init__(
        self,
        server: Server,
        catalogue: Mapping[str, Dataset],
        *,
        timeout: float = 30.0,
        compact_after: int = 200_000,
        clock: Clock = system_clock,
        turns: Turns | None = None,
    ) -> None:
        self.dialect = ClickHouseDialect()
        self._server = server
        self._topology = server.topology
        self._catalogue = catalogue
        self._timeout = timeout
        self._compact_after = compact_after
        self._clock = clock
        self._turns = turns
        self._sight = Sight(catalogue, server.topology)
        self._sweep_at = 0.0
        self._earlier: tuple[State, Marks] | None = None
        self._compacting: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._is_merging = False
        self._one_compaction = asyncio.Lock()

    async def start(self) -> None:
        """Connect, make what tables are missing, and become the writer."""
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="facts-write")
        self._merging = ThreadPoolExecutor(1, thread_name_prefix="facts-merge")
        self._reading = ThreadPoolExecutor(_READERS + 1, thread_name_prefix="facts-read")
        self._killing = ThreadPoolExecutor(1, thread_name_prefix="facts-kill")
        try:
            await self._write(self._open)
        except BaseException as error:
            self._end_threads()
            if isinstance(error, Failed):
                raise SettingsError(f"Settings: facts_url: the server cannot be used: {first_line(error)}") from None
            raise
        self._links: asyncio.Queue[Link] = asyncio.Queue()
        for link in self._readers:
            self._links.put_nowait(link)
        self._sweep_at = asyncio.get_running_loop().time() + sums.LEFT_SECONDS
        self._following = asyncio.create_task(self._follow())

    def _open(self) -> None:
        self._server.make_database()
        with ExitStack() as opened:

            def link(*, writes: bool) -> Link:
                made = self._server.link(writes=writes)
                opened.callback(made.close)
                return made

            writer, self._merger, self._killer = (link(writes=True) for _ in range(3))
            self._readers = [link(writes=False) for _ in range(_READERS)]
            migrate(writer, self._topology, self._catalogue)
            gives_way = self._turns is not None
            self._writer = Writer(writer, self._topology, self._catalogue, self._clock, gives_way=gives_way)
            self._writer.open()
            self._upkeep = Upkeep(self._writer)
            opened.pop_all()

    async def stop(self) -> None:
        """Let the merge under way end, then close; one that waits for its turn is left to others."""
        if self._following:
            self._following.cancel()
        if self._compacting and not self._is_merging:
            self._compacting.cancel()
        tasks = [task for task in (self._compacting, self._following) if task]
        if tasks:
            await asyncio.wait(tasks)
        for _ in range(_READERS):
            await self._links.get()
        try:
            await self._write(self._close)
        finally:
            self._end_threads()

    def _close(self) -> None:
        for link in (*self._readers, self._merger, self._killer):
            link.close()
        try:
            self._writer.close()
        except (Failed, HeadwaterError):
            # The next process then leaves a gap behind the last commit, and nothing else.
            log.warning("facts.not_closed")

    def _end_threads(self) -> None:
        for pool in (self._reading, self._killing, self._merging, self._writing):
            pool.shutdown()

    async def fetch(self, statement: Statement) -> list[Row]:
        """Run on a free link; the engine stops by itself after the time limit, and when the asker goes away."""
        with tracing.span("store fetch", kind="client", database="clickhouse", purpose=statement.purpose) as span:
            rows = await self._fetch(statement)
            span.set(rows=len(rows))
        return rows

    async def _fetch(self, statement: Statement) -> list[Row]:
        try:
            async with asyncio.timeout(self._timeout):
                link = await self._links.get()
        except TimeoutError:
            raise Unavailable("The server is busy with other queries. Try again.", retry_after=1) from None
        mark = secrets.token_hex(8)
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._reading, self._run, link, statement, mark)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # What has not begun yet cannot be stopped, so it is told again until the end.
            while not running.done():
                await loop.run_in_executor(self._killing, self._kill, mark)
                await asyncio.wait([running], timeout=_BETWEEN_KILLS)
            running.exception()
            raise
        finally:
            self._links.put_nowait(link)

    def _run(self, link: Link, statement: Statement, mark: str) -> list[Row]:
        state, marks = self._writer.seen
        sql = self._sight.of(statement.sql, state, statement.scope.organisation_id, marks)
        settings: dict[str, str | float] = {
            "max_execution_time": self._timeout,
            "log_comment": f"{statement.purpose} {mark}",
        }
        try:
            return link.rows(sql, statement.args, settings)
        except Stopped:
            raise Timeout(
                f"The query ran longer than {self._timeout:g} s and was stopped."
                " Ask for a shorter window, fewer ids or a coarser granularity."
            ) from None

    def _kill(self, mark: str) -> None:
        """Stop a statement by its mark, wherever it runs; where that cannot be done it ends by its time limit."""
        everywhere = f" ON CLUSTER `{self._topology.cluster}`" if self._topology.cluster else ""
        try:
            self._killer.run(f"KILL QUERY{everywhere} WHERE endsWith(Settings['log_comment'], '{mark}') ASYNC")
        except (Failed, HeadwaterError):
            log.warning("facts.not_killed", exc_info=True)

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """One commit on the writer thread."""
        with tracing.span("store append", kind="client", database="clickhouse", batches=len(batches)):
            appended = await self._write_in_turn(self._writer.append, batches)
        self._compact_if_due()
        return appended

    async def on_writer(self, work: Callable[Concatenate[Writer, _P], _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """Do something with the writer, as of what is committed now."""

        def refreshed() -> _T:
            self._writer.refresh()
            return work(self._writer, *args, **more)

        return await self._write_in_turn(refreshed)

    async def remembered(self, scope: Scope, key_hash: str) -> RememberedAppend | None:
        """Looked up on the writer, behind any commit that may hold the key."""
        return await self._write(self._writer.remembered, scope.organisation_id, key_hash)

    def has_fresh(self, dataset: str) -> bool:
        """Whether some commits are not in the segments yet."""
        return bool(self._writer.seen[0].fresh.get(dataset))

    async def refresh(self) -> None:
        """Take over what other processes have written."""
        try:
            await self._write(self._writer.refresh)
        except Failed as error:
            raise Unavailable("The facts cannot be read just now.", retry_after=1) from error

    async def _follow(self) -> None:
        """The same, a second after."""
        while True:
            await asyncio.sleep(_FOLLOW_SECONDS)
            try:
                await self.refresh()
            except HeadwaterError:
                log.warning("facts.not_followed")
            except Exception:
                # Whatever it is: without this, nothing that others write would ever be seen again.
                log.exception("facts.not_followed")

    def _compact_if_due(self) -> None:
        if self._is_due() and (self._compacting is None or self._compacting.done()):
            self._compacting = asyncio.create_task(self._compact_quietly())

    def _is_due(self) -> bool:
        state = self._writer.seen[0]
        waiting = max(state.fresh.values(), default=0)
        return waiting >= self._compact_after or len(state.segments) > _MOST_SEGMENTS * len(self._catalogue)

    async def _compact_quietly(self) -> None:
        try:
            async with self._one_compaction, self._turn(_MERGING):
                # It was due to all processes at once, and another may have had its turn.
                await self.refresh()
                if self._is_due():
                    self._is_merging = True
                    await self._merge()
        except (Failed, HeadwaterError):
            log.exception("rollups.compact_failed")
        finally:
            self._is_merging = False

    async def compact(self) -> None:
        """Merge the fresh sums into segments; ingest and reads go on meanwhile."""
        async with self._one_compaction, self._turn(_MERGING):
            await self._merge()

    async def _merge(self) -> None:
        loop = asyncio.get_running_loop()
        with tracing.span("store merge", kind="client", database="clickhouse"):
            if loop.time() >= self._sweep_at:
                await self.refresh()
                await loop.run_in_executor(self._merging, self._sweep)
                self._sweep_at = loop.time() + sums.LEFT_SECONDS
            for name, dataset in self._catalogue.items():
                if self.has_fresh(name):
                    segment = await self._write_in_turn(self._writer.number)
                    merge = partial(sums.merge, self._merger, self._topology, dataset)
                    state, marks = self._writer.seen
                    made = await loop.run_in_executor(self._merging, merge, state, marks, segment)
                    await self._write_in_turn(self._writer.switch, dataset, made)

    def _sweep(self) -> None:
        """Delete what nobody has read since the last time, when the state was one that no question has any more."""
        now = self._writer.seen
        if self._earlier is not None:
            state, marks = self._earlier
            for dataset in self._catalogue.values():
                sums.sweep(self._merger, self._topology, dataset, state, now[0])
            self._upkeep.delete_replaced(self._merger, marks)
            self._upkeep.delete_unnamed(self._merger, state)
        self._earlier = now

    def zone(self, organisation_id: int) -> str:
        """The zone that this organisation's daily sums are kept in."""
        return self._upkeep.zone(organisation_id)

    def groups(self, organisation_id: int) -> Mapping[int, Group]:
        """The last sums kept of each group."""
        return self._writer.groups.of(organisation_id)

    async def keep_group(
        self, dataset: str, organisation_id: int, number: int, members: Sequence[GroupMember], fingerprint: str
    ) -> None:
        """A commit, in which the group's sums are made of all commits before it."""
        kept = self._catalogue[dataset]
        if not isinstance(kept, SnapshotDataset):
            raise TypeError(f"{dataset} has no groups.")
        async with self._one_compaction:
            await self._write_in_turn(self._upkeep.keep_group, kept, organisation_id, number, members, fingerprint)

    async def drop_groups(self, organisation_id: int, numbers: Sequence[int]) -> None:
        """Questions stop using them before they go."""
        await self._write_in_turn(self._upkeep.drop_groups, organisation_id, numbers)

    async def prune(self, organisation_id: int, before: datetime) -> int:
        """All datasets in one commit."""
        async with self._one_compaction:
            return await self._write_in_turn(self._upkeep.prune, organisation_id, before)

    async def rezone(self, organisation_id: int, zone: str) -> None:
        """A commit that sums the organisation's days in another zone."""
        async with self._one_compaction:
            await self._write_in_turn(self._upkeep.rezone, organisation_id, zone)

    async def health(self) -> StoreHealth:
        """Answers when a link does within a second."""
        fresh = sum(self._writer.seen[0].fresh.values())
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                link = await self._links.get()
                asked = asyncio.get_running_loop().run_in_executor(self._reading, link.rows, "SELECT 1")
                # A link comes back when its statement has ended, however long one waits for it here.
                asked.add_done_callback(lambda _: self._links.put_nowait(link))
                await asyncio.shield(asked)
        except (TimeoutError, Failed, HeadwaterError):
            return StoreHealth(responsive=False, fresh_rows=fresh)
        return StoreHealth(responsive=True, fresh_rows=fresh)

    async def _write_in_turn(self, work: Callable[..., _T], *args: object) -> _T:
        """Do what other processes may do at the same time; who was overtaken does it again."""
        for left in reversed(range(_TRIES)):
            try:
                async with self._turn(_COMMITTING):
                    return await self._write(work, *args)
            except Overtaken:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS * (1 + secrets.randbelow(4)))
        raise AssertionError

    def _turn(self, turn: tuple[str, timedelta]) -> AbstractAsyncContextManager[object]:
        return self._turns(*turn) if self._turns else nullcontext()

    async def _write(self, work: Callable[..., _T], *args: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, partial(work, *args))
