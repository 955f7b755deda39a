"""Creators: list, create or update, read, change, delete."""

from __future__ import annotations

from typing import Any

from headwater.control.creators.creators import Creators
from headwater.control.creators.models import Creator
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CreatorFields
from headwater.surfaces._http.cursors import cursor_of
from headwater.surfaces._http.endpoint import Call, Reply
from headwater.surfaces.creators.bulk import given, posted
from headwater.surfaces.creators.contract import CreatorBody, CreatorChange, CreatorRow, Deleted, TrackedQuery
from headwater.surfaces.creators.envelope import enveloped, listed
from headwater.surfaces.creators.page import read_cursor
from headwater.surfaces.creators.tracked import Handlers, Shapes, endpoints


async def list_creators(call: Call[TrackedQuery, bytes]) -> Reply:
    """A page, newest first."""
    query, before = call.query, read_cursor(call.query.cursor)
    async with call.services.control.reading() as session:
        project = await Projects(session, call.scope).asked_for(query.project_id)
        found, before = await Creators(session, call.scope).list(
            project, query.external_id, query.search, query.limit, before
        )
    return Reply(listed([_row(creator) for creator in found], cursor_of(before)))


async def create_creators(call: Call[Any, CreatorBody]) -> Reply:
    """One or several, new or updated."""
    session = (await call.writing()).session
    project, creators = await Projects(session, call.scope).get(call.path["id"]), Creators(session, call.scope)

    async def create(fields: dict[str, Any]) -> tuple[Creator, bool]:
        return await creators.create(project, CreatorFields(**fields))

    async def rows(made: list[Creator]) -> list[CreatorRow]:
        return [_row(creator) for creator in made]

    return await posted(call.body, "creators", CreatorChange, create, rows)


async def get_creator(call: Call[Any, bytes]) -> Reply:
    """One creator."""
    async with call.services.control.reading() as session:
        return Reply(enveloped(_row(await Creators(session, call.scope).get(call.path["id"]))))


async def update_creator(call: Call[Any, CreatorChange]) -> Reply:
    """Change the fields that were sent."""
    creators = Creators((await call.writing()).session, call.scope)
    return Reply(enveloped(_row(await creators.update(call.path["id"], CreatorFields(**given(call.body))))))


async def delete_creator(call: Call[Any, bytes]) -> Reply:
    """Remove one with its videos."""
    creators = Creators((await call.writing()).session, call.scope)
    creator = await creators.get(call.path["id"])
    await creators.delete(creator.public_id)
    return Reply(enveloped(Deleted(creator.public_id, True)))


def _row(creator: Creator) -> CreatorRow:
    return CreatorRow(
        id=creator.public_id,
        project_id=creator.project.public_id,
        handle=creator.handle,
        platform=creator.platform,
        display_name=creator.display_name,
        description=creator.description,
        metadata=creator.details,
        tracking_mode=creator.tracking_mode,
        tracking_start_date=creator.tracking_start_date,
        external_id=creator.external_id,
    )


ENDPOINTS = endpoints(
    "creator",
    Handlers(list_creators, create_creators, get_creator, update_creator, delete_creator),
    Shapes(CreatorRow, CreatorBody, CreatorChange, TrackedQuery),
    {
        "id": "5b0c9a0e-0a53-4f0c-8a5b-6f2f3c1d9e20",
        "project_id": "0b6cbb6a-5c5f-4a53-9b0e-0f6f0c6a7a10",
        "handle": "ada",
        "platform": "tiktok",
        "display_name": "Ada",
        "description": None,
        "metadata": {},
        "tracking_mode": "auto",
        "tracking_start_date": "2026-03-01",
        "external_id": None,
    },
    {"handle": "ada", "display_name": "Ada", "tracking_start_date": "2026-03-01"},
    creation="One whose `external_id`, or `platform` and `handle`, the project has is updated with the fields that"
    " were sent, and answers 200. A platform is kept in lower case.",
    deletion="Gone, with its videos.",
)
