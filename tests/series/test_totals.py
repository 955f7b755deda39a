"""Totals of a span are the sums of its days, whatever was read when, and cost one statement for each dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.catalogue.series import EntityKind
from headwater.kit.clock import FixedClock
from headwater.query.cache import TagGenerations
from headwater.query.series.question import Span
from headwater.query.series.run import ANALYTICS
from headwater.query.series.totals import Figures, Totals, TotalsEngine, TotalsQuestion, together
from headwater.scope import Scope
from headwater.storage.port import Store
from tests.examples import examples
from tests.stores import Opening

from .reference import COUNTERS, Reading
from .test_properties import CAMPAIGN, CREATOR, START, VIDEOS, Case, Facts, cases, roster_of, taking
from .world import ELSEWHERE, SCOPE, TODAY, Roster, asked, engine, read, views

NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
MARCH = Span(date(2026, 3, 1), date(2026, 3, 31))
PROJECT = 1


class Whole(Roster):
    """A roster of one project, with one creator and one campaign."""

    def numbers(self, kind: str, project: int | None = None) -> tuple[int, ...]:
        return {"project": (PROJECT,), "creator": (CREATOR,), "campaign": (CAMPAIGN,)}[kind]


def whole(roster: Roster, videos: tuple[int, ...] = VIDEOS) -> Whole:
    """The same roster, all of whose videos are the project's."""
    holds = {(kind, one): roster.videos(kind, one) for kind, one in (("creator", CREATOR), ("campaign", CAMPAIGN))}
    posted = {video: at for video in videos if (at := roster.posted_at(video)) is not None}
    return Whole({**holds, ("project", PROJECT): videos}, posted)


def totalling(store: Store, cache_bytes: int = 0, generations: TagGenerations | None = None) -> TotalsEngine:
    """The engine over ``store`` at noon (UTC) of today."""
    clock = FixedClock(NOON)
    return TotalsEngine(engine(store), generations or TagGenerations(), clock, cache_bytes=cache_bytes)


def march(zone: str = "UTC", project: int | None = None) -> TotalsQuestion:
    return TotalsQuestion(project, MARCH, zone, TODAY)


@pytest.fixture(scope="module")
def facts(opening: Opening) -> Iterator[Facts]:
    with taking(opening) as facts:
        yield facts


@given(case=cases, start=st.integers(-3, 10), days=st.integers(0, 12))
@settings(max_examples=examples(30))
@pytest.mark.timeout(240)
def test_totals_are_those_of_the_series(facts: Facts, case: Case, start: int, days: int) -> None:
    first = START.date() + timedelta(days=start)
    span = Span(first, first + timedelta(days=days))
    roster = whole(roster_of(case))

    async def check() -> None:
        scope = await facts.take(case)
        question = TotalsQuestion(None, span, case.zone, TODAY)
        totals = await totalling(facts.store).ask(question, roster, scope, 0)
        held = [totals.videos[video] for video in roster.videos("campaign", CAMPAIGN)]
        for kind, number, figures in (
            *(("video", video, totals.videos[video]) for video in VIDEOS),
            ("creator", CREATOR, totals.creators[CREATOR]),
            ("campaign", CAMPAIGN, together(held)),
        ):
            assert await of_series(facts.store, kind, number, totals, roster, scope) == counters(figures)

    facts.run(check())


def counters(figures: Figures) -> list[int | None]:
    """What is new of each counter, then the level of views."""
    return [*(getattr(figures, counter) for counter in COUNTERS), figures.views_total]


async def of_series(
    store: Store, kind: EntityKind, number: int, totals: Totals, roster: Roster, scope: Scope
) -> list[Any]:
    """The same by the engine of time series."""
    span, zone = totals.question.span, totals.question.zone
    found = []
    for metric, mode in (*((counter, "new") for counter in COUNTERS), ("views", "cumulative")):
        question = asked(metric, [number], span.first, span.last, entity=kind, mode=mode, zone=zone)
        found.append((await engine(store).ask(question, roster, scope, 0)).main[0].total)
    return found


async def test_followers_are_a_level_and_a_change(opening: Opening) -> None:
    async with opening() as store:
        followers = (("2026-02-01", 100), ("2026-03-10", 90), ("2026-03-20", 140), ("2026-04-01", 7))
        await read(
            store,
            [Reading(CREATOR, datetime.fromisoformat(f"{day}T10:00:00"), (count,)) for day, count in followers],
            creators=True,
        )
        found = (await totalling(store).ask(march(), Whole({}), SCOPE, 0)).creators[CREATOR]
        assert (found.followers, found.followers_change) == (140, 40)
        foreign = (await totalling(store).ask(march(), Whole({}), ELSEWHERE, 0)).creators[CREATOR]
        assert (foreign.followers, foreign.followers_change, foreign.views) == (None, None, None)


async def test_posts_are_counted_by_the_zones_days(opening: Opening) -> None:
    posted = {
        1: datetime.fromisoformat("2026-02-28T23:30:00"),
        2: datetime.fromisoformat("2026-03-31T22:30:00"),
        3: datetime.fromisoformat("2026-03-15T12:00:00"),
    }
    roster = Whole({("project", PROJECT): VIDEOS, ("creator", CREATOR): VIDEOS}, posted)
    async with opening() as store:
        for zone, within, by_the_end in (("UTC", [0, 1, 1, 0], 3), ("Europe/Oslo", [1, 0, 1, 0], 2)):
            totals = await totalling(store).ask(march(zone), roster, SCOPE, 0)
            assert [totals.videos[video].posts for video in VIDEOS] == within
            creator = totals.creators[CREATOR]
            assert (creator.posts, creator.posts_total) == (sum(within), by_the_end)


async def test_thousands_of_videos_cost_two_statements(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(range(1, 3001))
    roster = Whole({("project", PROJECT): many, ("creator", CREATOR): many})
    async with opening() as store:
        await read(store, [views(video, "2026-03-02T10:00:00", video, baseline=False) for video in many])
        fetch, statements = store.fetch, []

        async def counted(statement: Any) -> Any:
            statements.append(statement)
            return await fetch(statement)

        monkeypatch.setattr(store, "fetch", counted)
        totals = await totalling(store).ask(march(), roster, SCOPE, 0)
        assert len(statements) == 2
        assert totals.creators[CREATOR].views == sum(many)
        assert totals.videos[2999].views == 2999


async def test_all_who_ask_at_once_or_soon_after_share_one_answer(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = Whole({("project", PROJECT): VIDEOS})
    generations = TagGenerations()
    async with opening() as store:
        fetch, count = store.fetch, 0

        async def counted(statement: Any) -> Any:
            nonlocal count
            count += 1
            return await fetch(statement)

        monkeypatch.setattr(store, "fetch", counted)
        asking = totalling(store, 1_000_000, generations)
        await asyncio.gather(*(asking.ask(march(), roster, SCOPE, 0) for _ in range(9)))
        await asking.ask(march(), roster, SCOPE, 0)
        assert count == 2
        generations.bump([(SCOPE.organisation_id, ANALYTICS, 0)])
        await asking.ask(march(), roster, SCOPE, 0)
        assert count == 4


async def test_an_older_rosters_totals_do_not_pass_for_a_newer_ones(opening: Opening) -> None:
    async with opening() as store:
        asking = totalling(store, 1_000_000)
        # Read before the change that the second one has seen, though nobody has told the cache of it yet.
        older = await asking.ask(march(), Whole({("project", PROJECT): (1, 2)}), SCOPE, 0)
        newer = await asking.ask(march(), Whole({("project", PROJECT): (2, 3)}), SCOPE, 1)
        assert (list(older.videos), list(newer.videos)) == ([1, 2], [2, 3])


@pytest.mark.parametrize(("at", "until"), [((12, 0), (12, 5)), ((23, 58), (24, 0))])
async def test_totals_are_good_for_five_minutes_but_not_beyond_the_day(
    opening: Opening, at: tuple[int, int], until: tuple[int, int]
) -> None:
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    async with opening() as store:
        clock = FixedClock(midnight + timedelta(hours=at[0], minutes=at[1]))
        asking = TotalsEngine(engine(store), TagGenerations(), clock, cache_bytes=0)
        totals = await asking.ask(march(), Whole({}), SCOPE, 0)
        assert totals.fresh is not None
        assert totals.fresh.expires == midnight + timedelta(hours=until[0], minutes=until[1])
