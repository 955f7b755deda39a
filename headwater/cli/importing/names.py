"""External ids in the records to the ids that facts carry; what is missing is made, if that was asked for.

Columns called after an entity (``creative``, ``video``) name it by the sender's own id.
Which entities there are to name, and where new ones go, is for ``NamedEntities`` to know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from headwater.catalogue.model import Dataset
from headwater.cli.importing.columns import details, references
from headwater.cli.importing.readers import Fault
from headwater.control.rules import text
from headwater.errors import InvalidRequest

_LONGEST = 255

Row = dict[str, Any]


class NamedEntities(Protocol):
    """The entities that records of one dataset can name."""

    @property
    def makes(self) -> bool:
        """Whether what is missing is made."""

    def check(self, row: Row) -> None:
        """``InvalidRequest`` where a record's columns cannot say how an entity is to be made."""

    async def look_up(self, rows: Collection[Row]) -> None:
        """Find what these good records name, and make what is missing."""

    def id_of(self, column: str, name: str) -> int | str | None:
        """What is known by this name after ``look_up``."""


class Naming(Protocol):
    """What is done about the names in the records of one dataset."""

    def key(self, row: Row) -> str:
        """What all records that name the same have in common; empty when a record names nothing."""

    def without(self, row: Row) -> Row:
        """The record without the columns that name."""

    async def look_up(self, rows: Mapping[str, Row]) -> Mapping[str, Mapping[str, Any] | Fault]:
        """By key, the fields that a record is to have for its names, at least one; or why it cannot."""


class NoNames:
    """Lets records be as they are: the ids in them are what ingest takes."""

    def key(self, row: Row) -> str:
        """Nothing is looked for."""
        return ""

    def without(self, row: Row) -> Row:
        """The record."""
        return row

    async def look_up(self, rows: Mapping[str, Row]) -> Mapping[str, Mapping[str, Any] | Fault]:
        """Nothing."""
        return {}


class Names:
    """Puts ids in place of external ids."""

    def __init__(self, dataset: Dataset, entities: NamedEntities) -> None:
        self._references = references(dataset)
        self._columns = (*self._references, *self._references.values(), *details(dataset))
        self._dropped = {*self._references, *details(dataset)}
        self._entities = entities

    def key(self, row: Row) -> str:
        """What all records that name the same have in common; empty when a record names nothing."""
        if all(row.get(column) in (None, "") for column in self._references):
            return ""
        return repr([row.get(column) for column in self._columns])

    def without(self, row: Row) -> Row:
        """The record without the columns that name."""
        return {name: value for name, value in row.items() if name not in self._dropped}

    async def look_up(self, rows: Mapping[str, Row]) -> dict[str, dict[str, int | str] | Fault]:
        """By key, the fields that a record's names stand for, found or made; or why there are none."""
        found: dict[str, dict[str, int | str] | Fault] = {
            key: fault for key, row in rows.items() if (fault := self._fault(row))
        }
        good = {key: row for key, row in rows.items() if key not in found}
        await self._entities.look_up(good.values())
        return found | {key: self._ids(row) for key, row in good.items()}

    def _fault(self, row: Row) -> Fault | None:
        try:
            self._entities.check(row)
            for column, field in self._references.items():
                if external(row, column) is not None and row.get(field) not in (None, ""):
                    return Fault(column, f"{column} and {field} are both given; leave one of them out.")
        except InvalidRequest as error:
            return Fault(str(error.details["field"]), error.message)
        return None

    def _ids(self, row: Row) -> dict[str, int | str] | Fault:
        ids: dict[str, int | str] = {}
        for column, field in self._references.items():
            name = external(row, column)
            if name is None:
                continue
            found = self._entities.id_of(column, name)
            if found is None:
                hint = "" if self._entities.makes else " --create-missing makes it."
                return Fault(column, f"No {column} has the external id '{name}'.{hint}")
            ids[field] = found
        return ids


def external(row: Row, column: str, longest: int = _LONGEST) -> str | None:
    """The text in a column, None when there is none; ``InvalidRequest`` when it cannot be an id."""
    value = row.get(column)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRequest(f"{column} must be text or a whole number.", field=column)
    return text(str(value), column, longest=longest)
