"""External ids in the records to the ids that facts carry; what is missing is made, if that was asked for.

``creative`` and ``component`` columns name entities by the sender's own ids. With
``--create-missing`` an unknown creative is made in the group and campaign that the
record's ``creative_group`` and ``campaign`` columns name by external id, which are
made as well; without such columns in a campaign and group called "Imported". What
exists is left where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from headwater.catalogue.model import Dataset
from headwater.cli.importing.columns import PLACES, references
from headwater.cli.importing.entities import Directory, KnownEntities
from headwater.cli.importing.readers import Fault
from headwater.control.entities.kinds import Kind
from headwater.control.entities.rules import NewEntity
from headwater.control.rules import text
from headwater.errors import InvalidRequest

_LONGEST = 255
_COMPONENT_TYPE = "Step"

Row = dict[str, Any]


class Names:
    """Puts ids in place of external ids; ``workspace`` None makes nothing."""

    def __init__(self, dataset: Dataset, directory: Directory, workspace: int | None) -> None:
        self._references = references(dataset)
        self._columns = (*self._references, *self._references.values(), *PLACES)
        self._dropped = {*self._references, *PLACES}
        self._known = KnownEntities(directory)
        self._workspace = workspace

    def key(self, row: Row) -> str:
        """What all records that name the same have in common; empty when a record names nothing."""
        if all(row.get(column) in (None, "") for column in self._references):
            return ""
        return repr([row.get(column) for column in self._columns])

    def without(self, row: Row) -> Row:
        """The record without the columns that name."""
        return {name: value for name, value in row.items() if name not in self._dropped}

    async def look_up(self, rows: Mapping[str, Row]) -> dict[str, dict[str, int] | Fault]:
        """By key, the fields that a record's names stand for, found or made; or why there are none."""
        found: dict[str, dict[str, int] | Fault] = {
            key: fault for key, row in rows.items() if (fault := self._fault(row))
        }
        good = {key: row for key, row in rows.items() if key not in found}
        creatives: dict[str, Row] = {}
        for row in good.values():
            if name := _external(row, "creative"):
                creatives.setdefault(name, row)
        missing = await self._known.missing("creative", creatives)
        if missing and self._workspace is not None:
            await self._place({name: creatives[name] for name in missing}, self._workspace)
        await self._look_up_components(good.values())
        return found | {key: self._ids(row) for key, row in good.items()}

    def _fault(self, row: Row) -> Fault | None:
        try:
            for column in PLACES:
                _external(row, column)
            for column, field in self._references.items():
                if _external(row, column) is not None and row.get(field) not in (None, ""):
                    return Fault(column, f"{column} and {field} are both given; leave one of them out.")
        except InvalidRequest as error:
            return Fault(str(error.details["field"]), error.message)
        return None

    def _ids(self, row: Row) -> dict[str, int] | Fault:
        ids = {}
        for column, field in self._references.items():
            name = _external(row, column)
            if name is None:
                continue
            found = self._known.id_of(cast(Kind, column), name)
            if found is None:
                hint = " --create-missing makes it." if self._workspace is None else ""
                return Fault(column, f"No {column} has the external id '{name}'.{hint}")
            ids[field] = found
        return ids

    async def _place(self, creatives: Mapping[str, Row], workspace: int) -> None:
        """Make creatives, and first the campaigns and groups that they go into."""
        campaigns = {name: _new(_external(row, "campaign"), workspace) for name, row in creatives.items()}
        ids = await self._known.ensure("campaign", _by_external_id(campaigns))
        groups = {
            name: _new(_external(row, "creative_group"), ids[str(campaigns[name].external_id)])
            for name, row in creatives.items()
        }
        ids = await self._known.ensure("creative_group", _by_external_id(groups))
        placed = {name: _new(name, ids[str(groups[name].external_id)]) for name in creatives}
        await self._known.ensure("creative", placed)

    async def _look_up_components(self, rows: Collection[Row]) -> None:
        parents: dict[int, dict[str, NewEntity]] = {}
        for row in rows:
            name, parent = _external(row, "component"), self._creative(row)
            if name and parent:
                new = NewEntity(component_type=_COMPONENT_TYPE, content=name, external_id=name, parent_id=parent)
                parents.setdefault(parent, {})[name] = new
        await self._known.missing("component", {name for wanted in parents.values() for name in wanted}, parents.keys())
        if self._workspace is not None:
            for wanted in parents.values():
                await self._known.ensure_under("component", wanted)

    def _creative(self, row: Row) -> int | None:
        """The creative that a record is of."""
        name = _external(row, "creative")
        if name is not None:
            return self._known.id_of("creative", name)
        given = str(row.get(self._references["creative"], ""))
        return int(given) if given.isascii() and given.isdigit() else None


def _new(external_id: str | None, parent: int) -> NewEntity:
    """An entity named by its external id; without one, the place below ``parent`` for what has none."""
    if external_id is None:
        return NewEntity(name="Imported", external_id=f"imported:{parent}", parent_id=parent)
    return NewEntity(name=external_id, external_id=external_id, parent_id=parent)


def _by_external_id(entities: Mapping[str, NewEntity]) -> dict[str, NewEntity]:
    return {str(new.external_id): new for new in reversed(list(entities.values()))}


def _external(row: Row, column: str) -> str | None:
    """The external id in a column, None when there is none; ``InvalidRequest`` when it cannot be one."""
    value = row.get(column)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRequest(f"{column} must be text or a whole number.", field=column)
    return text(str(value), column, longest=_LONGEST)
