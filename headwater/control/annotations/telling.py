"""Tells webhooks of annotations that were made, as whoever reads them by UUIDs knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations.models import Annotation, Entity
from headwater.control.creators.models import Campaign, Creator, Project, Video
from headwater.control.organisations.models import Organisation
from headwater.control.webhooks.events import JSON
from headwater.control.webhooks.outbox import queue, subscribers

_HAVE_UUIDS: Final[Mapping[str, type[Organisation | Project | Creator | Video | Campaign]]] = {
    "org": Organisation,
    "project": Project,
    "creator": Creator,
    "video": Video,
    "campaign": Campaign,
}


async def tell_annotation(session: AsyncSession, row: Annotation) -> None:
    """Tell of one that was just made."""
    webhooks = await subscribers(session, row.organisation_id, "annotation.created")
    if webhooks:
        told = _told({name: getattr(row, name) for name in _COLUMNS}, await _uuid(session, row.entity))
        await queue(session, row.organisation_id, "annotation.created", [told], webhooks)


async def tell_annotations(
    session: AsyncSession, organisation_id: int, made: Sequence[tuple[Mapping[str, Any], str]]
) -> None:
    """Tell of many: the columns of each, and the UUID of what it is about."""
    webhooks = await subscribers(session, organisation_id, "annotation.created")
    if webhooks:
        told = [_told(values, uuid) for values, uuid in made]
        await queue(session, organisation_id, "annotation.created", told, webhooks)


_COLUMNS: Final = ("public_id", "source", "kind", "scope", "at", "title", "body_md")


def _told(values: Mapping[str, Any], entity_id: str) -> dict[str, JSON]:
    return {
        "id": values["public_id"],
        "entity_id": entity_id,
        **{name: values[name] for name in _COLUMNS if name != "public_id"},
    }


async def _uuid(session: AsyncSession, entity: Entity) -> str:
    kind, number = entity
    table = _HAVE_UUIDS[kind]
    return (await session.scalars(select(table.public_id).where(table.id == number))).one()
