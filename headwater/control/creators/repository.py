"""Queries on projects, creators, videos and campaigns, each held to the scope's organisation; checks no rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from headwater.control.creators.models import Campaign, Creator, Project, Video
from headwater.control.db import Change, surroundings
from headwater.control.jobs.requests import request_rollup
from headwater.control.letters import contains
from headwater.control.organisations.models import Organisation
from headwater.control.rules import is_row_id
from headwater.errors import NotFound
from headwater.kit.ids import read_uuid
from headwater.scope import Scope

R = TypeVar("R", Project, Creator, Video, Campaign)

_SEARCHED: Final[dict[type[Any], tuple[InstrumentedAttribute[Any], ...]]] = {
    Project: (Project.name, Project.description),
    Creator: (Creator.handle, Creator.display_name, Creator.external_id),
    Video: (Video.title, Video.url, Video.external_id),
    Campaign: (Campaign.name, Campaign.description),
}
_WORD: Final[dict[type[Any], str]] = {Project: "project", Creator: "creator", Video: "video", Campaign: "campaign"}


class Page(NamedTuple, Generic[R]):
    """A page of rows, newest first; ``before`` is where the next one begins, None on the last."""

    rows: Sequence[R]
    before: int | None


class Rows(Generic[R]):
    """The rows of one table that are the scope's organisation's."""

    def __init__(self, session: AsyncSession, scope: Scope, model: type[R]) -> None:
        self._session = session
        self._model: type[R] = model
        self._organisation_id = scope.organisation_id
        self._changed = False

    async def get(self, public_id: str, field: str = "id") -> R:
        """The row of this UUID; ``field`` is the caller's name for it."""
        spelt = read_uuid(public_id)
        row = await self.first(self._model.public_id == spelt) if spelt else None
        if row is None:
            raise NotFound(f"There is no {_WORD[self._model]} {public_id[:64]!r}.", field=field)
        return row

    async def first(self, *wanted: ColumnElement[bool]) -> R | None:
        """The oldest row of which all this is true."""
        query = select(self._model).where(self._own, *wanted).order_by(self._model.id).limit(1)
        return await self._session.scalar(query)

    async def page(
        self, wanted: Sequence[ColumnElement[bool]], search: str | None, limit: int, before: int | None
    ) -> Page[R]:
        """The newest ``limit`` rows older than ``before``."""
        query = select(self._model).where(self._own, *wanted)
        if search:
            query = query.where(or_(*(contains(one, search) for one in _SEARCHED[self._model])))
        if before is not None and is_row_id(before):
            query = query.where(self._model.id < before)
        found = (await self._session.scalars(query.order_by(self._model.id.desc()).limit(limit + 1))).all()
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def add(self, row: R) -> None:
        """A new row."""
        self._session.add(row)
        await self.changed()

    async def add_many(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        """New rows in bulk, by attribute; their numbers, in order."""
        empty = dict.fromkeys(set[str]().union(*rows))
        made = await self._session.scalars(
            insert(self._model).returning(self._model.id),
            [{**empty, **row} for row in rows],
            execution_options={"render_nulls": True},
        )
        # Rows are numbered in the order in which they are sent, but may be returned in another.
        numbers = sorted(made)
        await self.changed()
        return numbers

    async def delete(self, row: R) -> None:
        """Remove a row, and by the database what hangs below it."""
        await self._session.execute(delete(self._model).where(self._own, self._model.id == row.id))
        await self.changed()

    async def changed(self) -> None:
        """Write what was changed, and tell caches and other processes that the roster is not what it was."""
        await self._session.flush()
        if self._changed:
            return
        self._changed = True
        await count_change(self._session, self._organisation_id)

    @property
    def _own(self) -> ColumnElement[bool]:
        own: ColumnElement[bool] = self._model.organisation_id == self._organisation_id
        return own


async def count_change(session: AsyncSession, organisation_id: int) -> None:
    """Raise the organisation's ``roster_version``, announce it, and have its rollups rebuilt soon."""
    raised = {"roster_version": Organisation.roster_version + 1}
    await session.execute(
        update(Organisation).where(Organisation.id == organisation_id).values(raised),
        execution_options={"synchronize_session": False},
    )
    await request_rollup(session, organisation_id)
    surroundings(session).announce(Change("roster", organisation_id))
