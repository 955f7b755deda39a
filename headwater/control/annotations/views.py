"""Annotations as they are read: by UUIDs, with their author's name, and seen from the entity that was asked for.

What is visible from where is decided here and nowhere else: an entity shows its own, a
video its creator's, a campaign those of the campaigns above it, each its project's and
the organisation's. Nothing is shown upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations.models import (
    Annotation,
    AnnotationKind,
    Entity,
    Scoped,
    Source,
    column_of,
)
from headwater.control.creators.roster import Roster
from headwater.control.users.models import User


class AnnotationView(msgspec.Struct, frozen=True):
    """One annotation; ``entity_label`` names what it is about when that is not what was asked for."""

    id: str
    source: Source
    kind: AnnotationKind
    scope: Scoped
    entity_id: str
    at: datetime
    title: str
    body_md: str | None
    author_id: int | None
    author_name: str | None
    entity_label: str | None


class Authored(NamedTuple):
    """A row, and what its author is called."""

    of: Annotation
    author_name: str | None


def visible_from(roster: Roster, entity: Entity, organisation_id: int) -> list[Entity]:
    """The entities whose annotations this one shows, itself first."""
    scope, number = entity
    if scope == "org":
        return [entity]
    # A creator's figures are part of a campaign's, but a campaign is not what a creator belongs to.
    above = [one for one in roster.lineage(scope, number) if one[0] != "campaign" or scope == "campaign"]
    return [*above, ("org", organisation_id)]


def about(entities: Iterable[Entity]) -> ColumnElement[bool]:
    """That an annotation is about one of these."""
    numbers: dict[str, set[int]] = {}
    for scope, number in entities:
        numbers.setdefault(scope, set()).add(number)
    each = (
        and_(Annotation.scope == scope, getattr(Annotation, column_of(scope)).in_(sorted(some)))
        for scope, some in numbers.items()
    )
    return or_(false(), *each)


async def authored(session: AsyncSession, rows: Sequence[Annotation]) -> list[Authored]:
    """The rows with the names of their authors."""
    authors = {row.author_id for row in rows} - {None}
    names = select(User.id, User.full_name).where(User.id.in_(authors))
    name_of = dict((await session.execute(names)).all()) if authors else {}
    return [Authored(row, name_of.get(row.author_id) if row.author_id else None) for row in rows]


def viewed(roster: Roster, rows: Iterable[Authored], asked: frozenset[Entity] = frozenset()) -> list[AnnotationView]:
    """The rows as they are read, in their order; those of ``asked`` need no label, and without it none does."""
    return [_view(roster, row.of, row.author_name, asked) for row in rows]


def _view(roster: Roster, row: Annotation, author_name: str | None, asked: frozenset[Entity]) -> AnnotationView:
    inherited = bool(asked) and row.entity not in asked
    return AnnotationView(
        row.public_id,
        row.source,
        row.kind,
        row.scope,
        roster.public_id(*row.entity),
        row.at,
        row.title,
        row.body_md,
        row.author_id,
        author_name,
        roster.label(*row.entity) if inherited else None,
    )
