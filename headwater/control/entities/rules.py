"""What may be written into an entity: the fields of each kind, and what each must be like.

Pure: checks shapes and texts, and leaves to the service what only the database knows.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from headwater.control.entities.kinds import PARENT_FIELD, Kind, words
from headwater.control.rules import long_text, one_line, text
from headwater.errors import InvalidRequest

LONGEST_NAME: Final = 255
_LONGEST_EXTERNAL_ID: Final = 255
_LONGEST_TYPE: Final = 64
_LONGEST_CONTENT: Final = 10_000
LAST_POSITION: Final = 2**31 - 1
_COMPONENT_FIELDS: Final = ("component_type", "content", "position")


class EntityChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some fields; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    parent_id: int | UnsetType = UNSET
    external_id: str | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    component_type: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    position: int | UnsetType = UNSET


class NewEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An entity to be made; ``None`` is "not given", so that a repeated import changes only what it names."""

    name: str | None = None
    parent_id: int | None = None
    external_id: str | None = None
    archived: bool | None = None
    component_type: str | None = None
    content: str | None = None
    position: int | None = None

    def as_change(self) -> EntityChange:
        """What it says about an entity that is there already."""
        given = {field: value for field, value in msgspec.structs.asdict(self).items() if value is not None}
        return EntityChange(**given)


def checked(kind: Kind, change: EntityChange) -> dict[str, Any]:
    """The fields that ``change`` gives, by column, each held to its rule."""
    given = {field: value for field, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if kind != "component":
        for field in _COMPONENT_FIELDS:
            if field in given:
                raise InvalidRequest(f"'{field}' is only for components, not for a {words(kind)}.", field=field)
    if kind == "workspace" and "parent_id" in given:
        raise InvalidRequest("A workspace has no parent.", field="parent_id")
    if "name" in given:
        given["name"] = text(given["name"], "name", longest=LONGEST_NAME)
    if given.get("external_id") is not None:
        given["external_id"] = text(given["external_id"], "external_id", longest=_LONGEST_EXTERNAL_ID)
    if "component_type" in given:
        given["component_type"] = text(given["component_type"], "component_type", longest=_LONGEST_TYPE)
    if "content" in given:
        given["content"] = long_text(given["content"], "content", longest=_LONGEST_CONTENT)
    if not 0 <= given.get("position", 0) <= LAST_POSITION:
        raise InvalidRequest(f"'position' must be from 0 to {LAST_POSITION}.", field="position")
    return given


def checked_new(kind: Kind, new: NewEntity) -> dict[str, Any]:
    """The columns of a new entity, complete but for what the database gives: times and a position left open."""
    values: dict[str, Any] = {
        "parent_id": None,
        "external_id": None,
        "archived": False,
        "component_type": None,
        "content": None,
        "position": None,
        **checked(kind, new.as_change()),
    }
    _require(kind, values)
    if kind == "component":
        values["content"] = values["content"] or ""
        values.setdefault("name", name_of_component(values["component_type"], values["content"]))
    return values


def name_of_component(component_type: str, content: str) -> str:
    """What a component without a name is called: the beginning of its content, or its type.

    >>> name_of_component("Choice", "Yes, please")
    'Yes, please'
    """
    return one_line(content, LONGEST_NAME) or component_type


def _require(kind: Kind, values: dict[str, Any]) -> None:
    own = "component_type" if kind == "component" else "name"
    if values.get(own) is None:
        raise InvalidRequest(f"'{own}' is required for a {words(kind)}.", field=own)
    if kind != "workspace" and values["parent_id"] is None:
        field = PARENT_FIELD[kind]
        raise InvalidRequest(f"'{field}' is required for a {words(kind)}.", field=field)
