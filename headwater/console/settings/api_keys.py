"""API keys: made, shown once, revoked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from headwater.console.pages import Nothing, form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.control.organisations.service import OrganisationSettings
from headwater.control.tokens.api_keys import ApiKeys
from headwater.errors import HeadwaterError, InvalidRequest
from headwater.surfaces._http.endpoint import ADMIN, Call, Reply, Typed

_HERE = "/settings/api-keys"


class KeyForm(msgspec.Struct, frozen=True):
    """A key to be made; ``last_day`` is the last one on which it is good."""

    name: Annotated[str, Meta(max_length=255)]
    permissions: list[str] = []
    last_day: date | None = None


async def keys(call: Call[Any, Any]) -> Reply:
    """All keys."""
    return await _page(call, Shown())


async def _page(call: Call[Any, Any], shown: Shown) -> Reply:
    async with call.services.control.reading() as session:
        found = await ApiKeys(session, call.scope).list()
    return await render(
        call,
        "settings/api_keys.html",
        title="API keys",
        status=shown.status,
        shown=shown,
        keys=found,
        now=call.services.clock(),
    )


async def create(call: Call[Any, KeyForm]) -> Reply:
    """A new key. It is shown in this answer and in no other, so there is no page to go on to."""
    body, unit = call.body, await call.writing()
    zone = (await OrganisationSettings(unit.session, call.scope).get()).analytics_tz
    service = ApiKeys(unit.session, call.scope, call.client_ip)
    key, secret = await service.create(body.name, body.permissions, _end(body.last_day, zone))
    return await render(
        call,
        "settings/secret.html",
        title="The new key",
        crumbs=[("Settings", "/settings"), ("API keys", _HERE)],
        secret=secret,
        name=key.name,
        kind="key",
        back=_HERE,
    )


def _end(last_day: date | None, zone: str) -> datetime | None:
    """When a day is over in a zone."""
    if last_day is None:
        return None
    try:
        return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise InvalidRequest("'last_day' is too far away.", field="last_day") from None


async def revoke(call: Call[Any, Nothing]) -> Reply:
    """Revoke a key at once."""
    await ApiKeys((await call.writing()).session, call.scope, call.client_ip).revoke(call.path["key_id"])
    return done(call, _HERE, "The key is revoked.")


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page again."""
    return await _page(call, Shown(call.body, error))


ENDPOINTS = [
    page(_HERE, keys, ADMIN, "API keys"),
    form(_HERE, create, ADMIN, "Create an API key", KeyForm, refused),
    form(f"{_HERE}/{{key_id}}/revoke", revoke, ADMIN, "Revoke an API key"),
]
