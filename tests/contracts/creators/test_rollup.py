"""Campaigns' kept sums: made nightly and soon after a change of members, never behind, never seen in an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headwater.jobs.worker import Worker
from headwater.storage.port import Group
from tests.contracts.creators.asking import data
from tests.contracts.creators.tracking import Tracking, set_zone
from tests.serving import Server

APRIL = {"start": "2025-04-20", "end": "2025-05-03"}


@pytest.fixture
def worker(server: Server) -> Worker:
    """The server's worker, which runs a job when a test tells it to."""
    found = server.headwater.worker
    assert found is not None
    return found


async def groups(server: Server, tracking: Tracking) -> list[Group]:
    """The sums that are kept for the organisation's campaigns."""
    return list(server.services.store.groups(tracking.company.organisation_id).values())


async def run(worker: Worker, server: Server, name: str) -> bool:
    """Let five minutes pass, and the job have its turn."""
    server.clock.advance(timedelta(minutes=5))
    return await worker.turn(worker.jobs[name])


async def asked_both_ways(server: Server, tracking: Tracking, campaign: str, **params: str) -> Any:
    """The series of the kept sums, which must be those of the live data."""
    organisation = tracking.company.organisation_id
    kept = await tracking.ask("campaign", campaign, **APRIL, **params)
    assert not kept["cached"]
    numbers = list(server.services.store.groups(organisation))
    await server.services.store.drop_groups(organisation, numbers)
    server.clock.advance(timedelta(minutes=6))
    live = await tracking.ask("campaign", campaign, **APRIL, **params)
    assert not live["cached"]
    assert live["series"] == kept["series"]
    return kept


async def test_a_membership_change_has_the_sums_rebuilt_within_five_minutes(
    server: Server, tracking: Tracking, worker: Worker
) -> None:
    first, second = await tracking.video(), await tracking.video()
    for video in (first, second):
        await tracking.read(video, ("2025-04-21T10:00:00Z", 10), ("2025-04-23T10:00:00Z", 40))
    campaign = await tracking.campaign(("video", first))
    assert await groups(server, tracking) == []
    assert await run(worker, server, "rollup-creators")
    (before,) = await groups(server, tracking)
    assert not await run(worker, server, "rollup-creators"), "nothing had changed"
    await tracking.add(campaign, "video", second)
    assert await tracking.total("campaign", campaign, **APRIL) == 60, "a stale sum was read"
    assert await run(worker, server, "rollup-creators")
    (after,) = await groups(server, tracking)
    assert after.members != before.members
    assert (await asked_both_ways(server, tracking, campaign))["series"][0]["total"] == 60


async def test_new_and_late_snapshots_are_in_the_kept_sums_at_once(
    server: Server, tracking: Tracking, worker: Worker
) -> None:
    video = await tracking.video(posted_at="2025-04-20T12:00:00Z")
    campaign = await tracking.campaign(("video", video))
    await tracking.read(video, ("2025-04-25T10:00:00Z", 100))
    await run(worker, server, "rollup-creators")
    await tracking.read(video, ("2025-05-03T10:00:00Z", 150))
    await tracking.read(video, ("2025-04-21T10:00:00Z", 30))
    values = [point["value"] for point in (await asked_both_ways(server, tracking, campaign))["series"][0]["points"]]
    assert values == [None, 30, 0, 0, 0, 70, 0, 0, 0, 0, 0, 0, 0, 50]


async def test_campaigns_asked_for_together_have_their_own_figures_kept_or_not(
    server: Server, tracking: Tracking, worker: Worker
) -> None:
    campaigns = []
    for views in (10, 200, 3000):
        video = await tracking.video(posted_at="2025-04-20T12:00:00Z")
        await tracking.read(video, ("2025-04-21T10:00:00Z", views))
        campaigns.append(await tracking.campaign(("video", video)))
    assert await run(worker, server, "rollup-creators")
    kept, other, changed = campaigns
    await tracking.add(changed, "video", video := await tracking.video(posted_at="2025-04-20T12:00:00Z"))
    await tracking.read(video, ("2025-04-21T11:00:00Z", 40000))
    for asked, totals in {
        (kept, other): [10, 200],
        (other, kept): [200, 10],
        (changed, other, kept): [43000, 200, 10],
    }.items():
        lines = (await tracking.ask("campaign", ",".join(asked), **APRIL))["series"]
        assert [line["entity_ref"]["id"] for line in lines] == list(asked)
        assert [line["total"] for line in lines] == totals


async def test_the_nightly_rebuild_evicts_the_campaigns_answers(
    server: Server, tracking: Tracking, worker: Worker
) -> None:
    video = await tracking.video()
    campaign = await tracking.campaign(("video", video))
    await tracking.read(video, ("2025-04-21T10:00:00Z", 10), ("2025-04-23T10:00:00Z", 40))
    server.clock.advance(timedelta(hours=14))
    await tracking.ask("campaign", campaign, **APRIL)
    assert (await tracking.ask("campaign", campaign, **APRIL))["cached"]
    assert await worker.turn(worker.jobs["rollup-creators-nightly"])
    assert not (await tracking.ask("campaign", campaign, **APRIL))["cached"]
    assert len(await groups(server, tracking)) == 1


async def test_days_of_another_zone_are_not_read_from_the_kept_sums(
    server: Server, tracking: Tracking, worker: Worker
) -> None:
    video = await tracking.video()
    campaign = await tracking.campaign(("video", video))
    await tracking.read(video, ("2025-04-21T10:00:00Z", 10), ("2025-04-22T23:30:00Z", 40))
    await run(worker, server, "rollup-creators")
    day = {"start": "2025-04-23", "end": "2025-04-23"}
    assert await tracking.total("campaign", campaign, **day) == 0
    assert await tracking.total("campaign", campaign, tz="Europe/Oslo", **day) == 30
    await set_zone(tracking.company, "Europe/Oslo")
    assert await tracking.total("campaign", campaign, **day) == 30
    assert await run(worker, server, "rollup-creators")
    assert [group.zone for group in await groups(server, tracking)] == ["Europe/Oslo"]
    assert server.services.store.zone(tracking.company.organisation_id) == "Europe/Oslo"
    assert await tracking.total("campaign", campaign, **day) == 30
    assert await tracking.total("campaign", campaign, tz="UTC", **day) == 0


async def test_sums_of_a_deleted_campaign_go(server: Server, tracking: Tracking, worker: Worker) -> None:
    video = await tracking.video()
    campaign = await tracking.campaign(("video", video))
    await run(worker, server, "rollup-creators")
    await data(tracking.company, "DELETE", f"/campaigns/{campaign}")
    assert await run(worker, server, "rollup-creators")
    assert await groups(server, tracking) == []


async def test_nightly_pruning_takes_what_the_plan_does_not_keep(
    server: Server, tracking: Tracking, worker: Worker
) -> None:
    video = await tracking.video()
    readings = (("2025-01-10T10:00:00Z", 10), ("2025-01-20T10:00:00Z", 30), ("2025-03-01T10:00:00Z", 90))
    await tracking.read(video, *readings)
    async with server.services.control.unit_of_work() as unit:
        await server.services.control.plans.set(unit, str(tracking.company.organisation_id), "free")
    server.clock.advance(timedelta(hours=15))
    assert await worker.turn(worker.jobs["prune"])
    async with server.services.control.unit_of_work() as unit:
        await server.services.control.plans.set(unit, str(tracking.company.organisation_id), "enterprise")
    span = {"start": "2025-01-01", "end": "2025-03-02"}
    assert await tracking.total("video", video, **span) == 60
    assert await tracking.total("video", video, mode="cumulative", **span) == 90
    assert (await tracking.values("video", video, mode="cumulative", **span))[:20] == [None] * 19 + [30]
