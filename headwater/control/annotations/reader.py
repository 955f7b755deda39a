"""Annotations beside figures: what falls into a window, and who wants to know when that changes.

What some entities show is kept in memory until an annotation of the organisation changes,
or for five minutes, which is as long as answers that show them are kept.
"""

from __future__ import annotations

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
_KEPT_FOR: Final = timedelta(minutes=5)
_MOST_KEPT: Final = 100_000
"""Annotations of all organisations; one that is shown in several places counts as often."""


class _Kept(NamedTuple):
    rows: tuple[Authored, ...]
    until: datetime


class AnnotationReader:
    """Reads for figures; tells listeners which entity's annotations changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._listeners: list[Listener] = []
        self._kept: dict[int, dict[Set[Entity], _Kept]] = {}
        self._count = 0
        self._changes: dict[int, int] = {}

    def on_change(self, listener: Listener) -> None:
        """Call ``listener`` with the organisation and the entity whose annotations changed here."""
        self._listeners.append(listener)

    def changed(self, organisation_id: int, entity: Entity) -> None:
        """Tell the listeners; what the entity is part of shows them too, what it holds does not."""
        self._changes[organisation_id] = self._changes.get(organisation_id, 0) + 1
        self._kept.pop(organisation_id, None)
        for listener in self._listeners:
            listener(organisation_id, entity)

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
        seen = frozenset(one for entity in entities for one in visible_from(roster, entity, organisation_id))
        first, last = in_utc(start), in_utc(end)
        rows = [
            row
            for row in await self._shown(organisation_id, seen)
            if first <= row.of.at < last and not (hide_auto and row.of.source != "user")
        ]
        return viewed(roster, rows, frozenset(entities))

    async def _shown(self, organisation_id: int, seen: Set[Entity]) -> tuple[Authored, ...]:
        """All annotations about these entities, in order of time."""
        kept = self._kept.get(organisation_id, {}).get(seen)
        now = self._clock()
        if kept is not None and now < kept.until:
            return kept.rows
        changes = self._changes.get(organisation_id, 0)
        async with self._database.reading() as session:
            own = Annotation.organisation_id == organisation_id
            query = select(Annotation).where(own, about(seen)).order_by(Annotation.at, Annotation.id)
            rows = tuple(await authored(session, (await session.scalars(query)).all()))
        # What was read before a change must not be taken for what is after it.
        if changes == self._changes.get(organisation_id, 0):
            self._keep(organisation_id, seen, _Kept(rows, now + _KEPT_FOR))
        return rows

    def _keep(self, organisation_id: int, seen: Set[Entity], kept: _Kept) -> None:
        if self._count > _MOST_KEPT:
            self._kept.clear()
            self._count = 0
        self._kept.setdefault(organisation_id, {})[seen] = kept
        self._count += 1 + len(kept.rows)
