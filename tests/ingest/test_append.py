"""Group commit: one transaction for all that wait, bounded, and no sender can break it for the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from headwater.catalogue.ads import AD_EVENTS
from headwater.errors import OutcomeUnknown, Unavailable
from headwater.ingest.append import Touched, Writer
from headwater.ingest.check import check
from headwater.storage.port import Appended, FactBatch

from .samples import KNOWN, NOW, RecordingStore, event, ndjson, read, scope


def batch(count: int, creative_id: int = 1, organisation_id: int = 1) -> FactBatch:
    records = [event(creative_id=creative_id) for _ in range(count)]
    rows = check(read(ndjson(records)), AD_EVENTS, KNOWN, NOW).rows
    return FactBatch(scope(organisation_id), "ad-events", rows)


class GatedStore(RecordingStore):
    """Commits only when it is let to, so that a test can decide what waits meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.gate = asyncio.Event(), asyncio.Event()

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        self.entered.set()
        await self.gate.wait()
        return await super().append(batches)


@asynccontextmanager
async def writing(store: RecordingStore, queue: int = 100, commit: int = 10) -> AsyncIterator[Writer]:
    writer = Writer(store, queue, commit)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


async def waiting(writer: Writer, *batches: FactBatch) -> list[asyncio.Task[Appended]]:
    tasks = [asyncio.create_task(writer.append(one)) for one in batches]
    await asyncio.sleep(0)
    return tasks


async def test_what_waits_is_committed_together_in_order() -> None:
    store = GatedStore()
    async with writing(store) as writer:
        first = await waiting(writer, batch(1))
        await store.entered.wait()
        rest = await waiting(writer, batch(4), batch(6), batch(1))
        store.gate.set()
        assert [done.accepted for done in await asyncio.gather(*first, *rest)] == [1, 4, 6, 1]
    assert [[one.rows.num_rows for one in commit] for commit in store.commits] == [[1], [4, 6], [1]]


async def test_a_batch_larger_than_a_commit_or_the_queue_goes_alone() -> None:
    store = RecordingStore()
    async with writing(store, queue=5, commit=3) as writer:
        assert (await writer.append(batch(12))).accepted == 12
    assert [len(commit) for commit in store.commits] == [1]


async def test_a_full_queue_refuses_before_anything_is_stored() -> None:
    store = GatedStore()
    async with writing(store, queue=10) as writer:
        held = await waiting(writer, batch(8))
        await store.entered.wait()
        with pytest.raises(Unavailable) as refused:
            await writer.append(batch(3))
        assert refused.value.retry_after == 1
        fits = await waiting(writer, batch(2))
        store.gate.set()
        await asyncio.gather(*held, *fits)
        assert (await writer.append(batch(10))).accepted == 10
    assert store.rows.num_rows == 20


async def test_a_failed_commit_answers_all_its_senders_and_the_next_one_works() -> None:
    store = RecordingStore()
    async with writing(store) as writer:
        store.failing = OSError("disk full at /secret/path")
        results = await asyncio.gather(writer.append(batch(1)), writer.append(batch(2)), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable, Unavailable]
        assert "secret" not in str(results[0])
        store.failing = None
        assert (await writer.append(batch(100))).accepted == 100


async def test_a_sender_who_leaves_before_the_commit_is_left_out() -> None:
    store = GatedStore()
    async with writing(store) as writer:
        first, = await waiting(writer, batch(1))  # fmt: skip
        await store.entered.wait()
        leaver, stayer = await waiting(writer, batch(2), batch(3))
        leaver.cancel()
        await asyncio.wait([leaver])
        store.gate.set()
        assert (await first).accepted == 1
        assert (await stayer).accepted == 3
    assert [[one.rows.num_rows for one in commit] for commit in store.commits] == [[1], [3]]


async def test_a_sender_who_leaves_during_the_commit_breaks_nothing() -> None:
    store = GatedStore()
    async with writing(store) as writer:
        leaver, = await waiting(writer, batch(1))  # fmt: skip
        await store.entered.wait()
        leaver.cancel()
        await asyncio.wait([leaver])
        store.gate.set()
        assert (await writer.append(batch(99))).accepted == 99
    assert store.rows.num_rows == 100


async def turns(count: int = 10) -> None:
    """Lets the writer do what it can do without a clock."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_lone_sender_s_commit_begins_at_once_each_time() -> None:
    store = GatedStore()
    async with writing(store) as writer:
        for _ in range(3):
            store.entered.clear()
            store.gate.clear()
            sending = await waiting(writer, batch(1))
            await turns()
            assert store.entered.is_set()
            store.gate.set()
            await asyncio.gather(*sending)


async def test_of_many_who_come_back_the_first_waits_a_moment_for_half_of_them() -> None:
    store = RecordingStore()
    async with writing(store) as writer:
        await asyncio.gather(*await waiting(writer, *[batch(1)] * 4))
        first = await waiting(writer, batch(1))
        await turns()
        assert len(store.commits) == 1
        second = await waiting(writer, batch(1))
        await asyncio.gather(*first, *second)
    assert [len(commit) for commit in store.commits] == [4, 2]


async def test_one_who_comes_back_alone_waits_a_moment_only() -> None:
    store = RecordingStore()
    async with writing(store) as writer:
        await asyncio.gather(*await waiting(writer, *[batch(1)] * 4))
        for _ in range(2):
            assert (await writer.append(batch(1))).accepted == 1
    assert [len(commit) for commit in store.commits] == [4, 1, 1]


async def test_stop_does_not_wait_for_company() -> None:
    store = RecordingStore()
    writer = Writer(store, 100, 10)
    await writer.start()
    await asyncio.gather(*await waiting(writer, *[batch(1)] * 4))
    sending = await waiting(writer, batch(1))
    await turns()
    stopping = asyncio.create_task(writer.stop())
    await turns()
    assert stopping.done()
    assert [done.accepted for done in await asyncio.gather(*sending)] == [1]


async def test_stop_commits_what_waits_and_takes_no_more() -> None:
    store = GatedStore()
    writer = Writer(store, 100, 10)
    await writer.start()
    tasks = await waiting(writer, batch(5), batch(6))
    stopping = asyncio.create_task(writer.stop())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await writer.append(batch(1))
    store.gate.set()
    await stopping
    assert [done.accepted for done in await asyncio.gather(*tasks)] == [5, 6]


async def test_commits_announce_whose_entities_they_touched_before_the_answer() -> None:
    heard: list[list[Touched]] = []
    async with writing(RecordingStore()) as writer:
        writer.on_commit(heard.append)
        await asyncio.gather(
            writer.append(batch(2, 1)), writer.append(batch(1, 2)), writer.append(batch(1, 3, organisation_id=2))
        )
        assert heard == [
            [Touched(1, "ad-events", frozenset((1, 2))), Touched(2, "ad-events", frozenset((3,)))],
        ]


async def test_a_callback_that_fails_does_not_fail_the_sender() -> None:
    def fail(_: list[Touched]) -> None:
        raise RuntimeError

    heard: list[list[Touched]] = []
    async with writing(RecordingStore()) as writer:
        writer.on_commit(fail)
        writer.on_commit(heard.append)
        assert (await writer.append(batch(1))).accepted == 1
    assert len(heard) == 1


async def test_a_failed_commit_announces_nothing() -> None:
    heard: list[list[Touched]] = []
    store = RecordingStore()
    store.failing = OSError()
    async with writing(store) as writer:
        writer.on_commit(heard.append)
        with pytest.raises(Unavailable):
            await writer.append(batch(1))
    assert heard == []


async def test_a_commit_that_may_have_come_about_announces_and_says_that_nobody_knows() -> None:
    heard: list[list[Touched]] = []
    store = RecordingStore()
    store.failing = OutcomeUnknown("Nobody knows.")
    async with writing(store) as writer:
        writer.on_commit(heard.append)
        with pytest.raises(Unavailable, match="Nobody knows"):
            await writer.append(batch(1, 2))
    assert heard == [[Touched(1, "ad-events", frozenset((2,)))]]
