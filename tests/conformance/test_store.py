"""What every fact store promises: durable, whole commits, each happening once, readable all the while."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import duckdb
import pytest
from msgspec import structs

from headwater.kit.clock import FixedClock
from headwater.query.question import Question
from headwater.query.window import Window
from headwater.storage.clickhouse.link import Failed
from headwater.storage.port import Appended, AppendKey, FactBatch, RememberedAppend, Store

from .conftest import Open
from .facts import NOON, Event, append, at, batch, engine, scope, total

HAPPENING = Event(session_id="s1")
KEY = AppendKey("hash", "fingerprint", b"note")


async def test_facts_outlive_the_store(lasting: Open) -> None:
    async with lasting() as store:
        assert await append(store, Event(), Event()) == Appended(2, 0)
    async with lasting() as store:
        assert await total(store, "impressions") == 2
        await append(store, Event())
        await store.compact()
    async with lasting() as store:
        assert await total(store, "impressions") == 3
        assert not store.has_fresh("ad-events")


@pytest.mark.parametrize("again", [Event(record_id="r1"), HAPPENING])
async def test_what_was_seen_before_is_not_stored_again(store: Store, again: Event) -> None:
    """Within a batch, across the batches of a commit, and across commits."""
    appended = await store.append([batch([again, again]), batch([again, Event()])])
    assert appended == [Appended(1, 1), Appended(1, 1)]
    assert await append(store, again, Event()) == Appended(1, 1)
    await store.compact()
    assert await append(store, again) == Appended(0, 1)
    assert await total(store, "impressions") == 3


@pytest.mark.parametrize("again", [Event(record_id="r1"), HAPPENING])
async def test_what_was_seen_before_is_known_after_reopening(lasting: Open, again: Event) -> None:
    async with lasting() as store:
        await append(store, again)
    async with lasting() as store:
        assert await append(store, again) == Appended(0, 1)
        assert await total(store, "impressions") == 1


async def test_of_duplicates_the_first_to_arrive_counts(store: Store) -> None:
    await append(store, HAPPENING._replace(domain="first"), HAPPENING._replace(domain="second"))
    await append(store, HAPPENING._replace(domain="third", ts=at("2024-01-01")))
    question = Question("ad-events", ("impressions",), "creative", (1,), breakdown=("domain",))
    assert (await engine(store).ask(question, scope())).rows == [(1, "first", 1)]


async def test_a_record_seen_before_does_not_use_up_its_session(store: Store) -> None:
    await append(store, Event(record_id="r1", event="plays"))
    assert await append(store, HAPPENING._replace(record_id="r1"), HAPPENING) == Appended(1, 1)
    assert await total(store, "impressions") == 1


@pytest.mark.parametrize(
    "other",
    [
        HAPPENING._replace(creative_id=2),
        HAPPENING._replace(event="plays"),
        HAPPENING._replace(session_id="s2"),
        HAPPENING._replace(session_id=""),
    ],
)
async def test_another_happening_is_no_duplicate(store: Store, other: Event) -> None:
    assert await append(store, HAPPENING, other) == Appended(2, 0)


@pytest.mark.parametrize("seen", [Event(record_id="r1"), HAPPENING])
async def test_organisations_do_not_see_each_other_s_duplicates(store: Store, seen: Event) -> None:
    appended = await store.append([batch([seen], 1), batch([seen], 2)])
    assert appended == [Appended(1, 0), Appended(1, 0)]


async def test_component_events_count_once_per_component(store: Store) -> None:
    shown = HAPPENING._replace(event="component_impression", component_id=5)
    assert await append(store, shown, shown._replace(component_id=6), shown) == Appended(2, 1)
    question = Question("ad-events", ("component_impressions",), "creative", (1,), breakdown=("component",))
    assert (await engine(store).ask(question, scope())).rows == [(1, 5, 1), (1, 6, 1)]


async def test_a_component_does_not_multiply_other_events(store: Store) -> None:
    assert await append(store, HAPPENING, HAPPENING._replace(component_id=5)) == Appended(1, 1)


@pytest.mark.parametrize(
    ("event", "twice"),
    [("creative_actions", 2), ("seconds_to_active", 3), ("seconds_total_active", 3), ("seconds_in_view", 3)],
)
async def test_actions_and_seconds_count_every_time(store: Store, event: str, twice: int) -> None:
    again = HAPPENING._replace(event=event, value=1_500_000 if event != "creative_actions" else 0)
    assert await append(store, again, again) == Appended(2, 0)
    assert await total(store, event) == twice


async def test_an_append_is_remembered_by_its_key_for_a_day(place: Open) -> None:
    clock = FixedClock(NOON.replace(tzinfo=UTC))
    async with place(clock=clock) as store:
        await store.append([batch([HAPPENING, HAPPENING], key=KEY)])
        remembered = RememberedAppend("fingerprint", Appended(1, 1), b"note")
        clock.advance(timedelta(hours=24))
        assert await store.remembered(scope(), "hash") == remembered
        clock.advance(timedelta(microseconds=1))
        assert await store.remembered(scope(), "hash") is None


async def test_a_key_is_known_to_its_own_organisation_only(store: Store) -> None:
    await store.append([batch([Event()], 1, KEY)])
    assert await store.remembered(scope(2), "hash") is None
    assert await store.remembered(scope(1), "other") is None
    assert await store.remembered(scope(1), "hash") is not None


async def test_keys_outlive_the_store(lasting: Open) -> None:
    async with lasting() as store:
        await store.append([batch([Event()], key=KEY)])
    async with lasting() as store:
        assert await store.remembered(scope(), "hash") == RememberedAppend("fingerprint", Appended(1, 0), b"note")


@pytest.mark.parametrize(
    "failing",
    [batch([Event()], key=AppendKey("broken", None, b"")), structs.replace(batch([Event()]), dataset="unknown")],
    ids=["in the engine", "outside of it"],
)
async def test_an_append_is_all_or_nothing(store: Store, failing: FactBatch) -> None:
    """The last of the commit fails: no row, no sum, no duplicate and no key of what was before it may stay behind."""
    happenings = [HAPPENING, Event(creative_id=2, record_id="r1")]
    with pytest.raises((duckdb.ConstraintException, Failed, KeyError)):
        await store.append([batch(happenings, key=KEY), failing])
    assert (await total(store, "impressions"), store.has_fresh("ad-events")) == (0, False)
    assert await store.remembered(scope(), "hash") is None
    assert await append(store, *happenings) == Appended(2, 0)
    assert await total(store, "impressions") == 1


async def test_compaction_changes_no_answer_while_or_after_it_runs(store: Store) -> None:
    question = Question("ad-events", ("base",), "creative", (1, 2, 3), grain="hour")
    asking = engine(store)
    for day in range(1, 7):
        await append(store, *(Event(at(f"2024-02-{day:02}T{hour:02}"), 1 + hour % 3) for hour in range(24)))
    before = (await asking.ask(question, scope())).rows
    compacting = asyncio.create_task(store.compact())
    meanwhile = [(await asking.ask(question, scope())).rows]
    while not compacting.done():
        meanwhile.append((await asking.ask(question, scope())).rows)
    assert len(before) == 6 * 24
    assert all(rows == before for rows in meanwhile)
    assert (await asking.ask(question, scope())).rows == before
    assert not store.has_fresh("ad-events")


async def test_compaction_keeps_what_arrives_while_it_runs(store: Store) -> None:
    await append(store, Event())
    await asyncio.gather(store.compact(), *(append(store, Event()) for _ in range(8)), store.compact())
    assert await total(store, "impressions") == 9
    await store.compact()
    assert await total(store, "impressions") == 9


async def test_readers_see_whole_commits_while_facts_arrive_and_are_merged(place: Open) -> None:
    """Each commit has a fact in a whole day and one in the hours at the window's edge; both show or neither."""
    window = Window(at("2024-03-04"), at("2024-03-05T13:00"))
    question = Question("ad-events", ("impressions",), "creative", (1,), window, "day", fill_zero=True)
    async with place(compact_after=10) as store:
        asking = engine(store)

        async def write() -> None:
            for _ in range(12):
                await append(store, Event(at("2024-03-04T08:00")), Event(at("2024-03-05T12:30")))

        async def read() -> list[int]:
            seen: list[int] = []
            while not writing.done():
                first, second = [row[2] for row in (await asking.ask(question, scope())).rows]
                assert first == second
                seen.append(first)
            return seen

        writing = asyncio.create_task(write())
        for seen in await asyncio.gather(*(read() for _ in range(2))):
            assert seen == sorted(seen)
        await writing
        assert await total(store, "impressions") == 24


async def until_merged(store: Store) -> None:
    """A merge that has not begun when the store is closed is left to the next one."""
    async with asyncio.timeout(30):
        while (await store.health()).fresh_rows:  # noqa: ASYNC110 - a merge tells nobody of its end
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("facts", "merged"), [(2, False), (3, True)])
async def test_many_fresh_rows_are_merged_without_being_asked(lasting: Open, facts: int, merged: bool) -> None:
    async with lasting(compact_after=3) as store:
        await append(store, *(Event(creative_id=one) for one in range(facts)))
        if merged:
            await until_merged(store)
    # Closing waits for a merge that has begun, so that opening again shows whether there was one.
    async with lasting() as store:
        health = await store.health()
        assert (health.responsive, health.fresh_rows == 0) == (True, merged)


async def test_a_batch_of_nothing_but_duplicates_and_an_empty_one_are_fine(store: Store) -> None:
    await append(store, HAPPENING)
    assert await store.append([batch([HAPPENING]), batch([])]) == [Appended(0, 1), Appended(0, 0)]
    assert await total(store, "impressions") == 1
