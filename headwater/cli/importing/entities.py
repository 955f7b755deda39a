"""Entities by the sender's own ids: found once, and made where they are missing.

Knows nothing of records, nor which sorts of entities there are; ``ad_entities`` and
``roster_entities`` do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from headwater.errors import NotFound

KindT = TypeVar("KindT", bound=str)
NewT = TypeVar("NewT")
IdT = TypeVar("IdT")
_KindT = TypeVar("_KindT", bound=str, contravariant=True)
_NewT = TypeVar("_NewT", contravariant=True)


class Directory(Protocol[_KindT, _NewT, IdT]):
    """Where an organisation's entities are kept: its database, or a server that is asked over HTTP."""

    async def find(self, kind: _KindT, names: Collection[str], parents: Collection[IdT]) -> Mapping[str, IdT]:
        """Ids of those that exist; ``parents`` are where they are looked for, if that is a help."""

    async def create(self, kind: _KindT, many: Sequence[_NewT]) -> Sequence[IdT]:
        """The ids of new entities, in order."""


class KnownEntities(Generic[KindT, NewT, IdT]):
    """Ids by kind and the sender's name, as far as they were asked for."""

    def __init__(self, directory: Directory[KindT, NewT, IdT]) -> None:
        self._directory = directory
        self._ids: dict[tuple[KindT, str], IdT | None] = {}

    def id_of(self, kind: KindT, name: str) -> IdT | None:
        """The id, if the entity is known to exist."""
        return self._ids.get((kind, name))

    async def missing(self, kind: KindT, names: Collection[str], parents: Collection[IdT] = ()) -> list[str]:
        """Those of ``names`` that do not exist."""
        unasked = [name for name in names if (kind, name) not in self._ids]
        if unasked:
            found = await self._directory.find(kind, unasked, parents)
            self._ids.update({(kind, name): found.get(name) for name in unasked})
        return [name for name in names if self._ids[kind, name] is None]

    async def ensure(self, kind: KindT, wanted: Mapping[str, NewT], parents: Collection[IdT] = ()) -> dict[str, IdT]:
        """The ids of all, by name; those that do not exist are made."""
        missing = await self.missing(kind, wanted, parents)
        made = await self._directory.create(kind, [wanted[name] for name in missing]) if missing else ()
        self._ids.update({(kind, name): one for name, one in zip(missing, made, strict=True)})
        return {name: found for name in wanted if (found := self._ids[kind, name]) is not None}

    async def ensure_under(self, kind: KindT, wanted: Mapping[str, NewT], parent: IdT) -> None:
        """As ``ensure``, for entities of one parent; none is made when it does not exist."""
        try:
            await self.ensure(kind, wanted, (parent,))
        except NotFound:
            self._ids.update({(kind, name): None for name in wanted})
