"""Many creators and videos at once come out as one by one, but for those that exist: they stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from headwater.control import Control
from headwater.control.annotations.models import Annotation
from headwater.control.creators.creators import Creators
from headwater.control.creators.models import Creator, Project, Video
from headwater.control.creators.names import named
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CreatorFields, ProjectFields, VideoFields
from headwater.control.creators.videos import Videos
from headwater.control.organisations.models import Organisation
from headwater.errors import InvalidRequest, NotFound, PaymentRequired
from headwater.scope import Scope

from .founding import Founded

CREATORS = [
    CreatorFields(handle="ada", external_id="1", display_name="Ada", metadata={"tier": 1}),
    CreatorFields(handle="ben", platform="youtube", tracking_start_date=date(2026, 3, 1)),
    CreatorFields(handle="cy", tracking_mode="selective", description="Third"),
    CreatorFields(handle="ada", platform="tiktok"),
    CreatorFields(handle="dee", external_id="1"),
]
"""The fourth is the first by handle, the fifth by external id."""


async def a_project(control: Control, scope: Scope, name: str) -> Project:
    async with control.unit_of_work() as uow:
        return await Projects(uow.session, scope).create(ProjectFields(name=name))


async def make_creators(control: Control, scope: Scope, project: Project, many: Sequence[CreatorFields]) -> list[str]:
    async with control.unit_of_work() as uow:
        return list(await Creators(uow.session, scope).create_many(project, many))


async def make_videos(control: Control, scope: Scope, project: Project, many: Sequence[VideoFields]) -> list[str]:
    async with control.unit_of_work() as uow:
        return list(await Videos(uow.session, scope).create_many(project, many))


async def rows(control: Control, table: type[Any], project: Project, *left_out: str) -> list[dict[str, Any]]:
    """The rows of a project, but for what is each one's own."""
    own = {"id", "public_id", "project_id", "creator_id", "dedupe_key", *left_out}
    columns = [column for column in table.__table__.c if column.name not in own]
    async with control.reading() as session:
        held = table.project_id == project.id
        if table is Annotation:
            held = Annotation.creator_id.in_(select(Creator.id).where(Creator.project_id == project.id))
        found = await session.execute(select(*columns).where(held).order_by(table.id))
        return [dict(row._mapping) for row in found]


async def test_creators_in_bulk_are_as_one_by_one(control: Control, nord: Founded) -> None:
    scope = nord.scope
    bulk, single = await a_project(control, scope, "Bulk"), await a_project(control, scope, "Single")
    ids = await make_creators(control, scope, bulk, CREATORS)
    assert ids[3] == ids[4] == ids[0]
    async with control.unit_of_work() as uow:
        for fields in CREATORS[:3]:
            await Creators(uow.session, scope).create(single, fields)
    assert await rows(control, Creator, bulk) == await rows(control, Creator, single)
    told = await rows(control, Annotation, bulk)
    assert told == await rows(control, Annotation, single)
    assert [one["title"] for one in told] == [f"Tracking of {name} started" for name in ("Ada", "ben", "cy")]


async def test_videos_in_bulk_are_as_one_by_one(control: Control, nord: Founded) -> None:
    scope, outcomes = nord.scope, []
    for bulk in (True, False):
        project = await a_project(control, scope, "One of two")
        auto, _, selective, *_ = await make_creators(control, scope, project, CREATORS)
        many = [
            VideoFields(external_id="1", creator_id=auto, posted_at="2026-02-01T12:00:00+02:00", title="First"),
            VideoFields(external_id="2", creator_id=selective),
            VideoFields(external_id="3", url="https://v.example/3"),
            VideoFields(url="https://v.example/4", tracking_status="excluded"),
        ]
        if bulk:
            await make_videos(control, scope, project, many)
        else:
            async with control.unit_of_work() as uow:
                there = await Projects(uow.session, scope).get(project.public_id)
                for fields in many:
                    await Videos(uow.session, scope).create(there, fields)
        roster = await control.rosters.get(scope.organisation_id)
        counted = [len(roster.videos("creator", number)) for number in roster.numbers("creator", project.id)]
        outcomes.append((await rows(control, Video, project), counted))
    assert outcomes[0] == outcomes[1]
    assert [row["tracking_status"] for row in outcomes[0][0]] == [
        "auto_tracked",
        "pending_review",
        "direct_add",
        "excluded",
    ]
    assert outcomes[0][1] == [1, 0, 0]


async def test_what_exists_stays_as_it_is(control: Control, nord: Founded) -> None:
    project = await a_project(control, nord.scope, "Spring")
    creators = await make_creators(control, nord.scope, project, CREATORS)
    videos = await make_videos(
        control, nord.scope, project, [VideoFields(external_id="1"), VideoFields(url="https://v.example/2")]
    )
    before = await rows(control, Creator, project), await rows(control, Video, project)
    changed = CreatorFields(handle="ada", external_id="1", display_name="Somebody else")
    assert await make_creators(control, nord.scope, project, [changed]) == creators[:1]
    again = [VideoFields(external_id="1", title="New title"), VideoFields(external_id="2", url="https://v.example/2")]
    assert await make_videos(control, nord.scope, project, again) == videos
    assert (await rows(control, Creator, project), await rows(control, Video, project)) == before


async def test_one_that_cannot_be_made_leaves_none(control: Control, nord: Founded, syd: Founded) -> None:
    project = await a_project(control, nord.scope, "Spring")
    other = await a_project(control, nord.scope, "Summer")
    foreign = await a_project(control, syd.scope, "Foreign")
    (elsewhere,) = await make_creators(control, nord.scope, other, CREATORS[:1])
    (theirs,) = await make_creators(control, syd.scope, foreign, CREATORS[:1])
    for creator, error in ((elsewhere, InvalidRequest), (theirs, NotFound)):
        with pytest.raises(error) as refusal:
            await make_videos(
                control,
                nord.scope,
                project,
                [VideoFields(external_id="1"), VideoFields(external_id="2", creator_id=creator)],
            )
        assert refusal.value.details["field"] == "creator_id"
    with pytest.raises(InvalidRequest, match="'external_id' or 'url' is required"):
        await make_videos(control, nord.scope, project, [VideoFields(external_id="1"), VideoFields(title="No name")])
    with pytest.raises(InvalidRequest, match="'handle' is required"):
        await make_creators(control, nord.scope, project, [CREATORS[0], CreatorFields(display_name="No handle")])
    assert await rows(control, Creator, project) == await rows(control, Video, project) == []


async def test_many_are_held_against_the_plan_together(control: Control, nord: Founded) -> None:
    project = await a_project(control, nord.scope, "Spring")
    async with control.unit_of_work() as uow:
        own = Organisation.id == nord.scope.organisation_id
        await uow.session.execute(update(Organisation).where(own).values(plan="free"))
    with pytest.raises(PaymentRequired):
        await make_creators(control, nord.scope, project, [CreatorFields(handle=f"c{n}") for n in range(6)])
    with pytest.raises(PaymentRequired):
        await make_videos(control, nord.scope, project, [VideoFields(external_id=f"v{n}") for n in range(201)])
    assert await rows(control, Creator, project) == []
    assert (
        len(await make_creators(control, nord.scope, project, [CreatorFields(handle=f"c{n}") for n in range(5)])) == 5
    )


async def test_names_are_looked_for_in_the_organisation_and_its_projects_only(
    control: Control, nord: Founded, syd: Founded
) -> None:
    spring, summer = await a_project(control, nord.scope, "Spring"), await a_project(control, nord.scope, "Summer")
    foreign = await a_project(control, syd.scope, "Foreign")
    (first,) = await make_creators(control, nord.scope, spring, CREATORS[:1])
    (second,) = await make_creators(control, nord.scope, summer, CREATORS[:1])
    await make_creators(control, syd.scope, foreign, CREATORS[:1])
    async with control.reading() as session:
        everywhere = await named(session, nord.scope, "creator", "handle", ["ada", "nobody"], [])
        there = await named(session, nord.scope, "creator", "external_id", ["1"], [summer.public_id])
        hidden = await named(session, nord.scope, "creator", "external_id", ["1"], [foreign.public_id])
    assert everywhere == [("ada", first), ("ada", second)]
    assert (there, hidden) == ([("1", second)], [])
