"""What jobs do to creators' figures: bring kept sums in step with the roster, and prune what is too old for a plan."""

from __future__ import annotations

from datetime import datetime

from headwater.control import Control
from headwater.query.cache import Spoil
from headwater.query.series.run import ANALYTICS
from headwater.query.series.upkeep import Upkeep
from headwater.storage.port import Store


class CreatorSums:
    """The sums of all organisations."""

    def __init__(self, control: Control, store: Store, spoil: Spoil) -> None:
        self._control = control
        self._store = store
        self._spoil = spoil
        self._upkeep = Upkeep(store, spoil)

    async def rebuild(self, organisation_id: int, everything: bool) -> None:
        """Rebuild what is stale, or all."""
        roster = await self._control.rosters.get(organisation_id)
        await self._upkeep.rebuild(organisation_id, roster, everything=everything)

    async def prune(self, organisation_id: int, before: datetime) -> None:
        """Take away what is older; no answer shows it any more."""
        if await self._store.prune(organisation_id, before):
            await self._spoil([(organisation_id, ANALYTICS, 0)])
