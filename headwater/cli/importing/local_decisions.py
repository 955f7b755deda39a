"""Decision entities in the control plane of a stopped server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from headwater.cli.importing.decision_entities import DecisionKind, ids_of
from headwater.control import Control
from headwater.control.decisions.entities import DecisionEntities
from headwater.control.decisions.kinds import BY_KIND, Body
from headwater.scope import Scope


class LocalDecisions:
    """The decision entities of one organisation."""

    def __init__(self, control: Control, scope: Scope) -> None:
        self._control = control
        self._scope = scope

    async def find(self, kind: DecisionKind, names: Collection[str], parents: Collection[str]) -> Mapping[str, str]:
        """Those of the ids that there are; archived ones, too, since facts may name them."""
        book = await self._control.books.get(self._scope.organisation_id)
        return {name: name for name in names if book.find(kind, name) is not None}

    async def create(self, kind: DecisionKind, many: Sequence[Body]) -> Sequence[str]:
        """The ids of new ones, in order."""
        async with self._control.unit_of_work() as unit:
            entities = DecisionEntities(unit.session, self._scope)
            for body in many:
                await entities.create(BY_KIND[kind], body)
        return ids_of(many)
