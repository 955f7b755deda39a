"""What the jobs do: whose rollups are rebuilt and when, what is pruned, what is tidied away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from structlog.testing import capture_logs

from headwater.control import Control
from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.creators import Creators
from headwater.control.creators.items import Items
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CampaignFields, CreatorFields, ProjectFields
from headwater.control.idempotency.models import KeptAnswer
from headwater.control.jobs.leases import Leases
from headwater.control.jobs.requests import request_rollup, requested
from headwater.control.organisations.service import OrganisationSettings
from headwater.control.tokens.models import CookieSession, RefreshToken
from headwater.jobs.registry import Job, jobs
from headwater.jobs.schedule import Every, Nightly, Schedule
from headwater.jobs.worker import Worker
from headwater.kit.clock import FixedClock
from tests.control.founding import Founded

MINUTES = timedelta(minutes=1)


class Store:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.rebuilt: list[int] = []
        self.everything: list[bool] = []
        self.pruned: list[tuple[int, datetime]] = []
        self.failing: set[int] = set()

    async def rebuild(self, organisation_id: int, everything: bool) -> None:
        self.rebuilt.append(organisation_id)
        self.everything.append(everything)
        if organisation_id in self.failing:
            raise OSError("disk on fire")

    async def prune(self, organisation_id: int, before: datetime) -> None:
        self.pruned.append((organisation_id, before))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def named(controls: list[Control], clock: FixedClock, store: Store) -> dict[str, Job]:
    return {job.name: job for job in jobs(controls[0], clock, store.rebuild, store.prune)}


async def waiting(control: Control) -> list[int]:
    async with control.reading() as session:
        return [one.organisation_id for one in await requested(session)]


async def jobs_done(control: Control, clock: FixedClock) -> None:
    """Every request fulfilled."""
    job = next(one for one in jobs(control, clock, Store().rebuild) if one.name == "rollup-creators")
    await job.run()
    assert await waiting(control) == []


async def request(control: Control, *organisations: int) -> None:
    async with control.unit_of_work() as unit:
        for one in organisations:
            await request_rollup(unit.session, one)


def test_without_what_they_call_there_are_no_jobs_that_call_it(controls: list[Control], clock: FixedClock) -> None:
    assert [job.name for job in jobs(controls[0], clock)] == ["tidy", "billing", "payments"]


class TestRollups:
    async def test_a_request_is_fulfilled_once_within_five_minutes(
        self,
        controls: list[Control],
        nord: Founded,
        syd: Founded,
        named: dict[str, Job],
        store: Store,
        clock: FixedClock,
    ) -> None:
        job = named["rollup-creators"]
        workers = [Worker(control, [job], clock) for control in controls]
        own = nord.scope.organisation_id
        await request(controls[0], own, own)
        for _ in range(5):
            clock.advance(MINUTES)
            for worker in workers:
                await worker.turn(job)
        assert (store.rebuilt, store.everything) == ([own], [False])
        assert await waiting(controls[0]) == []

    async def test_one_that_fails_stays_requested_and_spoils_no_other(
        self, controls: list[Control], nord: Founded, syd: Founded, named: dict[str, Job], store: Store
    ) -> None:
        bad, good = nord.scope.organisation_id, syd.scope.organisation_id
        store.failing = {bad}
        await request(controls[0], bad, good)
        with capture_logs() as lines, pytest.raises(ExceptionGroup):
            await named["rollup-creators"].run()
        assert [line["organisation"] for line in lines] == [bad]
        assert store.rebuilt == [bad, good]
        assert await waiting(controls[0]) == [bad]

    async def test_what_is_requested_while_it_is_rebuilt_is_rebuilt_again(
        self, controls: list[Control], nord: Founded, clock: FixedClock
    ) -> None:
        own, rebuilt = nord.scope.organisation_id, []

        async def rebuild(organisation_id: int, _: bool) -> None:
            rebuilt.append(organisation_id)
            if len(rebuilt) == 1:
                await request(controls[1], organisation_id)

        job = next(one for one in jobs(controls[0], clock, rebuild) if one.name == "rollup-creators")
        await request(controls[0], own)
        await job.run()
        assert await waiting(controls[0]) == [own]
        await job.run()
        assert (rebuilt, await waiting(controls[0])) == ([own, own], [])

    async def test_nothing_requested_is_no_run(
        self, controls: list[Control], nord: Founded, named: dict[str, Job], clock: FixedClock
    ) -> None:
        job = named["rollup-creators"]
        assert not await Worker(controls[0], [job], clock).turn(job)

    async def test_every_night_all_are_rebuilt(
        self, nord: Founded, syd: Founded, named: dict[str, Job], store: Store
    ) -> None:
        await named["rollup-creators-nightly"].run()
        assert store.rebuilt == [nord.scope.organisation_id, syd.scope.organisation_id]
        assert store.everything == [True, True]

    async def test_a_membership_change_requests_one(
        self, controls: list[Control], nord: Founded, clock: FixedClock
    ) -> None:
        control = controls[0]
        async with control.unit_of_work() as unit:
            session, scope = unit.session, nord.scope
            project = await Projects(session, scope).create(ProjectFields(name="P"))
            creator, _ = await Creators(session, scope).create(project, CreatorFields(handle="ada"))
            campaign = await Campaigns(session, scope).create(project, CampaignFields(name="C"))
        assert await waiting(control) == [nord.scope.organisation_id]
        await jobs_done(control, clock)
        async with control.unit_of_work() as unit:
            await Items(unit.session, scope).add(campaign, "creator", creator.public_id)
        assert await waiting(control) == [nord.scope.organisation_id]

    async def test_another_time_zone_requests_one(
        self, controls: list[Control], nord: Founded, clock: FixedClock
    ) -> None:
        async with controls[0].unit_of_work() as unit:
            await OrganisationSettings(unit.session, nord.scope).update(analytics_tz="Asia/Tokyo")
        assert await waiting(controls[0]) == [nord.scope.organisation_id]


class TestMilestones:
    async def test_every_night_after_the_rollup_each_organisation_is_marked(
        self, controls: list[Control], nord: Founded, syd: Founded, clock: FixedClock, store: Store
    ) -> None:
        marked: list[int] = []

        async def mark(organisation_id: int) -> None:
            marked.append(organisation_id)

        found = {job.name: job for job in jobs(controls[0], clock, store.rebuild, store.prune, mark)}
        await found["milestones"].run()
        assert marked == [nord.scope.organisation_id, syd.scope.organisation_id]
        times = [found[name].schedule for name in ("rollup-creators-nightly", "milestones", "prune")]
        assert times == sorted(times)


class TestPruning:
    async def test_only_what_the_plan_does_not_keep_by_the_day_of_the_zone(
        self,
        controls: list[Control],
        nord: Founded,
        syd: Founded,
        named: dict[str, Job],
        store: Store,
        clock: FixedClock,
    ) -> None:
        control, own = controls[0], nord.scope.organisation_id
        async with control.unit_of_work() as unit:
            await control.plans.set(unit, str(own), "free")
            await OrganisationSettings(unit.session, nord.scope).update(analytics_tz="America/New_York")
        clock.now = datetime(2026, 7, 2, 3, 15, tzinfo=UTC)
        await named["prune"].run()
        # It is still 1 July in New York; the 90 days before it begin there at midnight, which is 4 o'clock in UTC.
        assert store.pruned == [(own, datetime.fromisoformat("2026-04-02T04:00:00"))]


class TestTidying:
    async def test_what_is_over_goes_and_what_is_not_stays(
        self, controls: list[Control], nord: Founded, named: dict[str, Job], clock: FixedClock
    ) -> None:
        control = controls[0]
        async with control.unit_of_work() as unit:
            await control.idempotency.remember(unit.session, "o", "k", "POST /x", "f", 200, {}, b"")
            await control.users.start_session(unit, nord.user)
            await Leases(unit.session).claim("x", clock(), "w", MINUTES)
            await Leases(unit.session).end("x", "w", "done")
        await named["tidy"].run()
        assert await counts(control) == [1, 1, 1, 1]
        clock.advance(timedelta(hours=24))
        await named["tidy"].run()
        assert await counts(control) == [0, 1, 1, 1]
        clock.advance(timedelta(days=31))
        await named["tidy"].run()
        assert await counts(control) == [0, 0, 0, 0]

    async def test_mails_that_were_written_go_after_thirty_days(
        self, controls: list[Control], nord: Founded, named: dict[str, Job], clock: FixedClock, tmp_path: Path
    ) -> None:
        await controls[0].settle()
        outbox = tmp_path / "data" / "outbox"
        assert len(list(outbox.iterdir())) == 1
        clock.advance(timedelta(days=30))
        await named["tidy"].run()
        assert len(list(outbox.iterdir())) == 1
        clock.advance(timedelta(seconds=1))
        await named["tidy"].run()
        assert list(outbox.iterdir()) == []


async def counts(control: Control) -> list[int]:
    async with control.reading() as session:
        tables = (KeptAnswer, CookieSession, RefreshToken)
        found = [await session.scalar(select(func.count()).select_from(one)) or 0 for one in tables]
        return [*found, len(await Leases(session).runs("x"))]


SCHEDULES = st.one_of(
    st.builds(Nightly, st.integers(0, 23), st.integers(0, 59)),
    st.builds(Every, st.timedeltas(timedelta(seconds=1), timedelta(days=2))),
)


@given(SCHEDULES, st.lists(st.integers(0, 4_000_000_000), min_size=2, max_size=20))
def test_slots_follow_one_another_and_hold_their_moments(schedule: Schedule, seconds: list[int]) -> None:
    aware = [datetime.fromtimestamp(one, UTC) for one in sorted(seconds)]
    slots = [schedule.slot(moment) for moment in aware]
    assert all(slot <= moment for slot, moment in zip(slots, aware, strict=True))
    assert all(one <= other for one, other in pairwise(slots))
    assert [schedule.slot(slot) for slot in slots] == slots
    period = timedelta(days=1) if isinstance(schedule, Nightly) else schedule.period
    assert all(moment - slot < period for slot, moment in zip(slots, aware, strict=True))
