"""Decision entities of one organisation: make, read, change, archive. Who may do so is for the caller to ask.

offer = await DecisionEntities(uow.session, scope).create(BY_KIND["offer"], OfferBody(name="Card"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, false, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.catalogue.decisions import SYSTEM_OUTCOMES
from headwater.control.db import Change, surroundings
from headwater.control.decisions.kinds import BY_KIND, COLUMNS, Body, EntityKind
from headwater.control.decisions.models import DecisionEntity
from headwater.control.decisions.rules import Named, Target, checked, named
from headwater.control.organisations.models import Organisation
from headwater.control.rules import is_row_id
from headwater.errors import Conflict, Forbidden, InvalidRequest, NotFound
from headwater.kit.ids import new_id
from headwater.scope import Scope

SYSTEM_IDS: Final = frozenset(f"out_{one.key}" for one in SYSTEM_OUTCOMES)
_SYSTEM_KEYS: Final = frozenset(one.key for one in SYSTEM_OUTCOMES)


class EntityPage(NamedTuple):
    """The newest rows of a list, and how long the whole list is; ``before`` is where the next page begins."""

    rows: Sequence[DecisionEntity]
    total: int
    before: int | None


class DecisionEntities:
    """The entities of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id

    async def create(self, kind: EntityKind, body: Body) -> DecisionEntity:
        """A new entity."""
        body = checked(body)
        public_id = body.id or new_id(kind.prefix)
        await self._check_free(kind, "id", DecisionEntity.public_id == public_id, public_id)
        if kind.kind == "outcome_type" and public_id in SYSTEM_IDS:
            raise Conflict(f"'{public_id}' is a system outcome type's id.", field="id")
        await self._check_key(kind, getattr(body, "key", None))
        await self._check_named(kind, body, frozenset())
        now = surroundings(self._session).clock()
        entity = DecisionEntity(
            organisation_id=self._organisation_id,
            kind=kind.kind,
            public_id=public_id,
            created_at=now,
            updated_at=now,
            **_columns(body),
        )
        self._session.add(entity)
        await self._changed()
        return entity

    async def get(self, kind: EntityKind, public_id: str) -> DecisionEntity:
        """The entity of this id, if it is not archived."""
        wanted = (DecisionEntity.public_id == public_id, DecisionEntity.archived_at.is_(None))
        entity = await self._session.scalar(select(DecisionEntity).where(self._own(kind), *wanted))
        if entity is None:
            raise NotFound(f"There is no {kind.word} '{public_id[:64]}'.", field="id")
        return entity

    async def page(self, kind: EntityKind, limit: int, before: int | None) -> EntityPage:
        """The newest ``limit`` that are older than ``before``."""
        living = (self._own(kind), DecisionEntity.archived_at.is_(None))
        total = await self._session.scalar(select(func.count()).select_from(DecisionEntity).where(*living)) or 0
        query = select(DecisionEntity).where(*living)
        if before is not None:
            query = query.where(DecisionEntity.id < before) if is_row_id(before) else query.where(false())
        found = (await self._session.scalars(query.order_by(DecisionEntity.id.desc()).limit(limit + 1))).all()
        return EntityPage(found[:limit], total, found[limit - 1].id if len(found) > limit else None)

    async def update(self, kind: EntityKind, public_id: str, changes: Mapping[str, Any]) -> DecisionEntity:
        """Change the fields that are given, by the contract's names."""
        entity = await self._changeable(kind, public_id)
        before = msgspec.convert(document(entity), kind.body)
        body = checked(msgspec.convert({**document(entity), **changes}, kind.body))
        if (key := getattr(body, "key", None)) != entity.key:
            await self._check_key(kind, key)
        # What was archived since it was named is no obstacle to changing something else.
        await self._check_named(kind, body, {one.target for one in named(kind, before)})
        if kind.kind == "category":
            await self._check_parent(entity, getattr(body, "parent_id", None))
        for column, value in _columns(body).items():
            setattr(entity, column, value)
        entity.updated_at = surroundings(self._session).clock()
        await self._changed()
        return entity

    async def archive(self, kind: EntityKind, public_id: str) -> None:
        """Take the entity out of use; facts that name it stay."""
        entity = await self._changeable(kind, public_id)
        entity.archived_at = entity.updated_at = surroundings(self._session).clock()
        await self._changed()

    async def _changeable(self, kind: EntityKind, public_id: str) -> DecisionEntity:
        if kind.kind == "outcome_type" and public_id in SYSTEM_IDS:
            raise Forbidden("System outcome types cannot be changed; make your own beside them.")
        return await self.get(kind, public_id)

    async def _check_free(self, kind: EntityKind, field: str, taken: ColumnElement[bool], value: str) -> None:
        if await self._session.scalar(select(DecisionEntity.id).where(self._own(kind), taken)) is not None:
            raise Conflict(f"There is or was a {kind.word} with the {field} '{value}'.", field=field)

    async def _check_key(self, kind: EntityKind, key: str | None) -> None:
        if key is None:
            return
        if kind.kind == "outcome_type" and key in _SYSTEM_KEYS:
            raise Conflict(f"'{key}' is the key of a system outcome type.", field="key")
        taken = select(DecisionEntity.id).where(
            self._own(kind), DecisionEntity.key == key, DecisionEntity.archived_at.is_(None)
        )
        if await self._session.scalar(taken) is not None:
            raise Conflict(f"There is a {kind.word} with the key '{key}'.", field="key")

    async def _check_named(self, kind: EntityKind, body: Body, known: Set[Target]) -> None:
        """Refuse a body that names entities that are not there, ``known`` ones excepted."""
        wanted = [one for one in named(kind, body) if one.target not in known]
        there = {target for of in {one.kind for one in wanted} for target in await self._living(of, wanted)}
        for one in wanted:
            if one.target not in there:
                words = f"'{one.field}' names no {BY_KIND[one.kind].word} that exists: '{one.public_id}'."
                raise InvalidRequest(words, field=one.field)

    async def _living(self, kind: str, wanted: Sequence[Named]) -> list[Target]:
        """Those of the kind that are wanted and there."""
        ids = {one.public_id for one in wanted if one.kind == kind}
        living = (DecisionEntity.public_id.in_(ids), DecisionEntity.archived_at.is_(None))
        found = await self._session.scalars(select(DecisionEntity.public_id).where(self._own(BY_KIND[kind]), *living))
        return [(kind, public_id) for public_id in found]

    async def _check_parent(self, entity: DecisionEntity, parent: str | None) -> None:
        own = select(DecisionEntity.public_id, DecisionEntity.details).where(self._own(BY_KIND["category"]))
        parents = {public_id: details["parentId"] for public_id, details in await self._session.execute(own)}
        while parent is not None:
            if parent == entity.public_id:
                raise InvalidRequest("'parentId' must not be the category itself or one below it.", field="parentId")
            parent = parents[parent]

    async def _changed(self) -> None:
        """Write, and tell caches and other processes that the book is not what it was."""
        await self._session.flush()
        raised = {"decisions_version": Organisation.decisions_version + 1}
        await self._session.execute(
            update(Organisation).where(Organisation.id == self._organisation_id).values(raised),
            execution_options={"synchronize_session": False},
        )
        surroundings(self._session).announce(Change("decisions", self._organisation_id))

    def _own(self, kind: EntityKind) -> ColumnElement[bool]:
        own: ColumnElement[bool] = DecisionEntity.organisation_id == self._organisation_id
        return own & (DecisionEntity.kind == kind.kind)


def document(entity: DecisionEntity) -> dict[str, Any]:
    """The entity's fields by the contract's names, without ``id`` and the times."""
    columns = {"key": entity.key, "name": entity.name, "status": entity.status}
    has = {field.encode_name for field in msgspec.structs.fields(BY_KIND[entity.kind].body)}
    return {name: value for name, value in {**columns, **entity.details}.items() if name in has}


def _columns(body: Body) -> dict[str, Any]:
    fields = msgspec.to_builtins(body)
    return {
        "key": fields.get("key"),
        "name": fields.get("name", ""),
        "status": fields.get("status", ""),
        "details": {name: value for name, value in fields.items() if name not in COLUMNS},
    }
