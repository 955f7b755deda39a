"""What the store at scale promises beyond the port: half a commit is never seen, by nobody, whatever fails and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE
from headwater.errors import Timeout
from headwater.storage import schema
from headwater.storage.clickhouse import sums
from headwater.storage.clickhouse.link import Failed, Link
from headwater.storage.clickhouse.migrations import migrate
from headwater.storage.clickhouse.server import Server
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.clickhouse.tables import tables, views
from headwater.storage.port import Appended, AppendKey, FactBatch, Statement
from tests.clickhouse import drop, new_server, opened_clickhouse
from tests.series.test_pruning import LIMIT, answers, filled
from tests.series.world import ELSEWHERE, engine, read
from tests.series.world import views as video_views

from .facts import Event, append, batch, scope, total

pytestmark = pytest.mark.scaled
KEY = AppendKey("hash", "fingerprint", b"note")
EVENTS = [Event(session_id="s1"), Event(record_id="r1", creative_id=2), Event(session_id="s1")]


@pytest.fixture
def server() -> Iterator[Server]:
    server = new_server()
    yield server
    drop(server)


class Killed(ClickHouseStore):
    """A store whose process ends without a word."""

    def _close(self) -> None:
        for link in (*self._readers, self._merger, self._killer, self._writer.link):
            link.close()


class Breaking:
    """Lets a link do so many things, and no more; ``heard``: the last one is done, unanswered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 1 << 30
        self.done = 0
        self.heard = False
        for name in ("run", "insert", "insert_row", "rows"):
            monkeypatch.setattr(Link, name, self._counted(getattr(Link, name)))

    def _counted(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def counted(link: Link, *args: Any) -> Any:
            if self.left <= 0:
                if self.heard and self.left == 0:
                    self.left = -1
                    do(link, *args)
                raise Failed("broken off")
            self.left -= 1
            self.done += 1
            return do(link, *args)

        return counted


def commit(key: AppendKey | None = KEY) -> list[FactBatch]:
    """Facts of several datasets, under a key."""
    video = {"video_id": 7, "read_at": EVENTS[0].ts, "views": 5, "likes": None, "comments": None, "shares": None}
    video |= {"saves": None, "is_baseline": False, "record_id": "v1"}
    snapshots = CATALOGUE["video-snapshots"]
    rows = pa.Table.from_pylist([video], schema.arrow_schema(snapshots))
    return [batch(EVENTS, key=key), FactBatch(scope(), snapshots.name, rows)]


STORED = [Appended(2, 1), Appended(1, 0)]


async def seen(store: ClickHouseStore) -> tuple[object, ...]:
    counts = [
        (await store.fetch(Statement(f"SELECT count() AS n FROM {table}", (), ("n",), scope(), "test")))[0][0]
        for table in ("ad_event", "ad_event_fresh", "video_step", "ad_day")
    ]
    return (*counts, await total(store, "impressions"), await store.remembered(scope(), "hash"))


NOTHING = (0, 0, 0, 0, 0, None)


async def test_a_commit_that_breaks_off_anywhere_is_never_seen(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the process that goes on, nor by the one after a kill; and it can be sent again."""
    breaking = Breaking(monkeypatch)
    async with opened_clickhouse() as store:
        before = breaking.done
        await store.append(commit())
        steps = breaking.done - before
    assert steps > 6
    # But for the last look, behind the row that makes it whole: of that the next test is.
    for left in range(steps - 1):
        async with opened_clickhouse(server, kind=Killed) as store:
            breaking.left = left
            with pytest.raises(Failed):
                await store.append(commit())
            breaking.left = 1 << 30
            assert await seen(store) == NOTHING, left
            if left % 2:
                assert await append(store, Event(creative_id=9)) == Appended(1, 0)
                assert (await seen(store))[4:] == NOTHING[4:]
        async with opened_clickhouse(server, kind=Killed) as store:
            assert (await seen(store))[4:] == NOTHING[4:], left
            await store.compact()
            assert (await seen(store))[4:] == NOTHING[4:], left
        drop(server)
    async with opened_clickhouse(server, kind=Killed) as store:
        breaking.left = steps - 1
        with pytest.raises(Failed):
            await store.append(commit())
        breaking.left = 1 << 30
        assert await store.append(commit()) == STORED
        assert (await seen(store))[:3] == (2, 2, 1)
        assert await store.append(commit(key=None)) == [Appended(0, 3), Appended(0, 1)]


@pytest.mark.parametrize("before_the_end", [0, 1], ids=["the last look", "the row that makes it whole"])
async def test_a_commit_whose_answer_is_lost_is_whole_or_never_seen(
    server: Server, monkeypatch: pytest.MonkeyPatch, before_the_end: int
) -> None:
    breaking, late = Breaking(monkeypatch), [batch([Event(session_id="late")])]
    async with opened_clickhouse() as store:
        before = breaking.done
        await store.append(commit())
        between = breaking.done
        await store.append(late)
        last, last_of_late = (steps - 1 - before_the_end for steps in (between - before, breaking.done - between))
    breaking.heard = True
    async with opened_clickhouse(server, kind=Killed) as store:
        breaking.left = last
        with pytest.raises(Failed):
            await store.append(commit())
        breaking.left = 1 << 30
        await store.refresh()
        assert await seen(store) == NOTHING, "what was refused is not seen by who refused it"
        assert await store.append(commit()) == STORED
        assert (await seen(store))[:3] == (2, 2, 1)
        breaking.left = last_of_late
        with pytest.raises(Failed):
            await store.append(late)
        breaking.left = 1 << 30
    # Killed before it could take the row back: to whoever comes next it is a commit like any other, and whole.
    async with opened_clickhouse(server) as store:
        shown = await seen(store)
        assert shown[:3] == (3, 3, 1)
        await store.compact()
        assert (await seen(store))[4:] == shown[4:]
        assert await store.append(late) == [Appended(0, 1)]


async def test_a_claim_that_breaks_off_is_made_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking = Breaking(monkeypatch)
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        for count, (left, heard) in enumerate([(0, False), (1, False), (0, True), (1, True)], start=1):
            assert await append(other, Event(session_id=f"o{count}")) == Appended(1, 0)
            breaking.left, breaking.heard = left, heard
            with pytest.raises(Failed):
                await append(one, Event(session_id=f"a{count}"))
            breaking.left = 1 << 30
            assert await append(one, Event(session_id=f"a{count}")) == Appended(1, 0)
            for store in (one, other):
                await store.refresh()
                assert await total(store, "impressions") == 2 * count, (left, heard)


async def test_rows_that_arrive_after_their_commit_was_given_up_stay_unseen(server: Server) -> None:
    async with opened_clickhouse(server) as store:
        late = store._writer.journal.take()
        store._writer.journal.abandon(late)
        await append(store, Event(creative_id=2))
        columns = batch([Event()]).rows.append_column("organisation_id", pa.array([1]))
        rows = columns.append_column("commit_id", pa.array([late]))
        store._writer.link.insert(server.topology.table(AD_EVENTS.table), rows)
        assert (await seen(store))[:5] == (1, 1, 0, 0, 0)
        await store.compact()
        assert await total(store, "impressions") == 0
    async with opened_clickhouse(server) as store:
        assert await total(store, "impressions") == 0


async def test_a_block_sent_twice_is_stored_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a client does that has lost the answer to an insert; with what the views make of it."""
    insert = Link.insert

    def twice(link: Link, table: str, rows: pa.Table) -> None:
        insert(link, table, rows)
        insert(link, table, rows)

    monkeypatch.setattr(Link, "insert", twice)
    async with opened_clickhouse(server) as store:
        await store.append(commit())
        assert (await seen(store))[:4] == (2, 2, 1, 0)
        assert await total(store, "impressions") == 1


async def test_tables_are_those_of_the_catalogue(server: Server) -> None:
    async with opened_clickhouse(server) as store:
        asked = (
            "SELECT name, type FROM system.columns"
            " WHERE database = {p0:String} AND table = {p1:String} ORDER BY position"
        )
        for table in tables(CATALOGUE):
            found = store._writer.link.rows(asked, (server.topology.database, table.name))
            assert found == [(name, kind.partition(" DEFAULT")[0]) for name, kind in table.columns], table.name


async def test_a_migration_goes_on_wherever_it_was_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking = Breaking(monkeypatch)
    server.make_database()
    link = server.link(writes=True)
    stopped = 0
    while True:
        breaking.left = 8
        try:
            migrate(link, server.topology, CATALOGUE)
            break
        except Failed:
            stopped += 1
    assert stopped > 5
    breaking.left, breaking.done = 1 << 30, 0
    migrate(link, server.topology, CATALOGUE)
    assert breaking.done == 2, "what is there is looked at, and left"
    link.close()
    async with opened_clickhouse(server) as store:
        assert await store.append(commit()) == STORED
        assert (await seen(store))[:3] == (2, 2, 1)


async def test_a_column_that_is_missing_is_added(server: Server) -> None:
    async with opened_clickhouse(server) as store:
        view = next(view for view in views(CATALOGUE) if view.source == "attribution_result")
        store._writer.link.run(f"DROP VIEW {server.topology.local(view.name)}")
        store._writer.link.run(f"ALTER TABLE {server.topology.local('attribution_result')} DROP COLUMN value")
    async with opened_clickhouse(server) as store:
        described = store._writer.link.rows(f"DESCRIBE TABLE {server.topology.table('attribution_result')}")
        assert "value" in [row[0] for row in described]


async def test_what_merges_took_in_is_swept_away_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "LEFT_SECONDS", 0)
    async with opened_clickhouse(server) as store:
        for _ in range(4):
            await append(store, Event(), Event(creative_id=2))
            await store.compact()
        rows = store._writer.link.rows
        day, fresh = (server.topology.table(name) for name in ("ad_day", "ad_event_fresh"))
        live = store._writer.seen[0].segments_of("ad-events")
        # What the last merges took in may still be read by a question that began before them.
        assert len(rows(f"SELECT DISTINCT segment FROM {day}")) <= len(live) + 2
        assert rows(f"SELECT count() FROM {fresh}") == [(4,)]
        assert await total(store, "impressions") == 4
        for _ in range(2):
            await store._write(store._sweep)
        assert {segment for (segment,) in rows(f"SELECT DISTINCT segment FROM {day}")} == set(live)
        assert rows(f"SELECT count() FROM {fresh}") == [(0,)]
        assert await total(store, "impressions") == 4


async def test_large_segments_are_left_and_small_ones_merged(server: Server) -> None:
    async with opened_clickhouse(server) as store:
        await append(store, *(Event(creative_id=one) for one in range(100)))
        await store.compact()
        (large,) = store._writer.seen[0].segments_of("ad-events")
        for count in range(1, 5):
            await append(store, Event())
            await store.compact()
            segments = store._writer.seen[0].segments_of("ad-events")
            assert (len(segments), segments[0]) == (2, large)
            assert await total(store, "impressions") == 1 + count


async def test_pruned_readings_are_deleted_later_and_nothing_shows_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "LEFT_SECONDS", 0)
    async with opened_clickhouse(server) as store:
        await filled(store)
        await read(store, [video_views(1, "2026-03-01T10:00:00", 3)], scope=ELSEWHERE)
        await store.compact()
        before = await answers(engine(store))
        count = f"SELECT count() FROM {server.topology.table('video_snapshot')}"
        stored = store._writer.link.value(count)
        assert await store.prune(1, LIMIT) == 8
        assert await answers(engine(store)) == before
        await store.compact()
        assert store._writer.link.value(count) >= stored, "somebody may still read by the state before"
    # What is left to delete is known from what is stored, not from memory.
    async with opened_clickhouse(server) as store:
        for _ in range(2):
            await store.compact()
        assert store._writer.link.value(count) == stored - 8
        assert await answers(engine(store)) == before
    async with opened_clickhouse(server) as store:
        assert await answers(engine(store)) == before


async def test_reads_cannot_write(server: Server) -> None:
    async with opened_clickhouse(server) as store:
        with pytest.raises(Failed, match="readonly"):
            store._readers[0].run(f"DROP TABLE {server.topology.table('ad_event')}")


ENDLESS = Statement(
    "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", (), ("n",), scope(), "endless"
)
RUNNING = "SELECT count() FROM system.processes WHERE Settings['log_comment'] LIKE 'endless%'"


async def test_a_query_is_stopped_after_the_time_limit(server: Server) -> None:
    async with opened_clickhouse(server, timeout=0.2) as store:
        with pytest.raises(Timeout, match=r"longer than 0\.2 s"):
            await store.fetch(ENDLESS)
        assert store._writer.link.value(RUNNING) == 0
        assert (await store.health()).responsive


async def test_a_query_is_stopped_when_its_asker_goes_away(server: Server) -> None:
    async with opened_clickhouse(server, timeout=600) as store:
        asking = asyncio.create_task(store.fetch(ENDLESS))
        async with asyncio.timeout(60):
            while not await store._write(store._writer.link.value, RUNNING):
                pass
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert store._writer.link.value(RUNNING) == 0


async def test_a_statement_sees_its_own_organisation_only(server: Server) -> None:
    """Even one that forgets to say so."""
    async with opened_clickhouse(server) as store:
        await store.append([batch([Event()], 1), batch([Event(), Event()], 2)])
        every = Statement("SELECT count() AS n FROM ad_event", (), ("n",), scope(2), "test")
        assert await store.fetch(every) == [(2,)]
        assert await store.fetch(msgspec.structs.replace(every, scope=scope(3))) == [(0,)]
