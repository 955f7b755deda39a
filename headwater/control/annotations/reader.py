"""Annotations beside figures: what falls into a window, and who wants to know when that changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations.models import Annotation, Entity
from headwater.control.annotations.service import Span
from headwater.control.annotations.views import AnnotationView, about, viewed, visible_from
from headwater.control.creators.roster import Roster

Listener = Callable[[int, Entity], None]


class AnnotationReader:
    """Reads for figures; tells listeners which entity's annotations changed."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Call ``listener`` with the organisation and the entity whose annotations changed here."""
        self._listeners.append(listener)

    def changed(self, organisation_id: int, entity: Entity) -> None:
        """Tell the listeners; what the entity is part of shows them too, what it holds does not."""
        for listener in self._listeners:
            listener(organisation_id, entity)

    async def between(
        self,
        session: AsyncSession,
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
        own = Annotation.organisation_id == organisation_id
        query = select(Annotation).where(own, about(seen), Span(start, end).condition())
        if hide_auto:
            query = query.where(Annotation.source == "user")
        rows = (await session.scalars(query.order_by(Annotation.at, Annotation.id))).all()
        return await viewed(session, roster, rows, frozenset(entities))
