"""Keeps a roster for each organisation that is being asked about, and reads it anew when its rows have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import FromClause, Select, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.models import Campaign, CampaignItem, Creator, Project, Video
from headwater.control.creators.roster import CreatorEntry, Item, NamedEntry, OrganisationEntry, Roster, VideoEntry
from headwater.control.organisations.models import Organisation
from headwater.control.read_models import ReadModels
from headwater.control.record import PlainUtcDateTime


class Rosters(ReadModels[Roster]):
    """The rosters of the organisations asked about last."""

    counter = "roster_version"

    async def _build(self, session: AsyncSession, organisation_id: int) -> Roster:
        # Past the mapper, which would touch each row once more: there may be tens of thousands.
        connection = await session.connection()
        own = _ORGANISATION.where(Organisation.__table__.c.id == organisation_id)
        organisation = OrganisationEntry._make((await connection.execute(own)).one())
        rows = [
            await connection.execute(query.where(table.c.organisation_id == organisation_id))
            for table, query in _QUERIES
        ]
        return await asyncio.to_thread(_built, organisation, rows)


def _selects() -> Iterator[tuple[FromClause, Select[*tuple[Any, ...]]]]:
    """The columns of projects, creators, videos, campaigns and items, in the order of their entries' fields."""
    named = ("id", "public_id", "project_id", "name")
    project, creator, video = Project.__table__, Creator.__table__, Video.__table__
    yield project, select(project.c.id, project.c.public_id, project.c.id, project.c.name)
    yield creator, select(*(creator.c[name] for name in (*named[:3], "handle", "display_name")))
    posted_at = type_coerce(video.c.posted_at, PlainUtcDateTime())
    label = func.coalesce(video.c.title, video.c.url, video.c.external_id)
    first = (video.c.id, video.c.creator_id, posted_at, video.c.tracking_status, label)
    yield video, select(*first, video.c.project_id, video.c.public_id)
    yield Campaign.__table__, select(*(Campaign.__table__.c[name] for name in named))
    held = ("campaign_id", "creator_id", "video_id", "nested_id")
    yield CampaignItem.__table__, select(*(CampaignItem.__table__.c[name] for name in held))


_QUERIES: Final = tuple(_selects())
_ORGANISATION: Final = select(*(Organisation.__table__.c[name] for name in ("id", "public_id", "name", "analytics_tz")))


def _built(organisation: OrganisationEntry, rows: Sequence[Iterable[Any]]) -> Roster:
    projects, creators, videos, campaigns, items = rows
    return Roster(
        organisation,
        projects=map(NamedEntry._make, projects),
        creators=map(CreatorEntry._make, creators),
        videos=map(VideoEntry._make, videos),
        campaigns=map(NamedEntry._make, campaigns),
        items=map(Item._make, items),
    )
