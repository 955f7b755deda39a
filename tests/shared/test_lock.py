"""A lock holds over processes, ends with its life, and is none where the server is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from headwater.shared import Shared
from headwater.shared.address import address
from tests.caching import CacheServer, new_prefix, until

pytestmark = pytest.mark.scaled
LONG, SHORT = timedelta(minutes=1), timedelta(milliseconds=50)


@asynccontextmanager
async def two(server: CacheServer) -> AsyncIterator[list[Shared]]:
    where = address(server.url(new_prefix()))
    both = [Shared(where), Shared(where)]
    for one in both:
        await one.start()
    try:
        yield both
    finally:
        for one in both:
            await one.stop()


async def test_one_holds_it_at_a_time(cache: CacheServer) -> None:
    async with two(cache) as both:
        inside = most = 0

        async def work(shared: Shared) -> None:
            nonlocal inside, most
            async with shared.lock("commit", LONG) as held:
                assert held
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.001)
                inside -= 1

        await asyncio.gather(*(work(one) for one in both * 5))
        assert most == 1


async def test_other_names_are_other_locks(cache: CacheServer) -> None:
    async with two(cache) as (one, other), one.lock("a", LONG) as first, other.lock("b", LONG) as second:
        assert first
        assert second


async def test_it_is_given_back_after_an_error(cache: CacheServer) -> None:
    async with two(cache) as (one, other):
        with pytest.raises(ZeroDivisionError):
            async with one.lock("a", LONG):
                raise ZeroDivisionError
        async with other.lock("a", LONG) as held:
            assert held


async def test_it_ends_with_its_life_and_who_outlived_it_does_not_give_back_that_of_another(cache: CacheServer) -> None:
    async with two(cache) as (one, other):
        taken, released = asyncio.Event(), asyncio.Event()

        async def hold_on() -> None:
            async with other.lock("a", LONG) as held:
                assert held
                taken.set()
                await released.wait()

        async with one.lock("a", SHORT):
            holder = asyncio.create_task(hold_on())
            await taken.wait()
        assert cache.ask("KEYS", "*:lock:a"), "it is the other's now"
        released.set()
        await holder
        assert not cache.ask("KEYS", "*:lock:a")


async def test_without_the_server_the_work_goes_on(own_cache: CacheServer) -> None:
    async with two(own_cache) as (one, _):
        async with one.lock("a", LONG) as held:
            assert held
            own_cache.stop()
        async with one.lock("a", LONG) as held:
            assert not held
    async with Shared(None).lock("a", LONG) as held:
        assert not held


async def test_a_claim_is_one_s_own_in_the_process_and_over_all(cache: CacheServer) -> None:
    async with two(cache) as (one, other):
        for first in (one, Shared(None)):
            async with first.claim("a") as ours:
                assert ours
                for second in (first, other) if first is one else (first,):
                    async with second.claim("a") as theirs, second.claim("b") as another:
                        assert (theirs, another) == (False, True)
                # Who was refused has not given back what was never theirs.
                async with first.claim("a") as again:
                    assert not again
            with pytest.raises(ZeroDivisionError):
                async with first.claim("a"):
                    raise ZeroDivisionError
            async with first.claim("a") as ours:
                assert ours


async def test_a_claim_lasts_as_long_as_it_is_needed(cache: CacheServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.shared._CLAIMED_FOR", timedelta(seconds=3))
    async with two(cache) as (one, other), one.claim("renewed") as ours:
        assert ours
        (key,) = cache.ask("KEYS", "*:lock:renewed")
        left = cache.ask("PTTL", key)

        async def is_renewed() -> bool:
            nonlocal left
            before, left = left, cache.ask("PTTL", key)
            return bool(left > before)

        await until(is_renewed)
        # One that got lost with the server's memory is there again.
        cache.ask("DEL", key)

        async def is_there() -> bool:
            return bool(cache.ask("EXISTS", key))

        await until(is_there)
        async with other.claim("renewed") as theirs:
            assert not theirs
    assert not cache.ask("EXISTS", key)
