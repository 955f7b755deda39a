"""For any course of readings, the engine answers what the rules say, however and in whatever order they came in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.catalogue.series import EntityKind, Mode
from headwater.query.series.calendar import buckets
from headwater.query.series.question import Granularity, Grid, Span
from headwater.query.series.shape import Series
from headwater.scope import Scope
from headwater.storage.port import Store
from tests.examples import examples
from tests.stores import Opening

from . import reference
from .reference import COUNTERS, Reading
from .world import SCOPE, Roster, asked, engine, keep, read

ZONES = ("UTC", "Europe/Oslo", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")
START = datetime(2026, 3, 24, tzinfo=UTC).replace(tzinfo=None)
VIDEOS, CREATOR, CAMPAIGN = (1, 2, 3, 4), 1, 9
ENTITIES: tuple[tuple[EntityKind, int], ...] = (("creator", CREATOR), ("campaign", CAMPAIGN), ("video", 2))
MODES: tuple[Mode, ...] = ("new", "cumulative")
GRANULARITIES: tuple[Granularity, ...] = ("day", "week", "month", "custom")

counter = st.one_of(st.none(), st.integers(0, 300))
instant = st.integers(0, 14 * 48).map(lambda half_hours: START + timedelta(minutes=30 * half_hours))
video_reading = st.builds(
    Reading,
    subject=st.sampled_from(VIDEOS),
    at=instant,
    counters=st.tuples(st.integers(0, 1000), counter, counter, counter, counter),
    is_baseline=st.sampled_from((None, None, None, True, False)),
)


class Case(NamedTuple):
    commits: list[list[Reading]]
    posted: dict[int, datetime]
    held: dict[int, bool]
    zone: str
    kept_zone: str
    merge_after: int
    keep_after: int
    rezone_after: int


cases = st.builds(
    Case,
    commits=st.lists(st.lists(video_reading, min_size=1, max_size=5), min_size=1, max_size=5),
    posted=st.dictionaries(st.sampled_from(VIDEOS), instant),
    held=st.fixed_dictionaries(dict.fromkeys(VIDEOS, st.booleans())),
    zone=st.sampled_from(ZONES),
    kept_zone=st.sampled_from(ZONES),
    merge_after=st.integers(0, 5),
    keep_after=st.integers(0, 5),
    rezone_after=st.integers(0, 5),
)


def roster_of(case: Case) -> Roster:
    held = tuple(video for video, is_held in case.held.items() if is_held)
    holds = {("creator", CREATOR): VIDEOS[:3], ("campaign", CAMPAIGN): held}
    return Roster(holds, case.posted, dict.fromkeys(VIDEOS[:3], CREATOR))


class Facts:
    """One store for all cases, each an organisation of its own in it."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        self.store = store
        self.run = runner.run
        self._organisations = count(1)

    async def take(self, case: Case) -> Scope:
        """Take a case's commits in, merging, rezoning and keeping the campaign's sums on the way."""
        scope = msgspec.structs.replace(SCOPE, organisation_id=next(self._organisations))
        for number, commit in enumerate([*case.commits, []]):
            if case.rezone_after == number:
                await self.store.rezone(scope.organisation_id, case.kept_zone)
            if case.keep_after == number:
                await keep(self.store, roster_of(case), CAMPAIGN, scope)
            if case.merge_after == number:
                await self.store.compact()
            if commit:
                await read(self.store, commit, scope=scope)
        return scope


@contextmanager
def taking(opening: Opening) -> Iterator[Facts]:
    """A new store in a loop of its own."""
    with asyncio.Runner() as runner:
        place = opening()
        yield Facts(runner, runner.run(_entered(place)))
        runner.run(_left(place))


async def _entered(place: AbstractAsyncContextManager[Store]) -> Store:
    return await place.__aenter__()


async def _left(place: AbstractAsyncContextManager[Store]) -> None:
    await place.__aexit__(None, None, None)


@pytest.fixture(scope="module")
def facts(opening: Opening) -> Iterator[Facts]:
    with taking(opening) as facts:
        yield facts


@given(case=cases, granularity=st.sampled_from(GRANULARITIES), level=st.sampled_from(COUNTERS), data=st.data())
@settings(max_examples=examples(25))
@pytest.mark.timeout(240)
def test_any_history_is_answered_by_the_rules(
    facts: Facts, case: Case, granularity: Granularity, level: str, data: st.DataObject
) -> None:
    first = START.date() + timedelta(days=data.draw(st.integers(-3, 10)))
    span = Span(first, first + timedelta(days=data.draw(st.integers(0, 12))))
    grid = Grid(granularity, 3)
    readings = [reading for commit in case.commits for reading in commit]
    roster = roster_of(case)

    async def check() -> None:
        scope = await facts.take(case)
        for entity, number in ENTITIES:
            courses = reference.courses(
                readings, COUNTERS.index(level), roster.videos(entity, number), roster.posted_at, case.zone
            )
            for mode in MODES:
                question = asked(
                    level,
                    [number],
                    span.first,
                    span.last,
                    entity=entity,
                    mode=mode,
                    granularity=granularity,
                    days=grid.days,
                    zone=case.zone,
                )
                answer = await engine(facts.store).ask(question, roster, scope, 0)
                agree(mode, answer.main[0], courses, [bucket.span for bucket in buckets(span, grid)], span)

    facts.run(check())


def agree(mode: Mode, line: Series, courses: Sequence[reference.Course], spans: Sequence[Span], whole: Span) -> None:
    """Hold a line's points and total against the rules."""

    def expected(span: Span) -> int | None:
        if mode == "new":
            return reference.new(courses, span.first, span.last)
        return reference.level(courses, span.last)

    assert line.values == [expected(span) for span in spans]
    assert line.total == expected(whole)


@given(case=cases)
@settings(max_examples=examples(10))
def test_first_data_is_the_first_reading_that_is_no_baseline(facts: Facts, case: Case) -> None:
    readings = [reading for commit in case.commits for reading in commit]
    roster = roster_of(case)

    async def check() -> None:
        scope = await facts.take(case)
        for entity, number in ENTITIES:
            question = asked("views", [number], date(2026, 3, 1), date(2026, 4, 30), entity=entity, zone=case.zone)
            days = [
                reference.first_day([r for r in readings if r.subject == video], roster.posted_at(video), case.zone)
                for video in roster.videos(entity, number)
            ]
            answer = await engine(facts.store).ask(question, roster, scope, 0)
            assert answer.first_data == min(filter(None, days), default=None), entity

    facts.run(check())


MANY = tuple(range(1, 15))
few = st.lists(
    st.builds(
        Reading,
        subject=st.sampled_from(MANY[:13]),
        at=instant,
        counters=st.tuples(st.integers(0, 3), st.none(), st.none(), st.none(), st.none()),
        is_baseline=st.sampled_from((None, True, False)),
    ),
    min_size=1,
    max_size=40,
)


@given(readings=few, mode=st.sampled_from(MODES), is_kept=st.booleans(), others=st.sampled_from((0, 100)))
@settings(max_examples=examples(25))
def test_a_breakdown_is_the_top_videos_and_the_rest(
    facts: Facts, readings: list[Reading], mode: Mode, is_kept: bool, others: int
) -> None:
    """Few values, so that many are alike, nothing, or less than nothing; one video has no reading."""
    check_breakdown(facts, readings, mode, is_kept, others)


@pytest.mark.parametrize(
    "totals", [range(13, 0, -1), range(9, -4, -1), [5, 4, 3, *[2] * 10], [*range(9, 0, -1), -1, -2, -3]]
)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("others", [0, 100])
def test_a_breakdown_where_the_tenth_place_is_close(
    facts: Facts, totals: Sequence[int], mode: Mode, others: int
) -> None:
    readings = []
    for video, total in zip(reversed(MANY[: len(totals)]), totals, strict=True):
        for day, views in ((0, 10), (4, 10 + total)):
            counters = (views, None, None, None, None)
            readings.append(Reading(video, START + timedelta(days=day), counters, None if day else True))
    check_breakdown(facts, readings, mode, is_kept=False, others=others)


def check_breakdown(facts: Facts, readings: list[Reading], mode: Mode, is_kept: bool, others: int) -> None:
    """Hold the parts of a campaign against questions about each of its videos."""
    roster = Roster({("campaign", CAMPAIGN): MANY}, others=others)
    case = Case([readings], {}, {}, "UTC", "UTC", 1, 0 if is_kept else 9, 9)

    async def check() -> None:
        scope = await facts.take(case)
        if is_kept:
            await keep(facts.store, roster, CAMPAIGN, scope)
        first, last = START.date() + timedelta(days=2), START.date() + timedelta(days=9)
        question = asked("views", [CAMPAIGN], first, last, entity="campaign", mode=mode, by_video=True)
        answer = await engine(facts.store).ask(question, roster, scope, 0)
        each = asked("views", MANY, first, last, entity="video", mode=mode)
        lines = {line.number: line for line in (await engine(facts.store).ask(each, roster, scope, 0)).main}
        # Neither what is unknown nor what it is called tells ranks apart before the figure does.
        ranked = sorted(MANY, key=lambda video: (-(lines[video].total or 0), video))
        assert [part.number for part in answer.parts] == [*ranked[:10], None]
        assert [part.values for part in answer.parts[:-1]] == [lines[video].values for video in ranked[:10]]
        others = asked("views", [CAMPAIGN], first, last, entity="campaign", mode=mode)
        rest = Roster({("campaign", CAMPAIGN): tuple(ranked[10:])})
        (other,) = (await engine(facts.store).ask(others, rest, scope, 0)).main
        assert (answer.parts[-1].values, answer.parts[-1].total) == (other.values, other.total)

    facts.run(check())
