"""The organisation's name, and the time zone in which it measures and reads times."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.control.organisations.service import OrganisationSettings
from headwater.errors import HeadwaterError
from headwater.kit.zones import zone_names
from headwater.surfaces._http.endpoint import ADMIN, READ, Call, Reply, Typed

_HERE = "/settings/organisation"


class OrganisationForm(msgspec.Struct, frozen=True):
    """Both of them."""

    name: Annotated[str, Meta(max_length=255)]
    analytics_tz: Annotated[str, Meta(max_length=64)]


async def organisation(call: Call[Any, Any]) -> Reply:
    """What they are; a form for who may change them."""
    return await _page(call, Shown())


async def _page(call: Call[Any, Any], shown: Shown) -> Reply:
    async with call.services.control.reading() as session:
        found = await OrganisationSettings(session, call.scope).get()
    zones = sorted(zone_names())
    return await render(
        call,
        "settings/organisation.html",
        title="Organisation",
        status=shown.status,
        shown=shown,
        found=found,
        zones=zones,
        admin=ADMIN,
    )


async def change(call: Call[Any, OrganisationForm]) -> Reply:
    """Other values."""
    settings = OrganisationSettings((await call.writing()).session, call.scope)
    await settings.update(call.body.name, call.body.analytics_tz)
    return done(call, _HERE, "The organisation is changed. Its sums are made anew where the zone is another.")


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page again."""
    return await _page(call, Shown(call.body, error))


ENDPOINTS = [
    page(_HERE, organisation, READ, "Organisation"),
    form(_HERE, change, ADMIN, "Change the organisation", OrganisationForm, refused),
]
