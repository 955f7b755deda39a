"""Into the data directory of a stopped server, through the same ingest as a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from headwater.app import Headwater
from headwater.cli.importing.batches import MEDIA_TYPE
from headwater.cli.importing.local_decisions import LocalDecisions
from headwater.cli.importing.local_roster import LocalRoster
from headwater.control import Control
from headwater.control.entities.kinds import Kind
from headwater.control.entities.rules import NewEntity
from headwater.control.entities.service import Entities
from headwater.ingest.receive import OnError, Receipt
from headwater.scope import Scope


class LocalTarget:
    """A started server without its HTTP side, for one organisation."""

    def __init__(self, headwater: Headwater, scope: Scope) -> None:
        self._ingest = headwater.services.ingest
        self._scope = scope
        self.ads = LocalAds(headwater.services.control, scope)
        self.roster = LocalRoster(headwater.services.control, scope)
        self.decisions = LocalDecisions(headwater.services.control, scope)

    async def send(self, dataset: str, body: bytes, on_error: OnError) -> Receipt:
        """Store a batch."""
        return await self._ingest.receive(self._scope, dataset, body, MEDIA_TYPE, on_error, None)


class LocalAds:
    """Creatives and what they belong to, in the control plane."""

    def __init__(self, control: Control, scope: Scope) -> None:
        self._control = control
        self._scope = scope

    async def workspaces(self) -> list[int]:
        """Ids of the organisation's workspaces."""
        async with self._control.reading() as session:
            return [node.id for node in await Entities(session, self._scope).tree()]

    async def find(self, kind: Kind, names: Collection[str], parents: Collection[int]) -> Mapping[str, int]:
        """Ids of those that exist."""
        async with self._control.reading() as session:
            return await Entities(session, self._scope).by_external_id(kind, names)

    async def create(self, kind: Kind, many: Sequence[NewEntity]) -> Sequence[int]:
        """The ids of new entities, in order."""
        async with self._control.unit_of_work() as unit:
            return await Entities(unit.session, self._scope).create_many(kind, many)
