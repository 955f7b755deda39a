"""Answers are computed once for all who wait, kept by size, and never kept past a change."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta

import pytest

from headwater.kit.clock import FixedClock
from headwater.query.cache import Tag, TaggedCache, TagGenerations

pytestmark = pytest.mark.timeout(10)

CREATIVE: Tag = (1, "creative", 11)
OTHER: Tag = (1, "creative", 12)
FOREIGN: Tag = (2, "creative", 11)


class Work:
    """A computation that ends when it is let, and counts how often it began and was cancelled."""

    def __init__(self, value: str = "answer") -> None:
        self.value = value
        self.begun = 0
        self.cancelled = 0
        self.begins = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_clean_up = asyncio.Event()
        self.may_clean_up.set()

    async def __call__(self) -> str:
        self.begun += 1
        self.begins.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            await self.may_clean_up.wait()
            raise
        return self.value


def cache(max_bytes: int = 1000) -> TaggedCache[str]:
    return TaggedCache(max_bytes, TagGenerations())


def ask(
    kept: TaggedCache[str], work: Work, key: Hashable = "key", tags: tuple[Tag, ...] = (CREATIVE,)
) -> asyncio.Task[tuple[str, bool]]:
    return asyncio.create_task(kept.get_or_compute(key, tags, work, len))


async def ended(work: Work, *asking: asyncio.Task[tuple[str, bool]]) -> list[tuple[str, bool]]:
    await work.begins.wait()
    work.may_end.set()
    return await asyncio.gather(*asking)


async def test_who_asks_at_the_same_time_shares_one_computation() -> None:
    kept, work = cache(), Work()
    found = await ended(work, *(ask(kept, work) for _ in range(50)))
    assert found == [("answer", False)] * 50
    assert work.begun == 1
    assert await ask(kept, work) == ("answer", True)
    assert work.begun == 1


async def test_keys_do_not_share() -> None:
    kept, work = cache(), Work()
    await ended(work, ask(kept, work, "one"), ask(kept, work, "two"))
    assert work.begun == 2


@pytest.mark.parametrize(("bumped", "stays"), [(CREATIVE, False), (OTHER, False), (FOREIGN, True)])
async def test_any_of_its_tags_makes_an_answer_stale(bumped: Tag, stays: bool) -> None:
    kept, work = cache(), Work()
    await ended(work, ask(kept, work, tags=(CREATIVE, OTHER)))
    kept.generations.bump([bumped])
    assert (kept.get("key") == "answer") is stays


async def test_an_answer_overtaken_by_a_change_is_given_but_not_kept() -> None:
    kept, work = cache(), Work()
    asking = ask(kept, work)
    await work.begins.wait()
    kept.generations.bump([CREATIVE])
    assert await ended(work, asking) == [("answer", False)]
    assert kept.get("key") is None


async def test_who_asks_after_a_change_does_not_join_what_began_before_it() -> None:
    kept, before, after = cache(), Work("old"), Work("new")
    early = ask(kept, before)
    await before.begins.wait()
    kept.generations.bump([CREATIVE])
    late = ask(kept, after)
    assert await ended(after, late) == [("new", False)]
    assert await ended(before, early) == [("old", False)]
    assert kept.get("key") == "new"


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    kept = cache()

    async def fail() -> str:
        raise ValueError("no")

    found = await asyncio.gather(
        *(kept.get_or_compute("key", (CREATIVE,), fail, len) for _ in range(2)), return_exceptions=True
    )
    assert [str(error) for error in found] == ["no", "no"]
    work = Work()
    assert await ended(work, ask(kept, work)) == [("answer", False)]


async def test_the_longest_unused_makes_room() -> None:
    kept = cache(max_bytes=80)
    for key in "abcdefgh":
        kept.put(key, key * 10, (), (), 10)
    kept.get("a")
    kept.put("i", "i" * 10, (), (), 10)
    assert [key for key in "abcdefghi" if kept.get(key)] == list("acdefghi")


async def test_replacing_a_value_frees_its_bytes() -> None:
    kept = cache(max_bytes=80)
    for _ in range(3):
        for key in "abcdefgh":
            kept.put(key, key * 10, (), (), 10)
    assert all(kept.get(key) for key in "abcdefgh")


async def test_a_value_that_would_empty_the_cache_is_not_kept() -> None:
    kept = cache(max_bytes=80)
    kept.put("small", "s", (), (), 1)
    kept.put("large", "l", (), (), 11)
    assert (kept.get("small"), kept.get("large")) == ("s", None)


async def test_a_cache_of_no_bytes_keeps_nothing() -> None:
    kept, work = cache(max_bytes=0), Work()
    await ended(work, ask(kept, work))
    assert kept.get("key") is None


async def test_one_who_leaves_does_not_stop_the_others() -> None:
    kept, work = cache(), Work()
    leaving, staying = ask(kept, work), ask(kept, work)
    await work.begins.wait()
    leaving.cancel()
    assert await ended(work, staying) == [("answer", False)]
    assert (leaving.cancelled(), work.cancelled) == (True, 0)


async def test_when_the_last_leaves_the_computation_is_cancelled() -> None:
    kept, work = cache(), Work()
    leaving = [ask(kept, work), ask(kept, work)]
    await work.begins.wait()
    for one in leaving:
        one.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    again = Work()
    assert await ended(again, ask(kept, again)) == [("answer", False)]
    assert work.cancelled == 1


async def test_who_asks_while_a_computation_is_being_cancelled_begins_another() -> None:
    kept, abandoned, again = cache(), Work(), Work("again")
    abandoned.may_clean_up.clear()
    leaving = ask(kept, abandoned)
    await abandoned.begins.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    asking = ask(kept, again)
    await again.begins.wait()
    abandoned.may_clean_up.set()
    joining = ask(kept, again)
    assert await ended(again, asking, joining) == [("again", False)] * 2
    assert again.begun == 1


async def test_a_drop_makes_everything_stale_also_what_is_under_way() -> None:
    kept, work = cache(), Work()
    await ended(work, ask(kept, work))
    kept.generations.drop()
    begun = Work("of before")
    under_way = ask(kept, begun)
    await begun.begins.wait()
    kept.generations.drop()
    after = Work("of after")
    assert await ended(after, ask(kept, after)) == [("of after", False)]
    assert await ended(begun, under_way) == [("of before", False)]
    assert await ask(kept, after) == ("of after", True)


@pytest.mark.parametrize("said", [None, timedelta(seconds=90)])
async def test_nothing_is_kept_longer_than_other_processes_allow(said: timedelta | None) -> None:
    clock = FixedClock(datetime(2025, 5, 3, tzinfo=UTC))
    kept: TaggedCache[str] = TaggedCache(1000, TagGenerations(timedelta(seconds=60)), clock)
    expires = clock() + said if said else None
    kept.put("key", "answer", (CREATIVE,), kept.generations.of((CREATIVE,)), 6, expires)
    clock.advance(timedelta(seconds=59))
    assert kept.get("key") == "answer"
    clock.advance(timedelta(seconds=1))
    assert kept.get("key") is None
