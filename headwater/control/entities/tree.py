"""The hierarchy as questions need it: in memory, immutable, archived things included.

``EntityTree`` is pure and answers without waiting; ``EntityTrees`` keeps one for each
organisation that is being asked about.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.entities.kinds import Kind
from headwater.control.entities.models import Entity
from headwater.control.read_models import ReadModels


class Component(NamedTuple):
    """A step of a creative's flow."""

    id: int
    component_type: str
    content: str
    position: int
    archived: bool = False


class EntityRow(NamedTuple):
    """The columns that a tree is built from."""

    id: int
    kind: Kind
    parent_id: int | None
    name: str
    archived: bool
    component_type: str | None
    content: str | None
    position: int | None


class EntityTree:
    """All entities of one organisation at one moment.

    >>> tree = EntityTree([EntityRow(1, "workspace", None, "Nord", False, None, None, None)])
    >>> tree.has("workspace", 1), tree.has("campaign", 1), tree.members("workspace", 1)
    (True, False, ())
    """

    def __init__(self, rows: Iterable[EntityRow]) -> None:
        self._entities: dict[int, tuple[Kind, int | None, str]] = {}
        steps: defaultdict[int, list[Component]] = defaultdict(list)
        # Unpacked, since twenty thousand creatives with their components are no rarity.
        for entity_id, kind, parent_id, name, archived, component_type, content, position in rows:
            self._entities[entity_id] = (kind, parent_id, name)
            if kind == "component" and parent_id is not None:
                step = Component(entity_id, component_type or "", content or "", position or 0, archived)
                steps[parent_id].append(step)
        self._components = {creative_id: _in_order(some) for creative_id, some in steps.items()}
        self.creative_ids = frozenset(
            entity_id for entity_id, (kind, _, _) in self._entities.items() if kind == "creative"
        )
        self._members = self._creatives_below()

    def has(self, kind: str, entity_id: int) -> bool:
        """Whether the organisation has this entity."""
        entity = self._entities.get(entity_id)
        return entity is not None and entity[0] == kind

    def of_kind(self, kind: str) -> tuple[int, ...]:
        """All of a kind, archived ones included, by id."""
        return tuple(sorted(entity_id for entity_id, entity in self._entities.items() if entity[0] == kind))

    def name(self, kind: str, entity_id: int) -> str:
        """The name of an entity that ``has`` knows."""
        if not self.has(kind, entity_id):
            raise KeyError((kind, entity_id))
        return self._entities[entity_id][2]

    def members(self, kind: str, entity_id: int) -> tuple[int, ...]:
        """The creatives at or below an entity; none for one that is unknown."""
        return self._members.get(entity_id, ()) if self.has(kind, entity_id) else ()

    def lineage(self, creative_id: int) -> tuple[tuple[Kind, int], ...]:
        """A creative and what is above it, up to the workspace; nothing for one that is unknown."""
        return tuple(self._upwards(creative_id)) if creative_id in self.creative_ids else ()

    def components(self, creative_id: int) -> tuple[Component, ...]:
        """A creative's flow in order of position, archived components included."""
        return self._components.get(creative_id, ())

    def component_owner(self, component_id: int) -> int | None:
        """The creative that a component, archived or not, belongs to."""
        return self._entities[component_id][1] if self.has("component", component_id) else None

    def _upwards(self, entity_id: int | None) -> Iterator[tuple[Kind, int]]:
        while entity_id is not None:
            kind, parent_id, _ = self._entities[entity_id]
            yield kind, entity_id
            entity_id = parent_id

    def _creatives_below(self) -> dict[int, tuple[int, ...]]:
        below: defaultdict[int, list[int]] = defaultdict(list)
        for creative_id in sorted(self.creative_ids):
            above: int | None = creative_id
            while above is not None:
                below[above].append(creative_id)
                above = self._entities[above][1]
        return {entity_id: tuple(creatives) for entity_id, creatives in below.items()}


def _in_order(steps: list[Component]) -> tuple[Component, ...]:
    return tuple(sorted(steps, key=attrgetter("position", "id"))) if len(steps) > 1 else tuple(steps)


class EntityTrees(ReadModels[EntityTree]):
    """The trees of the organisations asked about last."""

    counter = "entities_version"

    async def _build(self, session: AsyncSession, organisation_id: int) -> EntityTree:
        columns = [getattr(Entity, name) for name in EntityRow._fields]
        rows = await session.execute(select(*columns).where(Entity.organisation_id == organisation_id))
        return await asyncio.to_thread(EntityTree, map(EntityRow._make, rows))
