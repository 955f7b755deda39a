"""Creators and videos as records of snapshots name them.

``video`` names by external id, ``creator`` by external id or handle; looked for in the
project that ``--project`` names, else in all. With ``--create-missing`` an unknown one
is made in that project, as the other columns of its first record say, a video with the
creator that ``creator`` names, who is made as well. What exists is left as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, Protocol, cast

import msgspec

from headwater.cli.importing.columns import CREATOR_DETAILS, VIDEO_DETAILS
from headwater.cli.importing.entities import Directory, KnownEntities
from headwater.cli.importing.names import Row, external
from headwater.control.creators.rules import CreatorFields, VideoFields, checked
from headwater.errors import Conflict, InvalidRequest, NotFound
from headwater.kit.ids import read_uuid

RosterKind = Literal["creator", "video"]


class NewTracked(msgspec.Struct, frozen=True):
    """A creator or video to be made in a project, by the project's UUID."""

    project_id: str
    fields: CreatorFields | VideoFields


class RosterDirectory(Directory[RosterKind, NewTracked, str], Protocol):
    """Projects and what lies below them; ids are UUIDs. What is made at once is of one project."""

    async def projects(self) -> Mapping[str, str]:
        """Names by UUID."""

    async def create_project(self, name: str) -> str:
        """The UUID of a new project."""


class RosterEntities:
    """The creators and videos of one organisation, of ``project`` if there is one; ``makes`` needs it."""

    def __init__(self, kind: RosterKind, directory: RosterDirectory, project: str | None, makes: bool) -> None:
        self._kind = kind
        self._known: KnownEntities[RosterKind, NewTracked, str] = KnownEntities(directory)
        self._project = project
        self._makes = makes

    @property
    def makes(self) -> bool:
        """Whether what is missing is made."""
        return self._makes

    def check(self, row: Row) -> None:
        """What would be made keeps the rules of the roster."""
        name = external(row, self._kind)
        if name is None or not self._makes:
            return
        if self._kind == "video":
            checked(_video(name, row, None))
            if (creator := external(row, "creator")) is not None:
                checked(_creator(creator, {"platform": row.get("platform")}))
        else:
            checked(_creator(name, row))

    async def look_up(self, rows: Collection[Row]) -> None:
        """Find what the records name, and make what is missing."""
        wanted: dict[str, Row] = {}
        for row in rows:
            if name := external(row, self._kind):
                wanted.setdefault(name, row)
        missing = await self._known.missing(self._kind, wanted, self._places)
        if missing and self._makes and self._project is not None:
            await self._make({name: wanted[name] for name in missing}, self._project)

    def id_of(self, column: str, name: str) -> str | None:
        """The UUID of what a column names."""
        return self._known.id_of(cast(RosterKind, column), name)

    @property
    def _places(self) -> tuple[str, ...]:
        return () if self._project is None else (self._project,)

    async def _make(self, rows: Mapping[str, Row], project: str) -> None:
        if self._kind == "creator":
            new = {name: NewTracked(project, _creator(name, row)) for name, row in rows.items()}
            await self._known.ensure("creator", new, self._places)
            return
        creators = {name: owner for name, row in rows.items() if (owner := external(row, "creator"))}
        owners = {
            owner: NewTracked(project, _creator(owner, {"platform": rows[name].get("platform")}))
            for name, owner in reversed(creators.items())
        }
        ids = await self._known.ensure("creator", owners, self._places)
        new = {
            name: NewTracked(project, _video(name, row, ids[creators[name]] if name in creators else None))
            for name, row in rows.items()
        }
        await self._known.ensure("video", new, self._places)


async def project_of(directory: RosterDirectory, given: str | None, makes: bool) -> str | None:
    """The UUID of the project that is named, made where none has that name; without a name, of the only one."""
    if given is None and not makes:
        return None
    there = await directory.projects()
    known = ", ".join(sorted(there.values())[:20]) or "none"
    if given is None:
        if len(there) != 1:
            raise InvalidRequest(f"Name the project with --project. There are: {known}.", field="project")
        return next(iter(there))
    spelt = read_uuid(given)
    found = [one for one, name in there.items() if spelt == one or name == given.strip()]
    if len(found) > 1:
        raise InvalidRequest(f"{len(found)} projects are called '{given}'; name one by its UUID.", field="project")
    if not found and (spelt is not None or not makes):
        raise NotFound(f"There is no project '{given}'. There are: {known}.", field="project")
    return found[0] if found else await directory.create_project(given)


def by_name(kind: RosterKind, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """UUIDs by name; ``Conflict`` where two of different projects have one name, since facts need one of them."""
    found: dict[str, str] = {}
    for name, public_id in pairs:
        if found.setdefault(name, public_id) != public_id:
            raise Conflict(f"'{name}' names more than one {kind}; name their project with --project.", field=kind)
    return found


def _creator(name: str, row: Row) -> CreatorFields:
    """A creator of this external id, which is the handle too unless the record has another."""
    given = _given(row, CREATOR_DETAILS)
    return CreatorFields(**{"handle": name, "external_id": name, **given})


def _video(name: str, row: Row, creator_id: str | None) -> VideoFields:
    given = _given(row, [column for column in VIDEO_DETAILS if column in VideoFields.__struct_fields__])
    return VideoFields(**{"external_id": name, **given}, creator_id=creator_id)


def _given(row: Row, columns: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in columns:
        value = row.get(column)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise InvalidRequest(f"{column} must be text.", field=column)
        found[column] = str(value)
    return found
