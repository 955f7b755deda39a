"""Decision entities of a running server, through its lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from headwater.cli.importing.connection import Connection
from headwater.cli.importing.decision_entities import DecisionKind, ids_of
from headwater.control.decisions.kinds import BY_KIND, Body
from headwater.errors import Conflict

_PAGE = 200


class _Row(msgspec.Struct):
    id: str


class _Pagination(msgspec.Struct, rename="camel"):
    next_cursor: str | None = None


class _Page(msgspec.Struct):
    data: list[_Row]
    pagination: _Pagination


class RemoteDecisions:
    """The decision entities that an API key can see."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._listed: dict[DecisionKind, set[str]] = {}

    async def find(self, kind: DecisionKind, names: Collection[str], parents: Collection[str]) -> Mapping[str, str]:
        """Those of the ids that are listed; archived ones are not."""
        if kind not in self._listed:
            self._listed[kind] = await self._ids(kind)
        return {name: name for name in names if name in self._listed[kind]}

    async def create(self, kind: DecisionKind, many: Sequence[Body]) -> Sequence[str]:
        """The ids of new ones, in order."""
        for body in many:
            try:
                await self._connection.post(
                    f"/api/v1/{BY_KIND[kind].path}", msgspec.json.encode(body), "application/json", _Row
                )
            except Conflict:
                # Archived, or made by somebody else in the meantime: facts can name it.
                continue
        return ids_of(many)

    async def _ids(self, kind: DecisionKind) -> set[str]:
        found: set[str] = set()
        cursor: str | None = None
        while True:
            asked = urlencode({"limit": _PAGE, **({"cursor": cursor} if cursor else {})})
            page = await self._connection.get(f"/api/v1/{BY_KIND[kind].path}?{asked}", _Page)
            found.update(row.id for row in page.data)
            cursor = page.pagination.next_cursor
            if cursor is None:
                return found
