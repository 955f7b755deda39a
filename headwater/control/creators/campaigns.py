"""Campaigns of one organisation and what they hold. Who may change them is for the caller to ask.

A campaign holds creators, videos and other campaigns of its project, to any depth, and never
itself. What follows from that for figures is ``Roster``'s.

    campaign = await Campaigns(uow.session, scope).create(project, CampaignFields(name="Summer drop"))
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.models import Campaign, Project
from headwater.control.creators.repository import Page, Rows
from headwater.control.creators.rules import CampaignFields, checked
from headwater.control.db import surroundings
from headwater.errors import InvalidRequest
from headwater.scope import Scope


class Target(NamedTuple):
    """What a campaign is to reach, and by when."""

    views: int | None
    at: datetime | None


class Campaigns:
    """The campaigns of the scope's organisation."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._organisation_id = scope.organisation_id
        self._rows = Rows(session, scope, Campaign)

    async def create(self, project: Project, fields: CampaignFields) -> Campaign:
        """A new campaign that holds nothing."""
        values = checked(fields)
        if "name" not in values:
            raise InvalidRequest("'name' is required for a campaign.", field="name")
        now = surroundings(self._session).clock()
        campaign = Campaign(
            organisation_id=self._organisation_id,
            project=project,
            created_at=now,
            updated_at=now,
            **{"details": {}, **values},
        )
        await self._rows.add(campaign)
        return campaign

    async def get(self, campaign_id: str, field: str = "id") -> Campaign:
        """The campaign of this UUID."""
        return await self._rows.get(campaign_id, field)

    async def list(
        self, project: Project | None = None, search: str | None = None, limit: int = 50, before: int | None = None
    ) -> Page[Campaign]:
        """A page, newest first; of one project or of all."""
        wanted: list[ColumnElement[bool]] = []
        if project is not None:
            wanted.append(Campaign.project_id == project.id)
        return await self._rows.page(wanted, search, limit, before)

    async def targets(self) -> dict[int, Target]:
        """The targets of all campaigns, by their numbers."""
        query = select(Campaign.id, Campaign.target_views, Campaign.target_at)
        rows = await self._session.execute(query.where(Campaign.organisation_id == self._organisation_id))
        return {number: Target(views, at) for number, views, at in rows}

    async def update(self, campaign_id: str, fields: CampaignFields) -> Campaign:
        """Change the fields that are given."""
        campaign = await self.get(campaign_id)
        for column, value in checked(fields).items():
            setattr(campaign, column, value)
        campaign.updated_at = surroundings(self._session).clock()
        await self._rows.changed()
        return campaign

    async def delete(self, campaign_id: str) -> None:
        """Remove a campaign; what it held stays, and leaves the campaigns that held it."""
        await self._rows.delete(await self.get(campaign_id))
