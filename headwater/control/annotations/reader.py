"""Annotations beside figures: what falls into a window, and who wants to know when that changes.

What is about an entity is kept in memory until an annotation of the organisation changes,
or for five minutes, which is as long as answers that show it are kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence, Set
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select

from headwater.control.annotations.models import Annotation, Entity
from headwater.control.annotations.service import in_utc
from headwater.control.annotations.views import AnnotationView, Authored, about, authored, viewed, visible_from
from headwater.control.creators.roster import Roster
from headwater.control.db import Database
from headwater.kit.clock import Clock

Listener = Callable[[int, Entity], None]
KEPT_FOR: Final = timedelta(minutes=5)
_MOST_KEPT: Final = 100_000
"""Annotations and entities of all organisations."""


class _Kept(NamedTuple):
    """What is about one entity, in order of ``times``."""

    times: list[datetime]
    rows: list[Authored]
    until: datetime

    def between(self, start: datetime, end: datetime) -> list[Authored]:
        return self.rows[bisect_left(self.times, start) : bisect_left(self.times, end)]


class AnnotationReader:
    """Reads for figures; tells listeners which entity's annotations changed."""

    def __init__(self, database: Database, clock: Clock, kept_for: timedelta = KEPT_FOR) -> None:
        self._database = database
        self._clock = clock
        self._kept_for = kept_for
        self._listeners: list[Listener] = []
        self._kept: dict[int, dict[Entity, _Kept]] = {}
        self._count = 0
        self._changes: dict[int, int] = {}
        self._forgotten = 0

    def on_change(self, listener: Listener) -> None:
        """Call ``listener`` with the organisation and the entity whose annotations changed here."""
        self._listeners.append(listener)

    def changed(self, organisation_id: int, entity: Entity) -> None:
        """Tell the listeners; what the entity is part of shows them too, what it holds does not."""
        self._changes[organisation_id] = self._changes.get(organisation_id, 0) + 1
        self._kept.pop(organisation_id, None)
        for listener in self._listeners:
            listener(organisation_id, entity)

    def forget(self) -> None:
        """Read everything again; the listeners are not told."""
        self._forgotten += 1
        self._kept.clear()
        self._count = 0

    async def between(
        self,
        organisation_id: int,
        roster: Roster,
        entities: Sequence[Entity],
        start: datetime,
        end: datetime,
        *,
        hide_auto: bool = False,
    ) -> list[AnnotationView]:
        """What these entities show from ``start`` up to, not including, ``end``, in order of time.

        Times without a zone are UTC. What comes from something above the entities has its label.
        """
        seen = {one for entity in entities for one in visible_from(roster, entity, organisation_id)}
        first, last = in_utc(start), in_utc(end)
        known = await self._about(organisation_id, seen)
        rows = [row for kept in known for row in kept.between(first, last) if not hide_auto or row.of.source == "user"]
        rows.sort(key=lambda row: (row.of.at, row.of.id))
        return viewed(roster, rows, frozenset(entities))

    async def _about(self, organisation_id: int, entities: Set[Entity]) -> list[_Kept]:
        """What is about each of these entities."""
        now = self._clock()
        kept = self._kept.get(organisation_id, {})
        known = {one: kept[one] for one in entities if one in kept and now < kept[one].until}
        missing = entities - known.keys()
        if missing:
            changes = self._changes_of(organisation_id)
            read = await self._read(organisation_id, missing, now + self._kept_for)
            # What was read before a change must not be taken for what is after it.
            if changes == self._changes_of(organisation_id):
                self._keep(organisation_id, read)
            known.update(read)
        return list(known.values())

    def _changes_of(self, organisation_id: int) -> tuple[int, int]:
        return self._forgotten, self._changes.get(organisation_id, 0)

    async def _read(self, organisation_id: int, entities: Set[Entity], until: datetime) -> dict[Entity, _Kept]:
        async with self._database.reading() as session:
            own = Annotation.organisation_id == organisation_id
            query = select(Annotation).where(own, about(entities)).order_by(Annotation.at, Annotation.id)
            rows = await authored(session, (await session.scalars(query)).all())
        found = {entity: _Kept([], [], until) for entity in entities}
        for row in rows:
            times, those, _ = found[row.of.entity]
            times.append(row.of.at)
            those.append(row)
        return found

    def _keep(self, organisation_id: int, read: dict[Entity, _Kept]) -> None:
        if self._count > _MOST_KEPT:
            self._kept.clear()
            self._count = 0
        self._kept.setdefault(organisation_id, {}).update(read)
        self._count += sum(1 + len(kept.rows) for kept in read.values())
