"""The feed: what was published before a catch-up began is applied when it ends, or nothing kept is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from headwater.errors import Unavailable
from headwater.shared.address import address
from headwater.shared.changes import Everything, Rows, Stale, Told, decode, encode
from headwater.shared.feed import MOST_AT_ONCE, Feed
from headwater.shared.link import Link, Lost
from tests.caching import CacheServer, new_prefix, until

pytestmark = pytest.mark.scaled


class Kept:
    """A listener that writes down what it hears; ``failing`` has it fail."""

    def __init__(self) -> None:
        self.heard: list[Stale] = []
        self.drops = 0
        self.failing = False

    async def apply(self, changes: Sequence[Stale]) -> None:
        self._check()
        self.heard.extend(changes)

    async def drop(self) -> None:
        self.drops += 1
        self._check()

    def _check(self) -> None:
        if self.failing:
            raise Unavailable("The facts cannot be read.")


class Process:
    """A feed, its link and its listener."""

    def __init__(self, url: str, open_after: float) -> None:
        where = address(url)
        self.kept = Kept()
        self.link = Link(where, lambda _: self.feed.lost())
        self.key = f"{where.prefix}:feed"
        self.feed = Feed(self.link, where.prefix, open_after=open_after)

    async def heard(self) -> list[Stale]:
        """What it hears in a catch-up that begins now."""
        self.kept.heard.clear()
        await self.feed.catch_up()
        return list(self.kept.heard)

    async def dropped(self) -> bool:
        """Whether a catch-up that begins now drops everything."""
        before = self.kept.drops
        await self.feed.catch_up()
        return self.kept.drops > before

    async def again_in_step(self) -> None:
        async def holds() -> bool:
            return self.feed.in_step

        await until(holds)


@asynccontextmanager
async def processes(server: CacheServer, number: int = 2, open_after: float = 60.0) -> AsyncIterator[list[Process]]:
    """Processes that have joined one feed."""
    prefix = new_prefix()
    started = [Process(server.url(prefix), open_after) for _ in range(number)]
    for one in started:
        await one.link.open()
        await one.feed.start(one.kept)
    try:
        yield started
    finally:
        for one in started:
            await one.feed.stop()
            await one.link.close()


def change(number: int) -> Rows:
    return Rows("roster", number)


async def test_what_one_publishes_others_hear_once_and_it_does_not_itself(cache: CacheServer) -> None:
    async with processes(cache, 3) as (one, other, third):
        await one.feed.publish([change(1)])
        await other.feed.publish([change(2), change(3)])
        assert await one.heard() == [change(2), change(3)]
        assert await other.heard() == [change(1)]
        assert await third.heard() == [change(1), change(2), change(3)]
        assert [await each.heard() for each in (one, other, third)] == [[], [], []]
        assert [each.kept.drops for each in (one, other, third)] == [1, 1, 1], "but for the joining, nothing is dropped"


async def test_what_is_announced_is_heard_when_it_is_settled_also_after_an_error(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        async with one.feed.announcing([change(1)]):
            assert await other.heard() == []
        assert await other.heard() == [change(1)]
        with pytest.raises(ZeroDivisionError):
            async with one.feed.announcing([change(2)]):
                raise ZeroDivisionError
        assert await other.heard() == [change(2)]
        async with one.feed.announcing([]):
            pass
        assert await other.heard() == []


async def test_what_stays_announced_counts_as_changed_at_each_catch_up(cache: CacheServer) -> None:
    async with processes(cache, open_after=0.0) as (one, other):
        async with one.feed.announcing([change(1)]):
            assert [await other.heard(), await other.heard()] == [[change(1)], [change(1)]]
        assert [await other.heard(), await other.heard()] == [[change(1)], []]


async def test_who_comes_during_a_catch_up_gets_one_that_began_later(
    cache: CacheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(cache) as (one, other):
        begun, go_on = asyncio.Event(), asyncio.Event()
        ask = other.link.ask

        async def slow(*command: str | bytes | int) -> object:
            reply = await ask(*command)
            begun.set()
            await go_on.wait()
            return reply

        monkeypatch.setattr(other.link, "ask", slow)
        early = asyncio.create_task(other.feed.catch_up())
        await begun.wait()
        await one.feed.publish([change(1)])
        before = other.feed.counts.catch_ups
        late = [asyncio.create_task(other.feed.catch_up()) for _ in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        await early
        assert other.kept.heard == []
        await asyncio.gather(*late)
        assert other.kept.heard == [change(1)]
        assert other.feed.counts.catch_ups == before + 1, "those that come at the same time share the way"


async def test_a_catch_up_goes_on_when_the_one_who_began_it_goes_away(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        await one.feed.publish([change(1)])
        first = asyncio.create_task(other.feed.catch_up())
        second = asyncio.create_task(other.feed.catch_up())
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert other.kept.heard == [change(1)]


async def test_who_is_too_far_behind_drops_everything_and_goes_on(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        for _ in range(MOST_AT_ONCE):
            cache.ask("XADD", one.key, "*", "told", encode(Told(b"x", 1, True, [change(9)])))
        assert await other.dropped()
        assert other.kept.heard == []
        await one.feed.publish([change(1)])
        assert await other.heard() == [change(1)]


async def test_a_trimmed_anchor_drops_everything(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        await one.feed.publish([change(1)])
        await one.feed.publish([change(2)])
        cache.ask("XTRIM", one.key, "MAXLEN", 1)
        assert await other.dropped()
        await one.feed.publish([change(3)])
        assert await other.heard() == [change(3)]


async def test_a_flushed_server_drops_everything_in_every_process(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (one, other):
        own_cache.ask("FLUSHALL")
        await one.feed.publish([change(1)])
        assert await other.dropped()
        assert await one.dropped()
        await one.feed.publish([change(2)])
        assert await other.heard() == [change(2)]


async def test_an_entry_that_took_the_anchor_s_place_is_not_taken_for_it(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (one, other):
        await one.feed.publish([change(1)])
        await other.heard()
        ((last, _),) = own_cache.ask("XREVRANGE", one.key, "+", "-", "COUNT", 1)
        own_cache.ask("FLUSHALL")
        own_cache.ask("XADD", one.key, last, "told", encode(Told(b"x", 1, True, [change(2)])))
        assert await other.dropped()


async def test_a_server_that_came_back_with_less_than_it_had_drops_everything(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (one, other):
        await other.heard()
        own_cache.ask("SAVE")
        await one.feed.publish([change(1)])
        own_cache.stop()
        own_cache.start()
        assert own_cache.ask("XLEN", one.key) == 1, "what was published last is gone, the anchor is there"
        assert await other.dropped()
        await other.again_in_step()
        # It has not noticed yet, and what it tells is heard all the same.
        await one.feed.publish([change(2)])
        assert await other.heard() == [Everything()]


class Numbered:
    """In place of this process's numbers, which are one for all tests: what it was told to be."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def renumber(self, process: int) -> None:
        self.given.append(process)


async def test_processes_are_numbered_apart_also_after_a_flush(
    own_cache: CacheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered = Numbered()
    monkeypatch.setattr("headwater.shared.feed.SNOWFLAKES", numbered)
    async with processes(own_cache, 3) as started:
        assert numbered.given == [1, 2, 3]
        own_cache.ask("FLUSHALL")
        for one in started:
            assert await one.dropped()
        assert numbered.given == [1, 2, 3, 1, 2, 3]
        for one in started:
            assert not await one.dropped()
        assert len(numbered.given) == 6


async def test_nothing_kept_is_used_while_the_server_is_lost(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (one, other):
        own_cache.stop()
        assert [await other.dropped() for _ in range(3)] == [True] * 3
        assert not other.feed.in_step
        own_cache.start()
        await other.again_in_step()
        assert not await other.dropped()
        await one.again_in_step()


async def test_a_server_that_hangs_is_waited_for_once(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (_, other):
        own_cache.freeze()
        try:
            assert await other.dropped()
            assert not other.link.is_open
            with pytest.raises(Lost):
                await other.link.ask("PING")
            assert await other.dropped()
        finally:
            own_cache.thaw()
        await other.again_in_step()
        assert not await other.dropped()


async def test_a_server_that_hangs_keeps_nobody_from_committing(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (one, other):
        own_cache.freeze()
        async with one.feed.announcing([change(1)]):
            assert one.link.is_open, "nobody has noticed yet"
        assert not one.link.is_open, "who is answered was waited for"
        assert one.feed.counts.unpublished == 2
        own_cache.thaw()
        await one.again_in_step()
        assert Everything() in await other.heard()


async def test_what_could_not_be_published_has_everybody_drop_everything(
    own_cache: CacheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(own_cache) as (one, other):
        go_on, reopen = asyncio.Event(), one.link.open

        async def later() -> None:
            await go_on.wait()
            await reopen()

        monkeypatch.setattr(one.link, "open", later)
        own_cache.stop()
        async with one.feed.announcing([change(1)]):
            pass
        assert one.feed.counts.unpublished == 2
        assert await other.dropped()
        own_cache.start()
        # The other is first: what it joins is then told that it is not enough.
        await other.again_in_step()
        go_on.set()
        await one.again_in_step()
        assert await other.heard() == [Everything()]
        written = own_cache.ask("XRANGE", one.key, "-", "+")
        assert [Everything()] in [decode(fields[b"told"]).changes for _, fields in written]


async def test_a_server_that_is_full_is_one_that_is_lost(own_cache: CacheServer) -> None:
    async with processes(own_cache) as (one, other):
        own_cache.ask("CONFIG", "SET", "maxmemory", 1)
        await one.feed.publish([change(1)])
        assert one.feed.counts.unpublished == 1
        assert not one.feed.in_step
        assert await one.dropped()
        own_cache.ask("CONFIG", "SET", "maxmemory", 0)
        await one.again_in_step()
        assert Everything() in await other.heard()


async def test_facts_that_cannot_be_looked_at_leave_nothing_kept(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        other.kept.failing = True
        await one.feed.publish([change(1)])
        assert [await other.dropped() for _ in range(2)] == [True, True]
        assert not other.feed.in_step
        other.kept.failing = False
        await other.again_in_step()
        assert not await other.dropped()


async def test_what_a_newer_version_writes_stands_for_everything(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        cache.ask("XADD", one.key, "*", "told", encode([b"x", 1, True, [["new", 7]]]))
        assert await other.heard() == [Everything()]


async def test_the_stream_stays_small(cache: CacheServer) -> None:
    async with processes(cache) as (one, other):
        for _ in range(300):
            await asyncio.gather(*(one.feed.publish([change(1)]) for _ in range(30)))
        assert int(cache.ask("XLEN", one.key)) < 5000
        assert await other.dropped()
