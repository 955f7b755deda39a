"""Annotations of one organisation: people make, change and remove them, everybody reads them.

    annotations = Annotations(uow.session, scope, await control.rosters.get(scope.organisation_id))
    view = await annotations.create(("creator", 7), at, "Launched a series", None)

The server's own are made in ``annotations.auto``. Their author or an admin may change
them; that the caller may write at all is for the caller of this to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations.markdown import safe_markdown
from headwater.control.annotations.models import Annotation, Entity, Source, column_of
from headwater.control.annotations.telling import tell_annotation
from headwater.control.annotations.views import AnnotationView, about, authored, viewed, visible_from
from headwater.control.creators.roster import Roster
from headwater.control.db import Change, surroundings
from headwater.control.rules import long_text, text
from headwater.errors import Forbidden, InvalidRequest, NotFound, Problem
from headwater.kit.ids import new_uuid, read_uuid
from headwater.scope import Role, Scope

LONGEST_TITLE: Final = 200
LONGEST_BODY: Final = 8000


class Edge(NamedTuple):
    """Where a page ends: the time and number of its last annotation."""

    at: datetime
    number: int


class Span(msgspec.Struct, frozen=True):
    """From ``start`` up to, not including, ``end``; either may be open. Without a zone they are UTC."""

    start: datetime | None = None
    end: datetime | None = None

    def condition(self) -> ColumnElement[bool]:
        """That an annotation falls into it."""
        found = Annotation.id > 0
        if self.start is not None:
            found &= Annotation.at >= in_utc(self.start)
        if self.end is not None:
            found &= Annotation.at < in_utc(self.end)
        return found


class AnnotationChange(msgspec.Struct, frozen=True):
    """New values for some fields; ``body_md`` may be taken away."""

    at: datetime | UnsetType = UNSET
    title: str | UnsetType = UNSET
    body_md: str | UnsetType | None = UNSET


class Annotations:
    """The annotations of the scope's organisation, which ``roster`` describes."""

    def __init__(self, session: AsyncSession, scope: Scope, roster: Roster) -> None:
        self._session = session
        self._scope = scope
        self._roster = roster
        self._organisation_id = scope.organisation_id

    async def page(
        self, entity: Entity | None, span: Span, source: Source | None, limit: int, after: Edge | None
    ) -> tuple[list[AnnotationView], Edge | None]:
        """What an entity shows, or all of the organisation, latest first; and where the next page begins."""
        query = select(Annotation).where(self._own, span.condition())
        if entity is not None:
            query = query.where(about(visible_from(self._roster, entity, self._organisation_id)))
        if source is not None:
            query = query.where(Annotation.source == source)
        if after is not None:
            earlier = (Annotation.at == after.at) & (Annotation.id < after.number)
            query = query.where(or_(Annotation.at < after.at, earlier))
        query = query.order_by(Annotation.at.desc(), Annotation.id.desc()).limit(limit + 1)
        found = (await self._session.scalars(query)).all()
        rows = found[:limit]
        edge = Edge(rows[-1].at, rows[-1].id) if len(found) > limit else None
        return await self._viewed(rows, frozenset() if entity is None else frozenset({entity})), edge

    async def create(self, entity: Entity, at: datetime, title: str, body_md: str | None) -> AnnotationView:
        """A new one by the person behind the scope."""
        scope, number = entity
        texts = _checked(AnnotationChange(title=title, body_md=body_md))
        now = surroundings(self._session).clock()
        row = Annotation(
            **{column_of(scope): number, "organisation_id": self._organisation_id},
            public_id=new_uuid(),
            source="user",
            kind="user",
            scope=scope,
            at=in_utc(at),
            **texts,
            author_id=self._scope.user_id,
            created_at=now,
            updated_at=now,
        )
        self._session.add(row)
        try:
            await self._session.flush()
        except IntegrityError:
            # Another process deleted it within the seconds for which a roster is trusted.
            raise NotFound(f"There is no such {scope} any more.", field="entity_id") from None
        await tell_annotation(self._session, row)
        return await self._changed(row)

    async def update(self, annotation_id: str, change: AnnotationChange) -> AnnotationView:
        """Change what is given."""
        row = await self._get(annotation_id)
        if row.source == "auto":
            raise Forbidden("The server made this annotation; it can be deleted, not edited.", field="id")
        self._require_author_or_admin(row)
        if change.at is not UNSET:
            row.at = in_utc(change.at)
        for column, value in _checked(change).items():
            setattr(row, column, value)
        row.updated_at = surroundings(self._session).clock()
        await self._session.flush()
        return await self._changed(row)

    async def delete(self, annotation_id: str) -> str:
        """Remove one; its UUID."""
        row = await self._get(annotation_id)
        self._require_author_or_admin(row)
        await self._session.execute(delete(Annotation).where(self._own, Annotation.id == row.id))
        surroundings(self._session).announce(Change("annotations", self._organisation_id, row.entity))
        return row.public_id

    async def _get(self, annotation_id: str) -> Annotation:
        spelt = read_uuid(annotation_id)
        wanted = select(Annotation).where(self._own, Annotation.public_id == spelt)
        row = await self._session.scalar(wanted) if spelt else None
        if row is None:
            raise NotFound(f"There is no annotation '{annotation_id[:64]}'.", field="id")
        return row

    def _require_author_or_admin(self, row: Annotation) -> None:
        if row.author_id == self._scope.user_id or self._scope.allows("admin", Role.admin):
            return
        granted = [self._scope.role.name] if self._scope.role < Role.admin else sorted(self._scope.permissions)
        who = "its author or an admin" if row.author_id is not None else "an admin"
        raise Forbidden(f"Only {who} may change this annotation.", required=["admin"], granted=granted)

    async def _changed(self, row: Annotation) -> AnnotationView:
        surroundings(self._session).announce(Change("annotations", self._organisation_id, row.entity))
        (view,) = await self._viewed([row], frozenset())
        return view

    async def _viewed(self, rows: Sequence[Annotation], asked: frozenset[Entity]) -> list[AnnotationView]:
        return viewed(self._roster, await authored(self._session, rows), asked)

    @property
    def _own(self) -> ColumnElement[bool]:
        return Annotation.organisation_id == self._organisation_id


def _checked(change: AnnotationChange) -> dict[str, Any]:
    """The texts that are given, each held to its rule; ``InvalidRequest`` names every one that is wrong."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field, rule in (("title", _title), ("body_md", _body)):
        value = getattr(change, field)
        try:
            if value is not UNSET:
                values[field] = None if value is None else rule(value)
        except InvalidRequest as error:
            problems += error.problems
    if problems:
        raise InvalidRequest.of(problems)
    return values


def _title(title: str) -> str:
    return text(title, "title", longest=LONGEST_TITLE)


def _body(body_md: str) -> str:
    return safe_markdown(long_text(body_md, "body_md", longest=LONGEST_BODY))


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC, which it is taken to be in when it does not say."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
