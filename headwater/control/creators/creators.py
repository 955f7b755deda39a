"""Creators of one organisation; a deleted one takes its videos along. Who may change them is for the caller to ask.

creator, created = await Creators(uow.session, scope).create(project, CreatorFields(handle="ada"))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations.auto import tracking_started, trackings_started
from headwater.control.creators.models import Creator, Project
from headwater.control.creators.names import creators_of
from headwater.control.creators.repository import Page, Rows
from headwater.control.creators.rules import CreatorFields, checked
from headwater.control.db import surroundings
from headwater.control.plans.service import Allowance
from headwater.errors import Conflict, InvalidRequest
from headwater.kit.ids import new_uuid
from headwater.scope import Scope

DEFAULT_PLATFORM: Final = "tiktok"


class Creators:
    """The creators of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id
        self._rows = Rows(session, scope, Creator)
        used = select(func.count()).select_from(Creator).where(Creator.organisation_id == scope.organisation_id)
        self._allowance = Allowance(session, scope.organisation_id, "max_creators", used)

    async def create(self, project: Project, fields: CreatorFields) -> tuple[Creator, bool]:
        """A new creator, and true; or the project's own of this external id or handle, updated, and false."""
        values = checked(fields)
        known = await self._known(project, values)
        if known is not None:
            return await self._change(known, values), False
        creator = Creator(project=project, **await self._new(values))
        await self._rows.add(creator)
        await tracking_started(self._session, creator)
        return creator, True

    async def create_many(self, project: Project, many: Sequence[CreatorFields]) -> Sequence[str]:
        """The UUIDs of all, in order: those that the project has as they are, the others made in bulk."""
        names, fresh, ids = await creators_of(self._session, project), [], []
        for fields in many:
            values = {"platform": DEFAULT_PLATFORM, **checked(fields)}
            public_id = names.find(values)
            if public_id is None:
                public_id = new_uuid()
                fresh.append({"public_id": public_id, "project_id": project.id, **await self._new(values)})
                names.add(fresh[-1])
            ids.append(public_id)
        if fresh:
            await trackings_started(self._session, self._organisation_id, await self._rows.add_many(fresh))
        return ids

    async def get(self, creator_id: str, field: str = "id") -> Creator:
        """The creator of this UUID."""
        return await self._rows.get(creator_id, field)

    async def list(
        self,
        project: Project | None = None,
        external_id: str | None = None,
        search: str | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> Page[Creator]:
        """A page, newest first; of one project or of all."""
        wanted: list[ColumnElement[bool]] = []
        if project is not None:
            wanted.append(Creator.project_id == project.id)
        if external_id is not None:
            wanted.append(Creator.external_id == external_id)
        return await self._rows.page(wanted, search, limit, before)

    async def update(self, creator_id: str, fields: CreatorFields) -> Creator:
        """Change the fields that are given."""
        return await self._change(await self.get(creator_id), checked(fields))

    async def delete(self, creator_id: str) -> None:
        """Remove a creator with its videos."""
        await self._rows.delete(await self.get(creator_id))

    async def _new(self, values: dict[str, Any]) -> dict[str, Any]:
        """The columns of one more creator."""
        if "handle" not in values:
            raise InvalidRequest("'handle' is required for a creator.", field="handle")
        await self._allowance.take()
        now = surroundings(self._session).clock()
        own = {"organisation_id": self._organisation_id, "created_at": now, "updated_at": now}
        return {**own, "platform": DEFAULT_PLATFORM, "tracking_mode": "auto", "details": {}, **values}

    async def _known(self, project: Project, values: dict[str, Any]) -> Creator | None:
        here = Creator.project_id == project.id
        external_id, handle = values.get("external_id"), values.get("handle")
        if external_id is not None:
            known = await self._rows.first(here, Creator.external_id == external_id)
            if known is not None:
                return known
        if handle is None:
            return None
        platform = values.get("platform", DEFAULT_PLATFORM)
        return await self._rows.first(here, Creator.platform == platform, Creator.handle == handle)

    async def _change(self, creator: Creator, values: dict[str, Any]) -> Creator:
        await self._refuse_taken(creator, values)
        for column, value in values.items():
            setattr(creator, column, value)
        creator.updated_at = surroundings(self._session).clock()
        await self._rows.changed()
        return creator

    async def _refuse_taken(self, creator: Creator, values: dict[str, Any]) -> None:
        others = (Creator.project_id == creator.project_id, Creator.id != creator.id)
        external_id = values.get("external_id")
        if external_id is not None and await self._rows.first(*others, Creator.external_id == external_id):
            raise Conflict(f"Another creator has the external id '{external_id}'.", field="external_id")
        if not {"handle", "platform"} & values.keys():
            return
        handle = values.get("handle", creator.handle)
        platform = values.get("platform", creator.platform)
        if await self._rows.first(*others, Creator.platform == platform, Creator.handle == handle):
            raise Conflict(f"Another creator has the handle '{handle}' on {platform}.", field="handle")
