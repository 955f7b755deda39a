"""Several processes that write to one database: in turns, at the same moment, while one of them merges or prunes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from headwater.errors import OutcomeUnknown, Unavailable
from headwater.storage.clickhouse import sums
from headwater.storage.clickhouse.journal import Journal, Overtaken
from headwater.storage.clickhouse.server import Server
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.clickhouse.tables import CLAIM
from headwater.storage.port import Appended, AppendKey, FactBatch, GroupMember, Statement
from tests.clickhouse import drop, new_server, opened_clickhouse
from tests.series.test_pruning import LIMIT, filled

from .facts import Event, append, batch, scope, total

pytestmark = pytest.mark.scaled
_EVER = 1 << 60


@pytest.fixture
def server() -> Iterator[Server]:
    server = new_server()
    yield server
    drop(server)


class Turns:
    """One at a time for each thing that is named, as processes that share locks have it."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def __call__(self, what: str, _: timedelta) -> AbstractAsyncContextManager[object]:
        return self._locks[what]


@pytest.fixture(params=["in turns", "each as it likes"])
async def writers(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[list[ClickHouseStore]]:
    """Three that are open at once."""
    turns = Turns() if request.param == "in turns" else None
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(opened_clickhouse(server, turns=turns)) for _ in range(3)]


def instead_of_the_next_row(monkeypatch: pytest.MonkeyPatch, step: Callable[[Journal, Any], None]) -> None:
    """Do this when the next state row is to be stored; all others are stored as ever."""
    store_row = Journal._store

    def once(journal: Journal, state: Any) -> None:
        monkeypatch.setattr(Journal, "_store", store_row)
        step(journal, state)

    monkeypatch.setattr(Journal, "_store", once)


async def rows(store: ClickHouseStore, table: str = "ad_event") -> int:
    """How many rows an organisation sees."""
    found = await store.fetch(Statement(f"SELECT count() AS n FROM {table}", (), ("n",), scope(), "test"))
    return int(found[0][0])


async def retried(store: ClickHouseStore, *batches: FactBatch) -> list[Appended]:
    """Append as a sender does who tries again when told to."""
    while True:
        try:
            return await store.append(batches)
        except Overtaken:
            await asyncio.sleep(0)


async def test_writers_at_once_store_everything_once(writers: list[ClickHouseStore]) -> None:
    """Five commits of each; some facts are sent to all three."""

    async def send(place: int, store: ClickHouseStore) -> int:
        stored = 0
        for number in range(5):
            own = Event(creative_id=2 + place)
            shared = Event(record_id=f"shared {number}", session_id=f"shared {number}")
            (appended,) = await retried(store, batch([own, shared]))
            stored += appended.accepted
        return stored

    stored = await asyncio.gather(*(send(place, store) for place, store in enumerate(writers)))
    assert sum(stored) == 20
    for store in writers:
        await store.refresh()
        assert await rows(store) == 20
        assert await total(store, "impressions") == 5


def _killed(*_: object, **__: object) -> None:
    raise SystemExit


async def test_turns_leave_no_gaps(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    merge = sums.merge
    async with opened_clickhouse(server, turns=turns) as one, opened_clickhouse(server, turns=turns) as other:

        def meanwhile(*args: Any) -> sums.Merge:
            one._writer.append([batch([Event(creative_id=2)])])
            return merge(*args)

        monkeypatch.setattr(sums, "merge", meanwhile)
        for number in range(4):
            await append(one, Event(session_id=f"a{number}"))
            await append(other, Event(session_id=f"b{number}"), Event(session_id=f"c{number}"))
            await append(other, Event(session_id=f"d{number}"))
            await other.compact()
        await other.refresh()
        state = other._writer.journal.state
        assert (state.gaps, state.closed) == ((), True)
        await one.refresh()
        assert await total(one, "impressions") == 16


async def test_what_is_due_to_all_is_merged_by_one(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, merges = Turns(), 0
    merge = sums.merge

    def counted(*args: Any) -> sums.Merge:
        nonlocal merges
        merges += 1
        return merge(*args)

    monkeypatch.setattr(sums, "merge", counted)
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(opened_clickhouse(server, turns=turns, compact_after=3)) for _ in range(3)
        ]
        async with turns("facts merge", timedelta()):
            for number, store in enumerate([*stores, *stores]):
                await append(store, Event(creative_id=number))
        await asyncio.gather(*(store._compacting for store in stores if store._compacting))
    assert merges == 1


async def test_a_stop_does_not_wait_for_the_merges_of_others(server: Server) -> None:
    turns = Turns()
    async with turns("facts merge", timedelta()):
        async with opened_clickhouse(server, turns=turns, compact_after=1) as store:
            await append(store, Event())
            assert store._compacting is not None
        assert store._compacting.cancelled()


async def test_one_that_is_killed_between_turns_leaves_a_gap_only_where_it_was_at_work(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns()
    async with opened_clickhouse(server, turns=turns) as one, opened_clickhouse(server, turns=turns) as other:
        await append(one, Event())
        broken = batch([Event(session_id="x")])
        monkeypatch.setattr(Journal, "publish", _killed)
        with pytest.raises(SystemExit):
            one._writer.append([broken])
        monkeypatch.undo()
        await append(other, Event(session_id="y"))
        assert len(other._writer.journal.state.gaps) == 1
        assert await total(other, "impressions") == 2


async def test_a_claim_that_is_overtaken_before_its_first_row_is_made_anew(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find that nothing is under way; were the first to go on, the other would show its rows before their time."""
    turns = Turns()
    async with opened_clickhouse(server, turns=turns) as one, opened_clickhouse(server, turns=turns) as other:
        await append(other, Event())
        read = Journal._read

        def overtaken(journal: Journal) -> Any:
            monkeypatch.setattr(Journal, "_read", read)
            found = journal._read()
            other._writer.journal.claim()
            return found

        monkeypatch.setattr(Journal, "_read", overtaken)
        first = one._writer.journal
        first.hold()
        claimed = other._writer.journal.state.epoch
        assert first.state.epoch > claimed
        assert first.state.gaps[-1][1] >= claimed


async def test_the_same_request_at_two_processes_is_stored_once(server: Server) -> None:
    """Each looks for the key before it stores; that is too early to find what is under way elsewhere."""
    key, another = AppendKey("hash", "fingerprint", b"note"), AppendKey("hash", "other", b"")
    events = [Event(creative_id=one) for one in range(3)]
    request = [batch(events, key=key), batch([Event(creative_id=4)], key=key.of_more)]
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        assert await one.append(request) == [Appended(3, 0), Appended(1, 0)]
        beside = batch([Event(creative_id=9)])
        repeated = Appended(3, 0, repeated=True)
        assert await other.append([beside, *request]) == [Appended(1, 0), repeated, repeated]
        assert await other.append([batch(events, organisation_id=2, key=key)]) == [Appended(3, 0)]
        assert await other.append([batch([Event()], key=another)]) == [Appended(1, 0)]
        await one.refresh()
        assert await rows(one) == 6


async def test_after_a_look_that_failed_no_second_row_says_otherwise(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has seen the first row would not look at a second of its version."""
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())
        newest = Journal._newest_claim

        def lost(_: Journal) -> int:
            monkeypatch.setattr(Journal, "_newest_claim", newest)
            raise Unavailable("lost")

        def stored(journal: Journal, state: Any) -> None:
            journal._store(state)
            monkeypatch.setattr(Journal, "_newest_claim", lost)

        instead_of_the_next_row(monkeypatch, stored)
        with pytest.raises(OutcomeUnknown, match="lost"):
            await append(one, Event(creative_id=2))
        await other.refresh()
        assert await append(one, Event(), Event()) == Appended(2, 0)
        await other.refresh()
        assert await total(other, "impressions") == await total(one, "impressions") == 3
        assert await rows(other) == await rows(one) == 3


async def test_a_merge_applies_though_others_have_written_meanwhile(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())
        merge = sums.merge

        def meanwhile(*args: Any) -> sums.Merge:
            other._writer.append([batch([Event()])])
            return merge(*args)

        monkeypatch.setattr(sums, "merge", meanwhile)
        await one.compact()
        await other.refresh()
        state = other._writer.journal.state
        assert len(state.segments_of("ad-events")) == 1
        for store in (one, other):
            assert store.has_fresh("ad-events")
            assert await total(store, "impressions") == 2


@pytest.mark.parametrize("begun", [0.0, -_EVER])
async def test_a_merge_that_is_overtaken_by_another_does_not_apply(
    server: Server, monkeypatch: pytest.MonkeyPatch, begun: float
) -> None:
    """Nor one that took so long that its segment may have been swept away as unused."""
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())
        await other.refresh()
        number = other._writer.number()
        made = sums.merge(other._merger, server.topology, other._catalogue["ad-events"], *other._writer.seen, number)
        if begun:
            await append(one, Event())
            made = made._replace(begun=begun)
        else:
            await one.compact()
        other._writer.switch(other._catalogue["ad-events"], made)
        for store in (one, other):
            await store.refresh()
            assert number not in store._writer.journal.state.segments_of("ad-events")
            assert await total(store, "impressions") == (2 if begun else 1)


async def test_a_merge_applies_though_groups_of_others_were_dropped(server: Server) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())
        await filled(one)
        await one.keep_group("video-snapshots", 1, 7, [GroupMember(1, -_EVER, _EVER)], "all")
        await other.refresh()
        for name in ("ad-events", "video-snapshots"):
            number, dataset = other._writer.number(), other._catalogue[name]
            made = sums.merge(other._merger, server.topology, dataset, *other._writer.seen, number)
            await one.drop_groups(1, [7])
            other._writer.switch(dataset, made)
            assert number in other._writer.journal.state.segments_of(name)


async def test_a_merge_does_not_apply_to_what_was_pruned_meanwhile(server: Server) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await filled(one)
        await other.refresh()
        number, videos = other._writer.number(), other._catalogue["video-snapshots"]
        made = sums.merge(other._merger, server.topology, videos, *other._writer.seen, number)
        assert await one.prune(1, LIMIT) == 8
        other._writer.switch(videos, made)
        assert number not in other._writer.journal.state.segments_of(videos.name)


async def test_sums_of_a_dropped_group_are_left_for_who_has_not_heard_of_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "LEFT_SECONDS", 0)
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await filled(one)
        await one.keep_group("video-snapshots", 1, 7, [GroupMember(1, -_EVER, _EVER)], "all")
        await other.refresh()
        (group,) = other.groups(1).values()
        kept = f"SELECT count() FROM {server.topology.table('video_group_day')} WHERE group_id = {group.id}"
        summed = other._writer.link.value(kept)
        assert summed
        await one.drop_groups(1, [7])
        assert (one.groups(1), len(other.groups(1))) == ({}, 1)
        await one.compact()
        assert other._writer.link.value(kept) == summed
        await other.refresh()
        assert other.groups(1) == {}
        for _ in range(2):
            await one.compact()
        assert other._writer.link.value(kept) == 0
        assert other._writer.link.value(f"SELECT count() FROM {server.topology.table('group_member')}") == 0


async def test_a_drop_that_failed_drops_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await filled(one)
        await one.keep_group("video-snapshots", 1, 7, [GroupMember(1, -_EVER, _EVER)], "all")
        monkeypatch.setattr(Journal, "publish", _killed)
        with pytest.raises(SystemExit):
            one._upkeep.drop_groups(1, [7])
        monkeypatch.undo()
        await append(one, Event())
        for store in (one, other):
            await store.refresh()
            assert list(store.groups(1)) == [7]
        await one.drop_groups(1, [7])
        await one.keep_group("video-snapshots", 1, 7, [GroupMember(1, -_EVER, _EVER)], "anew")
    async with opened_clickhouse(server) as later:
        assert [group.members for group in later.groups(1).values()] == ["anew"]


async def test_to_drop_nothing_is_no_commit(server: Server) -> None:
    async with opened_clickhouse(server) as store:
        await append(store, Event())
        before = store._writer.journal.state
        await store.drop_groups(1, [])
        assert store._writer.journal.state == before


async def test_writers_take_turns_and_see_each_other(server: Server) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        for count in (1, 2, 3):
            await append(one, Event(session_id=f"a{count}"))
            assert await append(other, Event(session_id=f"a{count}"), Event()) == Appended(1, 1)
            await one.refresh()
            assert await total(one, "impressions") == await total(other, "impressions") == 2 * count
            await (one if count == 2 else other).compact()
        assert await total(other, "impressions") == 6


async def test_of_two_writers_at_once_the_earlier_is_not_acknowledged(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())

        def overtaken(journal: Journal, state: Any) -> None:
            other._writer.append([batch([Event(creative_id=2)])])
            journal._store(state)

        instead_of_the_next_row(monkeypatch, overtaken)
        with pytest.raises(Overtaken, match="Another process"):
            await one._write(one._writer.append, [batch([Event(session_id="lost")])])
        for store in (one, other):
            await store.refresh()
            assert await rows(store) == 2
        assert await append(one, Event(session_id="lost")) == Appended(1, 0)
        assert await total(one, "impressions") == 2


async def test_a_commit_that_another_writer_went_on_from_is_acknowledged(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())

        def overtaken(journal: Journal, state: Any) -> None:
            journal._store(state)
            other._writer.append([batch([Event(creative_id=2)])])

        instead_of_the_next_row(monkeypatch, overtaken)
        assert await append(one, Event(session_id="kept")) == Appended(1, 0)
        await other.compact()
        assert await append(one, Event(session_id="kept"), Event(session_id="more")) == Appended(1, 1)
        for store in (one, other):
            await store.refresh()
            assert await total(store, "impressions") == 3


async def test_the_last_of_several_who_claim_decides(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """One has read the state before the commit and one behind it; the first one's word is not the last."""
    async with AsyncExitStack() as stack:
        one, early, late = [await stack.enter_async_context(opened_clickhouse(server)) for _ in range(3)]
        await append(one, Event())
        waiting: list[tuple[Journal, Any]] = []
        store_row = Journal._store

        def overtaken(journal: Journal, state: Any) -> None:
            monkeypatch.setattr(Journal, "_store", lambda *row: waiting.append(row))
            early._writer.journal.claim()
            store_row(journal, state)
            late._writer.journal.claim()
            store_row(*waiting.pop(0))

        def go_on(_: float) -> None:
            monkeypatch.setattr(Journal, "_store", store_row)
            store_row(*waiting.pop())

        monkeypatch.setattr(Journal, "_store", overtaken)
        monkeypatch.setattr("headwater.storage.clickhouse.journal.sleep", go_on)
        assert await one._write(one._writer.append, [batch([Event(session_id="kept")])]) == [Appended(1, 0)]
        await early.refresh()
        assert await total(early, "impressions") == 2


async def test_a_commit_of_which_nobody_knows_is_not_seen_by_who_refused_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.storage.clickhouse.journal._TAKING_OVER_SECONDS", 0.1)
    async with opened_clickhouse(server) as one, opened_clickhouse(server) as other:
        await append(one, Event())

        def claimed(journal: Journal, state: Any) -> None:
            journal._store(state)
            other._writer.journal._insert(CLAIM.name, {"epoch": state.epoch + (1 << 41)})

        instead_of_the_next_row(monkeypatch, claimed)
        with pytest.raises(Unavailable, match="not known"):
            await append(one, Event(session_id="perhaps"))
        assert await append(one, Event(session_id="perhaps")) == Appended(1, 0)
        assert await total(one, "impressions") == 2
