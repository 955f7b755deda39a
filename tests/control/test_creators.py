"""Projects, creators, videos, campaigns and rosters: who sees what, what circles are, when caches drop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control import Control, provide
from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.creators import Creators
from headwater.control.creators.items import Items
from headwater.control.creators.models import Campaign, CampaignItem, Creator, Project, Video
from headwater.control.creators.projects import Projects
from headwater.control.creators.roster import Roster
from headwater.control.creators.rules import CampaignFields, CreatorFields, ProjectFields, VideoFields
from headwater.control.creators.videos import Videos
from headwater.control.organisations.service import OrganisationSettings
from headwater.errors import Conflict, NotFound
from headwater.kit.clock import FixedClock
from headwater.scope import Scope
from headwater.settings import Settings

from .founding import CHEAP_HASHER, Founded


class Grown:
    """One row of each kind; the campaign holds the creator and the video."""

    def __init__(self, project: Project, creator: Creator, video: Video, campaign: Campaign) -> None:
        self.project = project
        self.creator = creator
        self.video = video
        self.campaign = campaign


async def grow(control: Control, scope: Scope) -> Grown:
    async with control.unit_of_work() as uow:
        session = uow.session
        project = await Projects(session, scope).create(ProjectFields(name="Spring"))
        creator, _ = await Creators(session, scope).create(project, CreatorFields(handle="ada"))
        of_ada = VideoFields(external_id="1", creator_id=creator.public_id, posted_at="2026-02-01T12:00:00+02:00")
        video, _ = await Videos(session, scope).create(project, of_ada)
        campaign = await Campaigns(session, scope).create(project, CampaignFields(name="Drop"))
        for kind, row in (("creator", creator), ("video", video)):
            await Items(session, scope).add(campaign, kind, row.public_id)
    return Grown(project, creator, video, campaign)


async def _count(control: Control) -> list[int]:
    async with control.reading() as session:
        return [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Project, Creator, Video, Campaign, CampaignItem)
        ]


async def test_the_roster_holds_what_the_tables_hold(control: Control, nord: Founded, syd: Founded) -> None:
    own, foreign = await grow(control, nord.scope), await grow(control, syd.scope)
    roster = await control.rosters.get(nord.scope.organisation_id)
    assert roster.find("video", own.video.public_id) == own.video.id
    assert roster.find("video", foreign.video.public_id) is None
    assert roster.videos("campaign", own.campaign.id) == (own.video.id,)
    assert roster.lineage("video", own.video.id) == (
        ("video", own.video.id),
        ("creator", own.creator.id),
        ("campaign", own.campaign.id),
        ("project", own.project.id),
    )
    posted = roster.posted_at(own.video.id)
    assert posted is not None
    assert (posted.isoformat(), roster.zone) == ("2026-02-01T10:00:00", "UTC")
    with pytest.raises(NotFound):
        await control.rosters.get(99)


async def test_a_video_is_called_by_its_title_else_its_address_else_its_external_id(
    control: Control, nord: Founded
) -> None:
    async with control.unit_of_work() as uow:
        project = await Projects(uow.session, nord.scope).create(ProjectFields(name="Spring"))
        names = {"external_id": "7301", "url": "https://v.example/1", "title": "Episode 1"}
        for count in (1, 2, 3):
            given = dict(list(names.items())[:count])
            given["external_id"] = f"{count}"
            await Videos(uow.session, nord.scope).create(project, VideoFields(**given))
    roster = await control.rosters.get(nord.scope.organisation_id)
    assert [roster.label("video", number) for number in roster.numbers("video")] == [
        "1",
        "https://v.example/1",
        "Episode 1",
    ]


async def test_every_way_of_writing_drops_the_roster_at_commit(control: Control, nord: Founded) -> None:
    own = await grow(control, nord.scope)
    organisation_id, scope = nord.scope.organisation_id, nord.scope
    project, creator, video, campaign = own.project, own.creator, own.video, own.campaign
    writes: list[Callable[[AsyncSession], Awaitable[Any]]] = [
        lambda s: Projects(s, scope).create(ProjectFields(name="Autumn")),
        lambda s: Projects(s, scope).update(project.public_id, ProjectFields(name="Summer")),
        lambda s: Creators(s, scope).create(project, CreatorFields(handle="bob")),
        lambda s: Creators(s, scope).create(project, CreatorFields(handle="bob", display_name="Bob")),
        lambda s: Creators(s, scope).update(creator.public_id, CreatorFields(display_name="Ada")),
        lambda s: Videos(s, scope).create(project, VideoFields(external_id="2")),
        lambda s: Videos(s, scope).update(video.public_id, VideoFields(tracking_status="excluded")),
        lambda s: Campaigns(s, scope).create(project, CampaignFields(name="Second")),
        lambda s: Campaigns(s, scope).update(campaign.public_id, CampaignFields(name="First")),
        lambda s: Items(s, scope).remove(campaign, "video", video.public_id),
        lambda s: Items(s, scope).add(campaign, "video", video.public_id),
        lambda s: OrganisationSettings(s, scope).update(analytics_tz="Europe/Oslo"),
        lambda s: Videos(s, scope).delete(video.public_id),
        lambda s: Creators(s, scope).delete(creator.public_id),
        lambda s: Campaigns(s, scope).delete(campaign.public_id),
        lambda s: Projects(s, scope).delete(project.public_id),
    ]
    for write in writes:
        before = await control.rosters.get(organisation_id)
        async with control.unit_of_work() as uow:
            await write(uow.session)
            assert control.rosters.cached(organisation_id) is before
        assert control.rosters.cached(organisation_id) is None
        assert await control.rosters.get(organisation_id) is not before


async def test_another_process_is_noticed_within_two_seconds(
    control: Control, settings: Settings, clock: FixedClock, nord: Founded
) -> None:
    organisation_id = nord.scope.organisation_id
    before = await control.rosters.get(organisation_id)
    changed: list[int] = []
    control.rosters.on_change(changed.append)
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    own = await grow(beside, nord.scope)
    assert await control.rosters.get(organisation_id) is before
    clock.advance(timedelta(seconds=2))
    after = await control.rosters.get(organisation_id)
    assert (after.zone, after.videos("campaign", own.campaign.id)) == ("UTC", (own.video.id,))
    assert changed == [organisation_id]
    async with beside.unit_of_work() as uow:
        await OrganisationSettings(uow.session, nord.scope).update(analytics_tz="Europe/Oslo")
    await beside.stop()
    clock.advance(timedelta(seconds=2))
    assert (await control.rosters.get(organisation_id)).zone == "Europe/Oslo"


async def test_a_refused_change_leaves_the_roster(control: Control, nord: Founded) -> None:
    own = await grow(control, nord.scope)
    before = await control.rosters.get(nord.scope.organisation_id)

    async def fail() -> None:
        async with control.unit_of_work() as uow:
            await Projects(uow.session, nord.scope).delete(own.project.public_id)
            raise Conflict("No.")

    with pytest.raises(Conflict):
        await fail()
    assert control.rosters.cached(nord.scope.organisation_id) is before
    assert await _count(control) == [1, 1, 1, 1, 2]


async def test_deleting_goes_down_and_never_sideways(control: Control, nord: Founded, syd: Founded) -> None:
    own, foreign = await grow(control, nord.scope), await grow(control, syd.scope)
    async with control.unit_of_work() as uow:
        await Creators(uow.session, nord.scope).delete(own.creator.public_id)
    assert await _count(control) == [2, 1, 1, 2, 2]
    async with control.unit_of_work() as uow:
        await Projects(uow.session, nord.scope).delete(own.project.public_id)
    assert await _count(control) == [1, 1, 1, 1, 2]
    for delete, row in ((Projects.delete, foreign.project), (Videos.delete, foreign.video)):
        service = Projects if delete is Projects.delete else Videos
        async with control.unit_of_work() as uow:
            with pytest.raises(NotFound):
                await service(uow.session, nord.scope).delete(row.public_id)
    assert await _count(control) == [1, 1, 1, 1, 2]


async def test_a_number_is_never_given_again(control: Control, nord: Founded) -> None:
    """Facts are kept by number, and outlive the row for a while."""
    first = await grow(control, nord.scope)
    async with control.unit_of_work() as uow:
        await Projects(uow.session, nord.scope).delete(first.project.public_id)
    second = await grow(control, nord.scope)
    for kind in ("project", "creator", "video", "campaign"):
        assert getattr(second, kind).id > getattr(first, kind).id


@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(links=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=14))
async def test_no_order_of_nesting_makes_a_circle(
    control: Control, nord: Founded, links: list[tuple[int, int]]
) -> None:
    async with control.unit_of_work() as uow:
        session, scope = uow.session, nord.scope
        project = await Projects(session, scope).create(ProjectFields(name="Fresh"))
        campaigns = [
            await Campaigns(session, scope).create(project, CampaignFields(name=str(number))) for number in range(5)
        ]
        below: dict[int, set[int]] = {number: set() for number in range(5)}
        for holder, held in links:
            circle = holder in _reach(below, held)
            try:
                await Items(session, scope).add(campaigns[holder], "campaign", campaigns[held].public_id)
            except Conflict:
                assert circle
            else:
                assert not circle
                below[holder].add(held)
    roster: Roster = await control.rosters.get(nord.scope.organisation_id)
    for number, campaign in enumerate(campaigns):
        above = {one for one in range(5) if one != number and number in _reach(below, one)}
        found = {row for kind, row in roster.lineage("campaign", campaign.id) if kind == "campaign"}
        assert found == {campaign.id, *(campaigns[one].id for one in above)}


def _reach(below: dict[int, set[int]], start: int) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        fresh = below[waiting.pop()] - seen
        seen |= fresh
        waiting += fresh
    return seen
