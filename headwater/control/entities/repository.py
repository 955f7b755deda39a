"""Queries on entities, each held to the scope's organisation; checks no rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.entities.kinds import Kind
from headwater.control.entities.models import Entity
from headwater.control.organisations.models import Organisation
from headwater.control.rules import is_row_id
from headwater.scope import Scope

# Databases bound the number of values in one statement; the smallest bound here is 32,766.
_VALUES_AT_ONCE: Final = 10_000

_Item = TypeVar("_Item")


class EntityRows:
    """The entities of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id

    async def find(self, kind: Kind, entity_id: int) -> Entity | None:
        """The entity of this kind and id."""
        if not is_row_id(entity_id):
            return None
        return await self._session.scalar(select(Entity).where(self._own(kind), Entity.id == entity_id))

    async def find_external(self, kind: Kind, external_id: str) -> Entity | None:
        """The entity of this kind and external id."""
        return await self._session.scalar(select(Entity).where(self._own(kind), Entity.external_id == external_id))

    async def page(
        self, kind: Kind, parent_id: int | None, archived: bool, limit: int, offset: int
    ) -> tuple[Sequence[Entity], int]:
        """One page, newest first, and how many there are in all."""
        wanted = [self._own(kind)]
        if parent_id is not None:
            wanted.append(Entity.parent_id == parent_id)
        if not archived:
            wanted.append(Entity.archived.is_(False))
        total = await self._session.scalar(select(func.count()).select_from(Entity).where(*wanted)) or 0
        newest = select(Entity).where(*wanted).order_by(Entity.id.desc()).limit(limit).offset(offset)
        return (await self._session.scalars(newest)).all(), total

    async def ids_by_external(self, kind: Kind, external_ids: Collection[str]) -> dict[str, int]:
        """The ids of those that exist."""
        found: dict[str, int] = {}
        for some in _portions(external_ids):
            query = select(Entity.external_id, Entity.id).where(self._own(kind), Entity.external_id.in_(some))
            found.update({str(external_id): entity_id for external_id, entity_id in await self._session.execute(query)})
        return found

    async def existing(self, kind: Kind, ids: Collection[int]) -> set[int]:
        """Those of ``ids`` that exist."""
        found: set[int] = set()
        for some in _portions([entity_id for entity_id in ids if is_row_id(entity_id)]):
            found.update(await self._session.scalars(select(Entity.id).where(self._own(kind), Entity.id.in_(some))))
        return found

    async def next_positions(self, parents: Collection[int]) -> dict[int, int]:
        """The first free position after the components of each creative that has any."""
        after: dict[int, int] = {}
        for some in _portions(parents):
            query = (
                select(Entity.parent_id, func.max(Entity.position) + 1)
                .where(self._own("component"), Entity.parent_id.in_(some))
                .group_by(Entity.parent_id)
            )
            found = await self._session.execute(query)
            after.update(
                {parent: position for parent, position in found if parent is not None and position is not None}
            )
        return after

    async def insert(self, kind: Kind, rows: Sequence[dict[str, Any]], now: datetime) -> list[int]:
        """Add rows in bulk; their ids, in the order of the rows."""
        if not rows:
            return []
        common = {"organisation_id": self._organisation_id, "kind": kind, "created_at": now, "updated_at": now}
        statement = insert(Entity).returning(Entity.id)
        made = await self._session.scalars(statement, [{**common, **row} for row in rows])
        # Rows are numbered in the order in which they are sent, but may be returned in another.
        # sort_by_parameter_order would say the same, and on SQLite sends them one by one: four times slower.
        return sorted(made)

    async def count_change(self) -> None:
        """Tell other processes that the organisation's entities are not what they were."""
        own = Organisation.id == self._organisation_id
        raised = Organisation.entities_version + 1
        await self._session.execute(
            update(Organisation).where(own).values(entities_version=raised),
            execution_options={"synchronize_session": False},
        )

    def _own(self, kind: Kind) -> ColumnElement[bool]:
        return (Entity.organisation_id == self._organisation_id) & (Entity.kind == kind)


def _portions(items: Collection[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while some := list(islice(rest, _VALUES_AT_ONCE)):
        yield some
