"""Entities by the sender's own ids: found once, and made where they are missing.

Knows nothing of records; ``names`` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from headwater.control.entities.kinds import Kind
from headwater.control.entities.rules import NewEntity
from headwater.errors import NotFound


class Directory(Protocol):
    """Where an organisation's entities are kept: its database, or a server that is asked over HTTP."""

    async def find(self, kind: Kind, external_ids: Collection[str], parents: Collection[int]) -> Mapping[str, int]:
        """Ids of those that exist; components are looked for under ``parents``, if that is a help."""

    async def create(self, kind: Kind, many: Sequence[NewEntity]) -> Sequence[int]:
        """The ids of new entities, in order."""


class KnownEntities:
    """Ids by kind and external id, as far as they were asked for."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._ids: dict[tuple[Kind, str], int | None] = {}

    def id_of(self, kind: Kind, external_id: str) -> int | None:
        """The id, if the entity is known to exist."""
        return self._ids.get((kind, external_id))

    async def missing(self, kind: Kind, external_ids: Collection[str], parents: Collection[int] = ()) -> list[str]:
        """Those of ``external_ids`` that do not exist."""
        unasked = [name for name in external_ids if (kind, name) not in self._ids]
        if unasked:
            found = await self._directory.find(kind, unasked, parents)
            self._ids.update({(kind, name): found.get(name) for name in unasked})
        return [name for name in external_ids if self._ids[kind, name] is None]

    async def ensure(self, kind: Kind, wanted: Mapping[str, NewEntity]) -> dict[str, int]:
        """The ids of all, by external id; those that do not exist are made."""
        missing = await self.missing(kind, wanted, {new.parent_id for new in wanted.values() if new.parent_id})
        made = await self._directory.create(kind, [wanted[name] for name in missing]) if missing else ()
        self._ids.update({(kind, name): one for name, one in zip(missing, made, strict=True)})
        return {name: found for name in wanted if (found := self._ids[kind, name]) is not None}

    async def ensure_under(self, kind: Kind, wanted: Mapping[str, NewEntity]) -> None:
        """As ``ensure``, for entities of one parent; none is made when it does not exist."""
        try:
            await self.ensure(kind, wanted)
        except NotFound:
            self._ids.update({(kind, name): None for name in wanted})
