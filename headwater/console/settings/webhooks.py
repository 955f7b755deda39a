"""Webhooks, what was delivered to them, and delivering again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from headwater.console.pages import Nothing, form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.console.tables import Paging
from headwater.control.webhooks.events import EVENTS, Subscribable
from headwater.control.webhooks.log import Deliveries
from headwater.control.webhooks.models import LONGEST_URL, Status
from headwater.control.webhooks.service import WebhookChange, Webhooks
from headwater.errors import HeadwaterError, InvalidRequest, UpstreamError
from headwater.surfaces._http.endpoint import ADMIN, Call, Reply, Typed

_HERE = "/settings/webhooks"
_ONE = f"{_HERE}/{{webhook_id}}"
_DELIVERIES = 25
_CRUMBS = [("Settings", "/settings"), ("Webhooks", _HERE)]


class Page(msgspec.Struct, frozen=True):
    """Which deliveries."""

    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class WebhookForm(msgspec.Struct, frozen=True):
    """Where to, and what of."""

    url: Annotated[str, Meta(max_length=LONGEST_URL)]
    events: list[Subscribable] = []


class StatusForm(msgspec.Struct, frozen=True):
    """On or off."""

    status: Literal["active", "disabled"]


async def webhooks(call: Call[Any, Any]) -> Reply:
    """All webhooks."""
    return await _all(call, Shown())


async def _all(call: Call[Any, Any], shown: Shown) -> Reply:
    async with call.services.control.reading() as session:
        found = await Webhooks(session, call.scope).list()
    return await render(
        call,
        "settings/webhooks.html",
        title="Webhooks",
        status=shown.status,
        shown=shown,
        webhooks=found,
        kinds_boxes=_boxes(()),
    )


async def webhook(call: Call[Page, Any]) -> Reply:
    """One webhook with the log of its deliveries."""
    return await _one(call, Shown(), call.query.offset)


async def _one(call: Call[Any, Any], shown: Shown, offset: int = 0) -> Reply:
    webhook_id = call.path["webhook_id"]
    async with call.services.control.reading() as session:
        found = await Webhooks(session, call.scope).get(webhook_id)
        logged, total = await Deliveries(session, call.scope).page(webhook_id, _DELIVERIES, offset)
    return await render(
        call,
        "settings/webhook.html",
        title="Webhook",
        crumbs=_CRUMBS,
        status=shown.status,
        shown=shown,
        webhook=found,
        logged=logged,
        kinds_boxes=_boxes(found.events),
        paging=Paging(f"{_HERE}/{found.id}", {}, total, _DELIVERIES, offset),
    )


async def create(call: Call[Any, WebhookForm]) -> Reply:
    """A new webhook. Its secret is shown in this answer and in no other."""
    await _check(call, call.body.url)
    found, secret = await (await _changing(call)).create(call.body.url, call.body.events)
    return await _secret(call, found.id, secret)


async def change(call: Call[Any, WebhookForm]) -> Reply:
    """Another URL, other events."""
    await _check(call, call.body.url)
    await (await _changing(call)).update(call.path["webhook_id"], WebhookChange(call.body.url, call.body.events))
    return done(call, _path(call), "The webhook is changed.")


async def set_status(call: Call[Any, StatusForm]) -> Reply:
    """Turn it on or off."""
    status: Status = call.body.status
    await (await _changing(call)).update(call.path["webhook_id"], WebhookChange(status=status))
    return done(call, _path(call), "The webhook is enabled." if status == "active" else "The webhook is disabled.")


async def rotate(call: Call[Any, Nothing]) -> Reply:
    """Another secret, shown this once."""
    found, secret = await (await _changing(call)).update(call.path["webhook_id"], WebhookChange(rotate_secret=True))
    return await _secret(call, found.id, secret or "")


async def delete(call: Call[Any, Nothing]) -> Reply:
    """Remove it with the log of its deliveries."""
    await (await _changing(call)).delete(call.path["webhook_id"])
    return done(call, _HERE, "The webhook is deleted.")


async def send_test(call: Call[Any, Nothing]) -> Reply:
    """Send it an event that says it is a test."""
    await Deliveries((await call.writing()).session, call.scope).test(call.path["webhook_id"])
    return done(call, _path(call), "A test is on its way. Reload to see what became of it.")


async def redeliver(call: Call[Any, Nothing]) -> Reply:
    """Deliver once more."""
    log = Deliveries((await call.writing()).session, call.scope)
    await log.redeliver(call.path["webhook_id"], call.path["delivery_id"])
    return done(call, _path(call), "It is being delivered again.")


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The list again."""
    return await _all(call, Shown(call.body, error))


async def refused_one(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The webhook's page again."""
    return await _one(call, Shown(call.body if call.body.get("url") else None, error))


def _boxes(ticked: Sequence[str]) -> list[tuple[str, str, bool]]:
    return [(name, f"{name}: {words}", name in ticked) for name, words in EVENTS.items()]


async def _changing(call: Call[Any, Any]) -> Webhooks:
    return Webhooks((await call.writing()).session, call.scope, call.client_ip)


async def _check(call: Call[Any, Any], url: str) -> None:
    """Whether the URL may be sent to, before a transaction is begun: names are looked up for it."""
    try:
        await call.services.outbound.check(url.strip())
    except UpstreamError as error:
        raise InvalidRequest(error.message, field="url", allowed="a URL whose host is known") from None


async def _secret(call: Call[Any, Any], webhook_id: str, secret: str) -> Reply:
    return await render(
        call,
        "settings/secret.html",
        title="The signing secret",
        crumbs=_CRUMBS,
        secret=secret,
        name=webhook_id,
        kind="secret",
        back=f"{_HERE}/{webhook_id}",
    )


def _path(call: Call[Any, Any]) -> str:
    return f"{_HERE}/{call.path['webhook_id']}"


ENDPOINTS = [
    page(_HERE, webhooks, ADMIN, "Webhooks"),
    page(_ONE, webhook, ADMIN, "A webhook", Page),
    form(_HERE, create, ADMIN, "Create a webhook", WebhookForm, refused),
    form(_ONE, change, ADMIN, "Change a webhook", WebhookForm, refused_one),
    form(f"{_ONE}/status", set_status, ADMIN, "Enable or disable a webhook", StatusForm, refused_one),
    form(f"{_ONE}/secret", rotate, ADMIN, "Another signing secret", Nothing, refused_one),
    form(f"{_ONE}/delete", delete, ADMIN, "Delete a webhook"),
    form(f"{_ONE}/test", send_test, ADMIN, "Send a test", Nothing, refused_one),
    form(f"{_ONE}/deliveries/{{delivery_id}}/redeliver", redeliver, ADMIN, "Deliver again", Nothing, refused_one),
]
