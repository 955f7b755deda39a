"""Annotations that the server makes by itself, each once: what happened is its ``dedupe_key``.

await annotate(session, organisation_id, "item_added", ("campaign", 7), now, "Added Ada", "item_added:31")
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations.models import Annotation, AutoKind, Entity, column_of
from headwater.control.annotations.service import LONGEST_TITLE
from headwater.control.annotations.telling import tell_annotation, tell_annotations
from headwater.control.creators.models import Campaign, Creator, Video
from headwater.control.db import Change, surroundings
from headwater.control.organisations.models import Organisation
from headwater.control.rules import one_line
from headwater.kit.ids import new_uuid
from headwater.kit.zones import midnight

Held = Creator | Video | Campaign


async def annotate(
    session: AsyncSession,
    organisation_id: int,
    kind: AutoKind,
    entity: Entity,
    at: datetime,
    title: str,
    dedupe_key: str,
) -> bool:
    """Make one, in the transaction of what it tells of; false where this was told before."""
    own = Annotation.organisation_id == organisation_id
    if await session.scalar(select(Annotation.id).where(own, Annotation.dedupe_key == dedupe_key)) is not None:
        return False
    values = _values(organisation_id, kind, entity, at, title, dedupe_key)
    now = surroundings(session).clock()
    row = Annotation(**values, created_at=now, updated_at=now)
    session.add(row)
    await session.flush()
    await tell_annotation(session, row)
    surroundings(session).announce(Change("annotations", organisation_id, entity))
    return True


async def tracking_started(session: AsyncSession, creator: Creator) -> bool:
    """A creator is tracked, from the day that was chosen or from now on."""
    zone = "" if creator.tracking_start_date is None else await _zone(session, creator.organisation_id)
    return await annotate(session, creator.organisation_id, *_tracking(creator, zone))


async def trackings_started(session: AsyncSession, organisation_id: int, creators: Sequence[int]) -> None:
    """The same of many creators that were just made, by number."""
    zone, now = await _zone(session, organisation_id), surroundings(session).clock()
    # By range, since no statement takes any number of values.
    near = Creator.id.between(creators[0], creators[-1]), Creator.organisation_id == organisation_id
    made = set(creators)
    found = [
        creator
        for creator in await session.scalars(select(Creator).where(*near).order_by(Creator.id))
        if creator.id in made
    ]
    rows = [
        {**_values(organisation_id, *_tracking(creator, zone)), "created_at": now, "updated_at": now}
        for creator in found
    ]
    await session.execute(insert(Annotation), rows)
    told = [(row, creator.public_id) for row, creator in zip(rows, found, strict=True)]
    await tell_annotations(session, organisation_id, told)
    for number in creators:
        surroundings(session).announce(Change("annotations", organisation_id, ("creator", number)))


async def item_added(session: AsyncSession, campaign: Campaign, item: int, held: Held, at: datetime) -> bool:
    """A campaign holds something more; ``item`` is the number of its item."""
    entity: Entity = ("campaign", campaign.id)
    title, key = f"Added {_words(held)}", f"item_added:{item}"
    return await annotate(session, campaign.organisation_id, "item_added", entity, at, title, key)


async def item_removed(session: AsyncSession, campaign: Campaign, item: int, held: Held) -> bool:
    """A campaign holds something less."""
    entity: Entity = ("campaign", campaign.id)
    title, key = f"Removed {_words(held)}", f"item_removed:{item}"
    at = surroundings(session).clock()
    return await annotate(session, campaign.organisation_id, "item_removed", entity, at, title, key)


async def target_reached(session: AsyncSession, organisation_id: int, campaign: int, target: int, at: datetime) -> bool:
    """A campaign has as many views as it was to get; another target is another event."""
    entity: Entity = ("campaign", campaign)
    key = target_key(campaign, target)
    title = f"Target of {target:,} views reached"
    return await annotate(session, organisation_id, "target_reached", entity, at, title, key)


def target_key(campaign: int, target: int) -> str:
    """The ``dedupe_key`` of a target that was reached."""
    return f"target_reached:campaign:{campaign}:{target}"


async def record_day(
    session: AsyncSession, organisation_id: int, entity: Entity, day: date, views: int, at: datetime
) -> bool:
    """``day`` in the organisation's zone, on which ``at`` stands, brought more new views than any before it."""
    scope, number = entity
    key = f"record_day:{scope}:{number}:{day.isoformat()}"
    return await annotate(session, organisation_id, "record_day", entity, at, f"Record day: {views:,} new views", key)


def _values(
    organisation_id: int, kind: AutoKind, entity: Entity, at: datetime, title: str, dedupe_key: str
) -> dict[str, Any]:
    """The columns of one, but for when it is made."""
    scope, number = entity
    return {
        column_of(scope): number,
        "organisation_id": organisation_id,
        "public_id": new_uuid(),
        "source": "auto",
        "kind": kind,
        "scope": scope,
        "at": at,
        "title": one_line(title, LONGEST_TITLE),
        "body_md": None,
        "author_id": None,
        "dedupe_key": dedupe_key,
    }


def _tracking(creator: Creator, zone: str) -> tuple[AutoKind, Entity, datetime, str, str]:
    """What is said of a creator who is tracked; ``zone`` is where a chosen day begins."""
    at = creator.created_at
    if creator.tracking_start_date is not None:
        at = midnight(creator.tracking_start_date, zone).replace(tzinfo=UTC)
    title = f"Tracking of {creator.display_name or creator.handle} started"
    return "tracking_started", ("creator", creator.id), at, title, f"tracking_started:creator:{creator.id}"


async def _zone(session: AsyncSession, organisation_id: int) -> str:
    return (await session.scalars(select(Organisation.analytics_tz).where(Organisation.id == organisation_id))).one()


def _words(held: Held) -> str:
    """What a campaign holds, as people call it."""
    match held:
        case Creator():
            return f"creator {held.display_name or held.handle}"
        case Video():
            return f"video {held.title or held.url or held.external_id}"
        case Campaign():
            return f"campaign {held.name}"
