"""What questions need of an organisation's rows, built in memory and kept while it is fresh.

``ReadModels`` holds one immutable model for each organisation asked about last, and
notices within two seconds when another process has changed the rows: a counter of the
organisation says so, which is looked at ahead of time while the model is in use. What a
model holds and how it is built is for the subclass.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Generic, Literal, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Database
from headwater.control.organisations.models import Organisation
from headwater.control.renewals import RENEWED_AFTER, TRUSTED_FOR, Renewals
from headwater.errors import NotFound
from headwater.kit.clock import Clock

Model = TypeVar("Model")

_MOST_MODELS: Final = 256


@dataclass
class _Kept(Generic[Model]):
    """The model of one organisation; one task at a time builds it, the others wait for that."""

    one_builder: asyncio.Lock = field(default_factory=asyncio.Lock)
    model: Model | None = None
    version: int = -1
    renewed_from: datetime | None = None
    trusted_until: datetime | None = None


class ReadModels(ABC, Generic[Model]):
    """The models of the organisations asked about last; a ``counter`` grows with the changes that concern them."""

    counter: ClassVar[Literal["entities_version", "roster_version", "decisions_version"]]

    def __init__(self, database: Database, clock: Clock, renewals: Renewals) -> None:
        self._database = database
        self._clock = clock
        self._renewals = renewals
        self._kept: dict[int, _Kept[Model]] = {}
        self._listeners: list[Callable[[int], None]] = []

    @abstractmethod
    async def _build(self, session: AsyncSession, organisation_id: int) -> Model:
        """The model, from the rows that this session sees."""

    def on_change(self, listener: Callable[[int], None]) -> None:
        """Call ``listener`` with the organisation whose rows were found to have changed."""
        self._listeners.append(listener)

    def cached(self, organisation_id: int) -> Model | None:
        """The model, if it was found to be fresh within the last two seconds."""
        kept = self._kept.get(organisation_id)
        return self._trusted(kept, organisation_id) if kept else None

    async def get(self, organisation_id: int) -> Model:
        """The model as it is now, or was at most two seconds ago if another process changed it."""
        kept = self._keep(organisation_id)
        if (model := self._trusted(kept, organisation_id)) is not None:
            return model
        async with kept.one_builder:
            return self._trusted(kept, organisation_id) or await self._refreshed(kept, organisation_id)

    def evict(self, organisation_id: int) -> None:
        """Forget a model; one that is being built now serves those who wait for it, and is then dropped."""
        self._kept.pop(organisation_id, None)
        self._changed(organisation_id)

    def distrust(self) -> None:
        """Use no model again before its counter was looked at, nor what a look that is under way finds."""
        self._kept = {number: _Kept(model=kept.model, version=kept.version) for number, kept in self._kept.items()}

    def _changed(self, organisation_id: int) -> None:
        for listener in self._listeners:
            listener(organisation_id)

    def _trusted(self, kept: _Kept[Model], organisation_id: int) -> Model | None:
        now = self._clock()
        if kept.trusted_until is None or now >= kept.trusted_until:
            return None
        if kept.renewed_from is not None and now >= kept.renewed_from:
            kept.renewed_from = None
            self._renewals.begin(self.counter, self._renewed(kept, organisation_id))
        return kept.model

    async def _renewed(self, kept: _Kept[Model], organisation_id: int) -> None:
        async with kept.one_builder:
            await self._refreshed(kept, organisation_id)

    def _keep(self, organisation_id: int) -> _Kept[Model]:
        kept = self._kept.pop(organisation_id, None) or _Kept()
        self._kept[organisation_id] = kept
        while len(self._kept) > _MOST_MODELS:
            del self._kept[next(iter(self._kept))]
        return kept

    async def _refreshed(self, kept: _Kept[Model], organisation_id: int) -> Model:
        now = self._clock()
        # One transaction: the version belongs to the rows that are read after it.
        async with self._database.reading() as session:
            counted = select(getattr(Organisation, self.counter)).where(Organisation.id == organisation_id)
            version = await session.scalar(counted)
            if version is None:
                raise NotFound(f"There is no organisation {organisation_id}.", field="organisation")
            if kept.model is None or kept.version != version:
                kept.model = await self._build(session, organisation_id)
                kept.version = version
                self._changed(organisation_id)
        kept.renewed_from, kept.trusted_until = now + RENEWED_AFTER, now + TRUSTED_FOR
        return kept.model
