"""The hierarchy as questions need it: in memory, immutable, archived things included.

``EntityTree`` is pure and answers without waiting; ``EntityTrees`` keeps one for each
organisation that is being asked about, and notices within two seconds when another
process has changed the entities.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final, NamedTuple

from sqlalchemy import select

from headwater.control.db import Database
from headwater.control.entities.kinds import Kind
from headwater.control.entities.models import Entity
from headwater.control.organisations.models import Organisation
from headwater.errors import NotFound
from headwater.kit.clock import Clock

_TRUSTED_FOR: Final = timedelta(seconds=2)
_MOST_TREES: Final = 256


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


@dataclass
class _Kept:
    """The tree of one organisation; one task at a time builds it, the others wait for that."""

    one_builder: asyncio.Lock = field(default_factory=asyncio.Lock)
    tree: EntityTree | None = None
    version: int = -1
    trusted_until: datetime | None = None


class EntityTrees:
    """The trees of the organisations asked about last."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: dict[int, _Kept] = {}
        self._listeners: list[Callable[[int], None]] = []

    def on_change(self, listener: Callable[[int], None]) -> None:
        """Call ``listener`` with the organisation whose entities were found to have changed."""
        self._listeners.append(listener)

    def cached(self, organisation_id: int) -> EntityTree | None:
        """The tree, if it was found to be fresh within the last two seconds."""
        kept = self._kept.get(organisation_id)
        return self._trusted(kept) if kept else None

    async def get(self, organisation_id: int) -> EntityTree:
        """The tree as it is now, or was at most two seconds ago if another process changed it."""
        kept = self._keep(organisation_id)
        async with kept.one_builder:
            return self._trusted(kept) or await self._refreshed(kept, organisation_id)

    def evict(self, organisation_id: int) -> None:
        """Forget a tree; one that is being built now serves those who wait for it, and is then dropped."""
        self._kept.pop(organisation_id, None)
        self._changed(organisation_id)

    def _changed(self, organisation_id: int) -> None:
        for listener in self._listeners:
            listener(organisation_id)

    def _trusted(self, kept: _Kept) -> EntityTree | None:
        return kept.tree if kept.trusted_until is not None and self._clock() < kept.trusted_until else None

    def _keep(self, organisation_id: int) -> _Kept:
        kept = self._kept.pop(organisation_id, None) or _Kept()
        self._kept[organisation_id] = kept
        while len(self._kept) > _MOST_TREES:
            del self._kept[next(iter(self._kept))]
        return kept

    async def _refreshed(self, kept: _Kept, organisation_id: int) -> EntityTree:
        trusted_until = self._clock() + _TRUSTED_FOR
        # One transaction: the version belongs to the rows that are read after it.
        async with self._database.reading() as session:
            version = await session.scalar(
                select(Organisation.entities_version).where(Organisation.id == organisation_id)
            )
            if version is None:
                raise NotFound(f"There is no organisation {organisation_id}.", field="organisation")
            if kept.tree is None or kept.version != version:
                columns = [getattr(Entity, name) for name in EntityRow._fields]
                own = Entity.organisation_id == organisation_id
                rows = await session.execute(select(*columns).where(own))
                kept.tree = await asyncio.to_thread(EntityTree, map(EntityRow._make, rows))
                kept.version = version
                self._changed(organisation_id)
        kept.trusted_until = trusted_until
        return kept.tree
