"""Creators and videos of a running server, through the routes that any other program uses.

A few names are asked for one by one; for many, the whole list is read once and kept:
nobody else is expected to make what this run is about to make.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from headwater.cli.importing.connection import Connection
from headwater.cli.importing.roster_entities import NewTracked, RosterKind, by_name
from headwater.errors import InvalidRequest

_PAGE = 100
_FEW = 20
_AT_ONCE = 50

T = TypeVar("T")


class _Row(msgspec.Struct):
    """What of a project, creator or video matters here."""

    id: str
    name: str = ""
    external_id: str | None = None
    handle: str | None = None


class _Meta(msgspec.Struct, rename="camel"):
    next_cursor: str | None


class _Page(msgspec.Struct):
    data: list[_Row]
    meta: _Meta


class _One(msgspec.Struct):
    data: _Row


class _Refused(msgspec.Struct):
    index: int
    message: str


class _Taken(msgspec.Struct):
    created: list[_Row]
    errors: list[_Refused]


class _Several(msgspec.Struct):
    data: _Taken


class RemoteRoster:
    """The projects, creators and videos that an API key can see."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._listed: dict[tuple[RosterKind, str], list[_Row]] = {}

    async def projects(self) -> Mapping[str, str]:
        """Names by UUID."""
        return {row.id: row.name for row in await self._rows("projects", {})}

    async def create_project(self, name: str) -> str:
        """The UUID of a new project."""
        return (await self._post("projects", {"name": name}, _One)).data.id

    async def find(self, kind: RosterKind, names: Collection[str], parents: Collection[str]) -> Mapping[str, str]:
        """UUIDs of those that exist: by external id, creators else by handle."""
        rows = [row for project in parents or ("",) for row in await self._perhaps(kind, names, project)]
        wanted = set(names)
        found = by_name(kind, [(str(row.external_id), row.id) for row in rows if row.external_id in wanted])
        wanted -= found.keys()
        return found | by_name(kind, [(str(row.handle), row.id) for row in rows if row.handle in wanted])

    async def create(self, kind: RosterKind, many: Sequence[NewTracked]) -> Sequence[str]:
        """The UUIDs of new ones, in order."""
        made: list[str] = []
        for start in range(0, len(many), _AT_ONCE):
            some = many[start : start + _AT_ONCE]
            path = f"projects/{some[0].project_id}/{kind}s"
            answer = await self._post(path, {f"{kind}s": [new.fields for new in some]}, _Several)
            if answer.data.errors:
                raise InvalidRequest(f"A {kind} could not be made: {answer.data.errors[0].message}")
            made += [row.id for row in answer.data.created]
        return made

    async def _perhaps(self, kind: RosterKind, names: Collection[str], project: str) -> list[_Row]:
        """Rows among which all are that have one of the names."""
        held = {"project_id": project} if project else {}
        if (kind, project) not in self._listed:
            if len(names) <= _FEW:
                asked = "external_id" if kind == "video" else "search"
                return [row for name in names for row in await self._rows(f"{kind}s", {**held, asked: name})]
            self._listed[kind, project] = await self._rows(f"{kind}s", held)
        return self._listed[kind, project]

    async def _rows(self, path: str, query: Mapping[str, str]) -> list[_Row]:
        rows: list[_Row] = []
        cursor: str | None = None
        while True:
            asked = {**query, "limit": _PAGE, **({"cursor": cursor} if cursor else {})}
            page = await self._connection.get(f"/api/v1/{path}?{urlencode(asked)}", _Page)
            rows += page.data
            cursor = page.meta.next_cursor
            if cursor is None:
                return rows

    async def _post(self, path: str, body: object, form: type[T]) -> T:
        return await self._connection.post(f"/api/v1/{path}", msgspec.json.encode(body), "application/json", form)
