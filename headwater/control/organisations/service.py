"""An organisation as its own members see it: its name and the time zone in which its creators are measured."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import Change, surroundings
from headwater.control.jobs.requests import request_rollup
from headwater.control.organisations.models import Organisation
from headwater.control.rules import text
from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.kit.zones import known_zone, zone_names
from headwater.scope import Scope


class OrganisationSettings:
    """The settings of the scope's organisation; who may change them is for the caller to ask."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    async def get(self) -> Organisation:
        """The organisation."""
        query = select(Organisation).where(Organisation.id == self._scope.organisation_id)
        return (await self._session.scalars(query)).one()

    async def update(self, name: str | None = None, analytics_tz: str | None = None) -> Organisation:
        """Change what is given; another zone or name makes every roster of the organisation stale."""
        organisation = await self.get()
        if name is not None:
            organisation.name = text(name, "name", longest=255)
        if analytics_tz is not None:
            organisation.analytics_tz = _zone(analytics_tz)
        organisation.roster_version += 1
        await self._session.flush()
        await request_rollup(self._session, organisation.id)
        surroundings(self._session).announce(Change("roster", organisation.id))
        return organisation


def _zone(name: str) -> str:
    if not known_zone(name):
        shown = name[:64]
        raise InvalidRequest(
            f"'analytics_tz' must be an IANA time zone; '{shown}' is none.{did_you_mean(shown, zone_names())}",
            field="analytics_tz",
            allowed="an IANA name such as Europe/Oslo",
        )
    return name
