"""Who did what to the organisation's security."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.console.tables import Paging
from headwater.surfaces._http.endpoint import ADMIN, Call, Reply

_HERE = "/settings/audit-log"
_EVENTS = 50


class Page(msgspec.Struct, frozen=True):
    """Which events."""

    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


async def audit_log(call: Call[Page, bytes]) -> Reply:
    """A page of events, newest first."""
    control, offset = call.services.control, call.query.offset
    async with control.reading() as session:
        found, total = await control.audit.list(session, call.scope, _EVENTS, offset)
        emails = await control.audit.emails(session, call.scope, found)
    paging = Paging(_HERE, {}, total, _EVENTS, offset)
    return await render(call, "settings/audit_log.html", title="Audit log", events=found, emails=emails, paging=paging)


ENDPOINTS = [page(_HERE, audit_log, ADMIN, "Audit log", Page)]
