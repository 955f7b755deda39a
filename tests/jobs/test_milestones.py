"""What is marked by itself on the time axis: targets that are reached and days of record, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from headwater.jobs.milestones import KNOWN_DAYS, Milestones
from tests.contracts.creators.asking import data, made
from tests.contracts.creators.tracking import TODAY, Tracking, set_zone
from tests.serving import Server, serving

DAY = timedelta(days=1)
YESTERDAY = date.fromisoformat(TODAY) - DAY


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path / "data") as started:
        yield started


@pytest.fixture
async def tracking(server: Server) -> Tracking:
    company = await server.company("Acme")
    return Tracking(company, str((await made(company, "/projects", name="Spring"))["id"]))


async def gain(tracking: Tracking, video: str, gains: Sequence[int], last: date = YESTERDAY) -> None:
    """One reading a day up to ``last`` at 08:00 UTC, each so much higher; the first is a baseline."""
    first = last - (len(gains) - 1) * DAY
    levels = accumulate(gains)
    readings = [(f"{first + place * DAY}T08:00:00Z", level) for place, level in enumerate(levels)]
    await tracking.read(video, *readings)


async def mark(tracking: Tracking) -> None:
    """What the job does for the company."""
    services = tracking.company.server.services
    await Milestones(services.control, services.series, services.clock).mark(tracking.company.organisation_id)


async def marks(tracking: Tracking, entity: str, entity_id: str, kind: str) -> list[tuple[str, str]]:
    """Times and titles of what an entity itself was marked with, the latest first."""
    params = {"entity": entity, "entity_id": entity_id, "source": "auto", "limit": 100}
    answer = await tracking.company.get("/api/v1/analytics/annotations", **params)
    rows: list[dict[str, Any]] = answer.json()["data"]
    return [(row["at"], row["title"]) for row in rows if (row["kind"], row["entity_id"]) == (kind, entity_id)]


async def tracked(tracking: Tracking, gains: Sequence[int], **campaign: Any) -> tuple[str, str]:
    """A creator with one video that gains so much a day, and a campaign that holds the creator."""
    creator = await tracking.creator()
    await gain(tracking, await tracking.video(creator), gains)
    return creator, await tracking.campaign(("creator", creator), **campaign)


class TestTargets:
    async def test_the_day_that_reached_it_is_marked_once_on_its_last_second(self, tracking: Tracking) -> None:
        _, campaign = await tracked(tracking, [100, 50, 50, 50], target_views=200)
        for _ in range(2):
            await mark(tracking)
        assert await marks(tracking, "campaign", campaign, "target_reached") == [
            ("2025-05-01T23:59:59Z", "Target of 200 views reached")
        ]

    async def test_days_are_those_of_the_organisation(self, tracking: Tracking) -> None:
        await set_zone(tracking.company, "America/New_York")
        _, campaign = await tracked(tracking, [100, 50, 50, 50], target_views=200)
        await mark(tracking)
        assert await marks(tracking, "campaign", campaign, "target_reached") == [
            ("2025-05-02T03:59:59Z", "Target of 200 views reached")
        ]

    async def test_the_mark_stands_on_its_day_in_answers(self, tracking: Tracking) -> None:
        _, campaign = await tracked(tracking, [100, 50, 50, 50], target_views=200)
        await mark(tracking)
        for day, shown in (("2025-04-30", False), ("2025-05-01", True), ("2025-05-02", False)):
            answer = await tracking.ask("campaign", campaign, start=day, end=day)
            assert ("target_reached" in [one["kind"] for one in answer["annotations"]]) is shown

    async def test_today_is_not_over(self, tracking: Tracking) -> None:
        _, campaign = await tracked(tracking, [100], target_views=150)
        video = await tracking.video()
        await tracking.add(campaign, "video", video)
        await tracking.read(video, (f"{TODAY}T08:00:00Z", 50))
        await mark(tracking)
        assert await marks(tracking, "campaign", campaign, "target_reached") == []
        tracking.company.server.clock.advance(DAY)
        await mark(tracking)
        assert await marks(tracking, "campaign", campaign, "target_reached") == [
            (f"{TODAY}T23:59:59Z", "Target of 150 views reached")
        ]

    async def test_one_that_was_reached_years_ago_is_found(self, tracking: Tracking) -> None:
        _, campaign = await tracked(tracking, [], target_views=200)
        video = await tracking.video()
        await tracking.add(campaign, "video", video)
        await tracking.read(video, ("2022-01-01T08:00:00Z", 100), ("2022-01-05T08:00:00Z", 200))
        await mark(tracking)
        assert [at for at, _ in await marks(tracking, "campaign", campaign, "target_reached")] == [
            "2022-01-05T23:59:59Z"
        ]

    async def test_another_target_is_another_event(self, tracking: Tracking) -> None:
        _, campaign = await tracked(tracking, [100, 50, 50], target_views=150)
        await mark(tracking)
        await data(tracking.company, "PATCH", f"/campaigns/{campaign}", target_views=200)
        await mark(tracking)
        assert [title for _, title in await marks(tracking, "campaign", campaign, "target_reached")] == [
            "Target of 200 views reached",
            "Target of 150 views reached",
        ]

    async def test_of_many_campaigns_each_has_its_own_day(self, tracking: Tracking) -> None:
        creator, _ = await tracked(tracking, [100] * 20)
        campaigns = [await tracking.campaign(("creator", creator), target_views=100 * n) for n in range(5, 18)]
        missed = await tracking.campaign(("creator", creator), target_views=2001)
        await mark(tracking)
        for n, campaign in enumerate(campaigns, 5):
            day = YESTERDAY - (20 - n) * DAY
            assert [at for at, _ in await marks(tracking, "campaign", campaign, "target_reached")] == [
                f"{day}T23:59:59Z"
            ]
        assert await marks(tracking, "campaign", missed, "target_reached") == []


class TestRecords:
    async def test_a_day_above_all_before_it_is_marked_once_at_noon(self, tracking: Tracking) -> None:
        creator, campaign = await tracked(tracking, [*[10] * KNOWN_DAYS, 11])
        for _ in range(2):
            await mark(tracking)
        for entity, number in (("creator", creator), ("campaign", campaign)):
            assert await marks(tracking, entity, number, "record_day") == [
                ("2025-05-02T12:00:00Z", "Record day: 11 new views")
            ]

    async def test_noon_is_that_of_the_organisation(self, tracking: Tracking) -> None:
        await set_zone(tracking.company, "Asia/Tokyo")
        creator, _ = await tracked(tracking, [*[10] * KNOWN_DAYS, 11])
        await mark(tracking)
        assert [at for at, _ in await marks(tracking, "creator", creator, "record_day")] == ["2025-05-02T03:00:00Z"]

    @pytest.mark.parametrize(
        "gains",
        [
            pytest.param([*[10] * (KNOWN_DAYS - 1), 99], id="too few days are known"),
            pytest.param([*[10] * KNOWN_DAYS, 10], id="as many as before"),
            pytest.param([1, 50, *[10] * 30, 11], id="less than long ago"),
            pytest.param([1, 50, *[10] * 400, 11], id="less than more than a year ago"),
            pytest.param([*[10] * KNOWN_DAYS, 0], id="none"),
            pytest.param([500, *[-5] * KNOWN_DAYS, 0], id="none after losses"),
        ],
    )
    async def test_what_is_no_record(self, tracking: Tracking, gains: list[int]) -> None:
        creator, _ = await tracked(tracking, gains)
        await mark(tracking)
        assert await marks(tracking, "creator", creator, "record_day") == []

    async def test_a_reading_that_comes_a_day_late_still_makes_one(self, tracking: Tracking) -> None:
        creator = await tracking.creator()
        video = await tracking.video(creator)
        await gain(tracking, video, [10] * KNOWN_DAYS, YESTERDAY - DAY)
        await mark(tracking)
        tracking.company.server.clock.advance(DAY)
        level = 10 * KNOWN_DAYS + 25
        await tracking.read(video, (f"{YESTERDAY}T20:00:00Z", level), (f"{TODAY}T20:00:00Z", level + 5))
        await mark(tracking)
        assert await marks(tracking, "creator", creator, "record_day") == [
            (f"{YESTERDAY}T12:00:00Z", "Record day: 25 new views")
        ]

    async def test_of_many_creators_each_is_measured_by_its_own_days(self, tracking: Tracking) -> None:
        await tracked(tracking, [10, 1000, *[10] * KNOWN_DAYS])
        creators = [(await tracked(tracking, [*[10] * KNOWN_DAYS, 11 + n]))[0] for n in range(12)]
        await mark(tracking)
        for n, creator in enumerate(creators):
            titles = [title for _, title in await marks(tracking, "creator", creator, "record_day")]
            assert titles == [f"Record day: {11 + n} new views"]


async def test_organisations_have_their_own(server: Server, tracking: Tracking) -> None:
    creator, campaign = await tracked(tracking, [*[10] * KNOWN_DAYS, 11], target_views=100)
    other = await server.company("Bolt")
    services = server.services
    await Milestones(services.control, services.series, services.clock).mark(other.organisation_id)
    assert await marks(tracking, "creator", creator, "record_day") == []
    assert await marks(tracking, "campaign", campaign, "target_reached") == []
