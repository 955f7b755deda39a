"""Into a running server, through the routes that any other program uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from headwater.cli.importing.batches import MEDIA_TYPE
from headwater.cli.importing.connection import Connection
from headwater.cli.importing.remote_decisions import RemoteDecisions
from headwater.cli.importing.remote_roster import RemoteRoster
from headwater.control.entities.kinds import PARENT_FIELD, Kind
from headwater.control.entities.rules import NewEntity
from headwater.errors import NotFound
from headwater.ingest.receive import OnError, Receipt

_PAGE = 100


class _Row(msgspec.Struct):
    """What of a resource matters here."""

    id: int
    external_id: str | None


class _One(msgspec.Struct):
    data: _Row


class _Page(msgspec.Struct):
    data: list[_Row]
    total: int


class RemoteTarget:
    """The organisation that an API key belongs to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.ads = RemoteAds(connection)
        self.roster = RemoteRoster(connection)
        self.decisions = RemoteDecisions(connection)

    async def send(self, dataset: str, body: bytes, on_error: OnError) -> Receipt:
        """Store a batch."""
        return await self._connection.post(f"/api/v1/ingest/{dataset}?on_error={on_error}", body, MEDIA_TYPE, Receipt)


class RemoteAds:
    """Creatives and what they belong to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._listed: dict[str, dict[str, int]] = {}

    async def workspaces(self) -> list[int]:
        """Ids of the workspaces that the key can see."""
        return [row.id for row in await self._rows("/api/v2/workspaces", archived=False)]

    async def find(self, kind: Kind, names: Collection[str], parents: Collection[int]) -> Mapping[str, int]:
        """Ids of those that exist, from the API's lists: it has no search by external id."""
        if kind != "component":
            return await self._by_external_id(f"/api/v2/{kind}s")
        found: dict[str, int] = {}
        for parent in parents:
            try:
                found.update(await self._by_external_id(_components(parent)))
            except NotFound:
                continue
        return found

    async def create(self, kind: Kind, many: Sequence[NewEntity]) -> Sequence[int]:
        """The ids of new entities, in order."""
        made = []
        for new in many:
            fields = {name: value for name, value in msgspec.structs.asdict(new).items() if value is not None}
            parent = fields.pop("parent_id")
            path = _components(parent) if kind == "component" else f"/api/v2/{kind}s"
            if kind != "component":
                fields[PARENT_FIELD[kind]] = parent
            answer = await self._connection.post(path, msgspec.json.encode(fields), "application/json", _One)
            made.append(answer.data.id)
        return made

    async def _by_external_id(self, path: str) -> dict[str, int]:
        if path not in self._listed:
            rows = await self._rows(path, archived=True)
            self._listed[path] = {row.external_id: row.id for row in rows if row.external_id is not None}
        return self._listed[path]

    async def _rows(self, path: str, *, archived: bool) -> list[_Row]:
        rows: list[_Row] = []
        while True:
            query = urlencode({"archived": str(archived).lower(), "limit": _PAGE, "offset": len(rows)})
            page = await self._connection.get(f"{path}?{query}", _Page)
            rows += page.data
            if not page.data or len(rows) >= page.total:
                return rows


def _components(creative: int) -> str:
    return f"/api/v2/creatives/{creative}/components"
