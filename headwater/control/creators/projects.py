"""Projects of one organisation; a deleted one takes all below it along. Who may change them is for the caller to ask.

project = await Projects(uow.session, scope).create(ProjectFields(name="Spring"))
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.models import Project
from headwater.control.creators.repository import Page, Rows
from headwater.control.creators.rules import ProjectFields, checked
from headwater.control.db import surroundings
from headwater.control.plans.service import Allowance
from headwater.errors import InvalidRequest
from headwater.scope import Scope


class Projects:
    """The projects of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id
        self._rows = Rows(session, scope, Project)
        used = select(func.count()).select_from(Project).where(Project.organisation_id == scope.organisation_id)
        self._allowance = Allowance(session, scope.organisation_id, "max_projects", used)

    async def create(self, fields: ProjectFields) -> Project:
        """A new project."""
        values = checked(fields)
        if "name" not in values:
            raise InvalidRequest("'name' is required for a project.", field="name")
        await self._allowance.take()
        now = surroundings(self._session).clock()
        project = Project(organisation_id=self._organisation_id, created_at=now, updated_at=now, **values)
        await self._rows.add(project)
        return project

    async def get(self, project_id: str, field: str = "id") -> Project:
        """The project of this UUID."""
        return await self._rows.get(project_id, field)

    async def asked_for(self, project_id: UUID | None) -> Project | None:
        """The project that a list is to be of, or None for all."""
        return None if project_id is None else await self.get(str(project_id), "project_id")

    async def list(self, search: str | None = None, limit: int = 50, before: int | None = None) -> Page[Project]:
        """A page, newest first."""
        return await self._rows.page((), search, limit, before)

    async def update(self, project_id: str, fields: ProjectFields) -> Project:
        """Change the fields that are given."""
        project = await self.get(project_id)
        for column, value in checked(fields).items():
            setattr(project, column, value)
        project.updated_at = surroundings(self._session).clock()
        await self._rows.changed()
        return project

    async def delete(self, project_id: str) -> None:
        """Remove a project with all its creators, videos and campaigns."""
        await self._rows.delete(await self.get(project_id))
