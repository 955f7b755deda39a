"""Answers are kept, and every event that could change one evicts it (creators; the seed: "cache invalidation")."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from tests.contracts.creators.asking import data, made
from tests.contracts.creators.tracking import Tracking, set_zone
from tests.serving import Server

APRIL = {"start": "2025-04-20", "end": "2025-05-03"}


class Kept(NamedTuple):
    """A campaign and a creator whose answers, and another organisation's, are kept."""

    server: Server
    tracking: Tracking
    creator: str
    video: str
    campaign: str
    outer: str
    other: Tracking
    theirs: str

    async def campaigns(self) -> Any:
        return await self.tracking.ask("campaign", self.campaign, **APRIL)

    async def cached(self, entity: str, id: str) -> bool:
        return bool((await self.tracking.ask(entity, id, **APRIL))["cached"])


@pytest.fixture
async def kept(server: Server, tracking: Tracking) -> AsyncIterator[Kept]:
    creator = await tracking.creator()
    video = await tracking.video(creator)
    campaign = await tracking.campaign(("video", video))
    outer = await tracking.campaign(("campaign", campaign))
    await tracking.read(video, ("2025-04-25T10:00:00Z", 100), ("2025-04-26T23:30:00Z", 150))
    company = await server.company()
    other = Tracking(company, str((await made(company, "/projects", name="Theirs"))["id"]))
    theirs = await other.video()
    found = Kept(server, tracking, creator, video, campaign, outer, other, theirs)
    for entity, one in (("creator", creator), ("campaign", campaign), ("campaign", outer), ("video", video)):
        assert not await found.cached(entity, one)
        assert await found.cached(entity, one)
    assert not (await other.ask("video", theirs, **APRIL))["cached"]
    yield found
    assert (await other.ask("video", theirs, **APRIL))["cached"], "another organisation's answers were dropped"


async def test_a_kept_answer_is_the_same_but_for_saying_so(kept: Kept) -> None:
    fresh = await kept.tracking.ask("campaign", kept.campaign, **APRIL, granularity="week")
    again = await kept.tracking.ask("campaign", kept.campaign, **APRIL, granularity="week")
    assert again == fresh | {"cached": True}


async def test_new_video_stats_evict(kept: Kept) -> None:
    await kept.tracking.read(kept.video, ("2025-04-28T10:00:00Z", 175))
    answer = await kept.campaigns()
    assert (answer["cached"], answer["series"][0]["total"]) == (False, 75)
    assert not await kept.cached("creator", kept.creator)


async def test_a_creators_new_followers_evict(kept: Kept) -> None:
    await kept.tracking.follow(kept.creator, ("2025-04-28T10:00:00Z", 5))
    assert not await kept.cached("creator", kept.creator)


async def test_an_item_added_or_removed_evicts_the_campaign_and_those_above(kept: Kept) -> None:
    more = await kept.tracking.video()
    await kept.tracking.read(more, ("2025-04-25T10:00:00Z", 0), ("2025-04-26T10:00:00Z", 1000))
    for entity, one in (("creator", kept.creator), ("campaign", kept.campaign), ("campaign", kept.outer)):
        await kept.cached(entity, one)
    await kept.tracking.add(kept.campaign, "video", more)
    answer = await kept.campaigns()
    assert (answer["cached"], answer["series"][0]["total"]) == (False, 1050)
    assert not await kept.cached("campaign", kept.outer)
    assert await kept.cached("creator", kept.creator)
    await kept.tracking.remove(kept.campaign, "video", more)
    answer = await kept.campaigns()
    assert (answer["cached"], answer["series"][0]["total"]) == (False, 50)
    assert not await kept.cached("campaign", kept.outer)


async def test_annotations_evict_their_entity_and_what_shows_them(kept: Kept) -> None:
    body = {"scope": "creator", "entity_id": kept.creator, "at": "2025-04-30T10:00:00Z", "title": "New series"}
    annotation = await made(kept.tracking.company, "/analytics/annotations", **body)
    path = f"/analytics/annotations/{annotation['id']}"
    for change, title in (
        (None, "New series"),
        (("PATCH", {"title": "Newer"}), "Newer"),
        (("DELETE", {}), None),
    ):
        if change is not None:
            await data(kept.tracking.company, change[0], path, **change[1])
        for entity, one in (("creator", kept.creator), ("video", kept.video)):
            answer = await kept.tracking.ask(entity, one, **APRIL, hide_auto="1")
            titles = [mark["title"] for mark in answer["annotations"]]
            assert (answer["cached"], titles) == (False, [title] if title else []), (change, entity)
            assert (await kept.tracking.ask(entity, one, **APRIL, hide_auto="1"))["cached"]
        assert await kept.cached("campaign", kept.campaign)


async def test_another_time_zone_evicts_and_answers_at_once(kept: Kept) -> None:
    day = {"start": "2025-04-27", "end": "2025-04-27"}
    assert await kept.tracking.total("video", kept.video, **day) == 0
    await set_zone(kept.tracking.company, "Europe/Oslo")
    answer = await kept.tracking.ask("video", kept.video, **day)
    assert (answer["cached"], answer["tz"], answer["series"][0]["total"]) == (False, "Europe/Oslo", 50)


async def exclude(kept: Kept) -> None:
    await data(kept.tracking.company, "PATCH", f"/videos/{kept.video}", tracking_status="excluded")


async def repost(kept: Kept) -> None:
    await data(kept.tracking.company, "PATCH", f"/videos/{kept.video}", posted_at="2025-04-25T09:00:00Z")


async def delete(kept: Kept) -> None:
    await data(kept.tracking.company, "DELETE", f"/videos/{kept.video}")


@pytest.mark.parametrize(("change", "total"), [(exclude, None), (repost, 150), (delete, None)])
async def test_other_changes_of_a_video_evict_too(
    kept: Kept, change: Callable[[Kept], Awaitable[None]], total: int | None
) -> None:
    await change(kept)
    answer = await kept.campaigns()
    assert (answer["cached"], answer["series"][0]["total"]) == (False, total)


async def test_a_kept_answer_is_five_minutes_old_at_most(kept: Kept) -> None:
    longest = kept.server.services.control.shared.kept_for or timedelta(minutes=5)
    kept.server.clock.advance(longest - timedelta(seconds=1))
    assert await kept.cached("campaign", kept.campaign)
    kept.server.clock.advance(timedelta(seconds=1))
    assert not await kept.cached("campaign", kept.campaign)
    # The other organisation's is as old.
    assert not (await kept.other.ask("video", kept.theirs, **APRIL))["cached"]


async def test_nothing_is_kept_beyond_midnight(server: Server, tracking: Tracking) -> None:
    video = await tracking.video()
    server.clock.advance(timedelta(hours=11, minutes=28))
    first = await tracking.ask("video", video)
    server.clock.advance(timedelta(minutes=2))
    second = await tracking.ask("video", video)
    assert (first["to"], second["to"], second["cached"]) == ("2025-05-03", "2025-05-04", False)
