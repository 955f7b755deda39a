"""Workspaces, campaigns, creative groups, creatives and components of one organisation.

Entities are archived, never deleted: the facts about them stay. Who may change them
is for the caller to ask of the scope.

    campaign, created = await Entities(uow.session, scope).create("campaign", NewEntity(name="Winter", parent_id=1))
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Change, surroundings
from headwater.control.entities.kinds import PARENT, PARENT_FIELD, Kind, words
from headwater.control.entities.models import Entity
from headwater.control.entities.nested import TreeNode, visible_workspaces
from headwater.control.entities.repository import EntityRows
from headwater.control.entities.rules import (
    LAST_POSITION,
    EntityChange,
    NewEntity,
    checked,
    checked_new,
    name_of_component,
)
from headwater.errors import Conflict, NotFound
from headwater.scope import Scope


class Entities:
    """The entities of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        self._rows = EntityRows(session, scope)

    async def create(self, kind: Kind, new: NewEntity) -> tuple[Entity, bool]:
        """A new entity, and true; or the one that has its external id, brought up to date, and false."""
        external_id = checked(kind, new.as_change()).get("external_id")
        known = await self._rows.find_external(kind, external_id) if external_id is not None else None
        if known is not None:
            return await self._change(known, new.as_change()), False
        values = checked_new(kind, new)
        await self._require_parents(kind, {values["parent_id"]})
        if kind == "component" and values["position"] is None:
            await self._place([values])
        now = surroundings(self._session).clock()
        entity = Entity(
            organisation_id=self._scope.organisation_id, kind=kind, created_at=now, updated_at=now, **values
        )
        self._session.add(entity)
        await self._changed()
        return entity, True

    async def create_many(self, kind: Kind, many: Sequence[NewEntity]) -> Sequence[int]:
        """The ids of all, in order: existing external ids are returned as they are, the others made in bulk."""
        rows = [checked_new(kind, new) for new in many]
        ids = await self._rows.ids_by_external(kind, {row["external_id"] for row in rows} - {None})
        fresh = _without_known(rows, ids)
        await self._require_parents(kind, {row["parent_id"] for row in fresh})
        if kind == "component":
            await self._place(fresh)
        made = iter(await self._rows.insert(kind, fresh, surroundings(self._session).clock()))
        if fresh:
            await self._changed()
        return _ids_in_order(rows, ids, made)

    async def get(self, kind: Kind, entity_id: int) -> Entity:
        """The entity of this kind and id, archived or not."""
        entity = await self._rows.find(kind, entity_id)
        if entity is None:
            raise NotFound(f"There is no {words(kind)} {entity_id}.", field="id")
        return entity

    async def update(self, kind: Kind, entity_id: int, change: EntityChange) -> Entity:
        """Change some fields; another ``parent_id`` moves the entity with all below it."""
        return await self._change(await self.get(kind, entity_id), change)

    async def archive(self, kind: Kind, entity_id: int) -> Entity:
        """Take an entity out of tree and lists; it stays readable by id and goes on taking facts."""
        return await self.update(kind, entity_id, EntityChange(archived=True))

    async def list(
        self, kind: Kind, parent_id: int | None = None, archived: bool = False, limit: int = 20, offset: int = 0
    ) -> tuple[Sequence[Entity], int]:
        """One page, newest first, and how many there are; with ``archived`` those as well."""
        if parent_id is not None:
            await self._require_parents(kind, {parent_id})
        return await self._rows.page(kind, parent_id, archived, limit, offset)

    async def tree(self, workspace_ids: Sequence[int] | None = None) -> Sequence[TreeNode]:
        """These workspaces (all, when ``None``) with what is visible below them, in order of id."""
        if workspace_ids is not None:
            await self._require("workspace", set(workspace_ids), "workspaces[]")
        visible = await visible_workspaces(self._session, self._scope)
        return [node for node in visible if workspace_ids is None or node.id in workspace_ids]

    async def by_external_id(self, kind: Kind, external_ids: Collection[str]) -> dict[str, int]:
        """The ids of those external ids that exist."""
        return await self._rows.ids_by_external(kind, external_ids)

    async def _change(self, entity: Entity, change: EntityChange) -> Entity:
        values = checked(entity.kind, change)
        if "parent_id" in values:
            await self._require_parents(entity.kind, {values["parent_id"]})
        if values.get("external_id") not in (None, entity.external_id):
            await self._refuse_taken(entity.kind, values["external_id"])
        _keep_name_in_step(entity, values)
        for field, value in values.items():
            setattr(entity, field, value)
        entity.updated_at = surroundings(self._session).clock()
        await self._changed()
        return entity

    async def _refuse_taken(self, kind: Kind, external_id: str) -> None:
        if await self._rows.find_external(kind, external_id):
            raise Conflict(f"Another {words(kind)} has the external id '{external_id}'.", field="external_id")

    async def _require_parents(self, kind: Kind, parent_ids: Collection[int]) -> None:
        if kind in PARENT:
            await self._require(PARENT[kind], parent_ids, PARENT_FIELD[kind])

    async def _require(self, kind: Kind, ids: Collection[int], field: str) -> None:
        existing = await self._rows.existing(kind, ids)
        missing = [entity_id for entity_id in ids if entity_id not in existing]
        if missing:
            raise NotFound(f"There is no {words(kind)} {min(missing)}.", field=field)

    async def _place(self, components: Sequence[dict[str, Any]]) -> None:
        """Give each component without a position the next one of its creative."""
        after = await self._rows.next_positions({row["parent_id"] for row in components})
        for row in components:
            free = min(after.get(row["parent_id"], 0), LAST_POSITION)
            if row["position"] is None:
                row["position"] = free
            after[row["parent_id"]] = max(free, row["position"] + 1)

    async def _changed(self) -> None:
        await self._session.flush()
        await self._rows.count_change()
        surroundings(self._session).announce(Change("entities", self._scope.organisation_id))


def _keep_name_in_step(entity: Entity, values: dict[str, Any]) -> None:
    """A component that was named after its content stays so when the content changes."""
    if entity.kind != "component" or "name" in values:
        return
    component_type, content = entity.component_type or "", entity.content or ""
    if entity.name == name_of_component(component_type, content):
        values["name"] = name_of_component(values.get("component_type", component_type), values.get("content", content))


def _without_known(rows: Sequence[dict[str, Any]], ids: dict[str, int]) -> list[dict[str, Any]]:
    """The rows to be made: of those with the same external id the first, and none that exists."""
    seen = set(ids)
    fresh = []
    for row in rows:
        external_id = row["external_id"]
        if external_id in seen:
            continue
        fresh.append(row)
        if external_id is not None:
            seen.add(external_id)
    return fresh


def _ids_in_order(rows: Sequence[dict[str, Any]], ids: dict[str, int], made: Iterator[int]) -> Sequence[int]:
    known = dict(ids)
    ordered = []
    for row in rows:
        external_id = row["external_id"]
        entity_id = known[external_id] if external_id in known else next(made)
        if external_id is not None:
            known[external_id] = entity_id
        ordered.append(entity_id)
    return ordered
