"""The organisation's name and time zone."""

from __future__ import annotations

from typing import Any, Final

from headwater.control.organisations.models import Organisation
from headwater.control.organisations.service import OrganisationSettings
from headwater.surfaces._http.endpoint import ADMIN, READ, Answers, Call, Endpoint, Reply
from headwater.surfaces.creators.bulk import given
from headwater.surfaces.creators.contract import OrganisationChange, OrganisationRow
from headwater.surfaces.creators.envelope import Enveloped, enveloped

_PATH: Final = "/api/v1/org"
_TAG: Final = "Organisation"


async def get_organisation(call: Call[Any, bytes]) -> Reply:
    """The caller's own."""
    async with call.services.control.reading() as session:
        return Reply(enveloped(_row(await OrganisationSettings(session, call.scope).get())))


async def update_organisation(call: Call[Any, OrganisationChange]) -> Reply:
    """Change the fields that were sent."""
    settings = OrganisationSettings((await call.writing()).session, call.scope)
    return Reply(enveloped(_row(await settings.update(**given(call.body)))))


def _row(organisation: Organisation) -> OrganisationRow:
    return OrganisationRow(organisation.public_id, organisation.name, organisation.analytics_tz)


_EXAMPLE: Final = {
    "data": {"id": "7a4f7a3e-1d7c-4be0-8f0e-6f4dfb9f2c01", "name": "Example Corp", "analytics_tz": "Europe/Oslo"},
    "error": None,
    "meta": None,
}

ENDPOINTS = [
    Endpoint(
        "GET",
        _PATH,
        get_organisation,
        READ,
        "Get the organisation",
        _TAG,
        {200: Answers("The caller's own organisation.", Enveloped[OrganisationRow], _EXAMPLE)},
    ),
    Endpoint(
        "PATCH",
        _PATH,
        update_organisation,
        ADMIN,
        "Change the organisation",
        _TAG,
        {200: Answers("The organisation.", Enveloped[OrganisationRow], _EXAMPLE)},
        body=OrganisationChange,
        body_example={"analytics_tz": "Europe/Oslo"},
        description="`analytics_tz` is the IANA zone in which days of the creators' analytics begin.",
    ),
]
