"""Creatives and components as records of ad events name them.

With ``--create-missing`` an unknown creative is made in the group and campaign that the
record's ``creative_group`` and ``campaign`` columns name by external id, which are
made as well; without such columns in a campaign and group called "Imported". What
exists is left where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol, cast

from headwater.cli.importing.columns import CREATIVE_DETAILS
from headwater.cli.importing.entities import Directory, KnownEntities
from headwater.cli.importing.names import Row, external
from headwater.control.entities.kinds import Kind
from headwater.control.entities.rules import NewEntity
from headwater.errors import InvalidRequest, NotFound

_COMPONENT_TYPE = "Step"


class AdDirectory(Directory[Kind, NewEntity, int], Protocol):
    """Workspaces and what lies below them."""

    async def workspaces(self) -> list[int]:
        """Ids of the workspaces that there are."""


class AdEntities:
    """The creatives and components of one organisation; ``workspace`` None makes nothing."""

    def __init__(self, directory: AdDirectory, workspace: int | None) -> None:
        self._known: KnownEntities[Kind, NewEntity, int] = KnownEntities(directory)
        self._workspace = workspace

    @property
    def makes(self) -> bool:
        """Whether what is missing is made."""
        return self._workspace is not None

    def check(self, row: Row) -> None:
        """Campaign and group are named by external id."""
        for column in CREATIVE_DETAILS:
            external(row, column)

    async def look_up(self, rows: Collection[Row]) -> None:
        """Find what the records name, and make what is missing."""
        creatives: dict[str, Row] = {}
        for row in rows:
            if name := external(row, "creative"):
                creatives.setdefault(name, row)
        missing = await self._known.missing("creative", creatives)
        if missing and self._workspace is not None:
            await self._place({name: creatives[name] for name in missing}, self._workspace)
        await self._look_up_components(rows)

    def id_of(self, column: str, name: str) -> int | None:
        """The id of what a column names."""
        return self._known.id_of(cast(Kind, column), name)

    async def _place(self, creatives: Mapping[str, Row], workspace: int) -> None:
        """Make creatives, and first the campaigns and groups that they go into."""
        campaigns = {name: _new(external(row, "campaign"), workspace) for name, row in creatives.items()}
        ids = await self._known.ensure("campaign", _by_external_id(campaigns))
        groups = {
            name: _new(external(row, "creative_group"), ids[str(campaigns[name].external_id)])
            for name, row in creatives.items()
        }
        ids = await self._known.ensure("creative_group", _by_external_id(groups))
        placed = {name: _new(name, ids[str(groups[name].external_id)]) for name in creatives}
        await self._known.ensure("creative", placed)

    async def _look_up_components(self, rows: Collection[Row]) -> None:
        parents: dict[int, dict[str, NewEntity]] = {}
        for row in rows:
            name, parent = external(row, "component"), self._creative(row)
            if name and parent:
                new = NewEntity(component_type=_COMPONENT_TYPE, content=name, external_id=name, parent_id=parent)
                parents.setdefault(parent, {})[name] = new
        await self._known.missing("component", {name for wanted in parents.values() for name in wanted}, parents.keys())
        if self._workspace is not None:
            for parent, wanted in parents.items():
                await self._known.ensure_under("component", wanted, parent)

    def _creative(self, row: Row) -> int | None:
        """The creative that a record is of."""
        name = external(row, "creative")
        if name is not None:
            return self._known.id_of("creative", name)
        given = str(row.get("creative_id", ""))
        return int(given) if given.isascii() and given.isdigit() else None


async def workspace_of(directory: AdDirectory, given: int | None) -> int:
    """The workspace to make things in: the one named, or the only one."""
    there = await directory.workspaces()
    if given in there:
        return given
    known = ", ".join(map(str, there)) or "none"
    if given is not None:
        raise NotFound(f"There is no workspace {given}. There are: {known}.", field="workspace")
    if len(there) != 1:
        raise InvalidRequest(f"Name the workspace with --workspace. There are: {known}.", field="workspace")
    return there[0]


def _new(external_id: str | None, parent: int) -> NewEntity:
    """An entity named by its external id; without one, the place below ``parent`` for what has none."""
    if external_id is None:
        return NewEntity(name="Imported", external_id=f"imported:{parent}", parent_id=parent)
    return NewEntity(name=external_id, external_id=external_id, parent_id=parent)


def _by_external_id(entities: Mapping[str, NewEntity]) -> dict[str, NewEntity]:
    return {str(new.external_id): new for new in reversed(list(entities.values()))}
