"""A company's webhooks and what was delivered to them (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from headwater.control.webhooks.log import Deliveries as DeliveryLog
from headwater.control.webhooks.log import Logged
from headwater.control.webhooks.models import Webhook
from headwater.control.webhooks.service import WebhookChange, Webhooks
from headwater.errors import InvalidRequest, UpstreamError
from headwater.surfaces._http.endpoint import ADMIN, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success
from headwater.surfaces.accounts.webhooks_contract import (
    BODY_EXAMPLE,
    DELIVERY_EXAMPLE,
    EXAMPLE,
    QUEUED_EXAMPLE,
    AllWebhooks,
    Deliveries,
    DeliveriesQuery,
    DeliveryRow,
    NewWebhook,
    NewWebhookRow,
    OneDelivery,
    OneWebhook,
    WebhookBody,
    WebhookPatch,
    WebhookRow,
)

_WEBHOOKS: Final = "/api/v1/webhooks"
_ONE: Final = f"{_WEBHOOKS}/{{webhook_id}}"
_DELIVERIES: Final = f"{_ONE}/deliveries"
_TAG: Final = "Webhooks"


async def list_webhooks(call: Call[Any, bytes]) -> Reply:
    """All webhooks, newest first."""
    async with call.services.control.reading() as session:
        return Reply(AllWebhooks([_row(one) for one in await Webhooks(session, call.scope).list()]))


async def get_webhook(call: Call[Any, bytes]) -> Reply:
    """One webhook."""
    async with call.services.control.reading() as session:
        return Reply(OneWebhook(_row(await Webhooks(session, call.scope).get(call.path["webhook_id"]))))


async def create_webhook(call: Call[Any, WebhookBody]) -> Reply:
    """A new webhook with its secret."""
    await _check(call, call.body.url)
    webhook, secret = await (await _changing(call)).create(call.body.url, call.body.events)
    return Reply(NewWebhook(_new_row(webhook, secret)), 201)


async def update_webhook(call: Call[Any, WebhookPatch]) -> Reply:
    """Change the fields that were sent."""
    body = call.body
    if body.url is not UNSET:
        await _check(call, body.url)
    change = WebhookChange(body.url, body.events, body.status, body.rotate_secret)
    webhook, secret = await (await _changing(call)).update(call.path["webhook_id"], change)
    return Reply(OneWebhook(_row(webhook)) if secret is None else NewWebhook(_new_row(webhook, secret)))


async def delete_webhook(call: Call[Any, bytes]) -> Reply:
    """Remove a webhook and the log of its deliveries."""
    await (await _changing(call)).delete(call.path["webhook_id"])
    return Reply(Success(True, "Webhook deleted"))


async def send_test(call: Call[Any, bytes]) -> Reply:
    """Queue an event of the type ``webhook.test`` for it."""
    log = DeliveryLog((await call.writing()).session, call.scope)
    return Reply(OneDelivery(_delivery(await log.test(call.path["webhook_id"]))), 202)


async def list_deliveries(call: Call[DeliveriesQuery, bytes]) -> Reply:
    """What was and is to be delivered to a webhook."""
    query = call.query
    async with call.services.control.reading() as session:
        log = DeliveryLog(session, call.scope)
        found, total = await log.page(call.path["webhook_id"], query.limit, query.offset)
    return Reply(Deliveries([_delivery(one) for one in found], total, query.limit, query.offset))


async def redeliver(call: Call[Any, bytes]) -> Reply:
    """Queue a delivery again."""
    log = DeliveryLog((await call.writing()).session, call.scope)
    return Reply(OneDelivery(_delivery(await log.redeliver(call.path["webhook_id"], call.path["delivery_id"]))), 202)


async def _changing(call: Call[Any, Any]) -> Webhooks:
    return Webhooks((await call.writing()).session, call.scope, call.client_ip)


async def _check(call: Call[Any, Any], url: str) -> None:
    """Whether the URL may be sent to, before a transaction is begun: names are looked up for it."""
    try:
        await call.services.outbound.check(url.strip())
    except UpstreamError as error:
        # Not a failure of another server but a name that is wrong, or not there yet.
        raise InvalidRequest(error.message, field="url", allowed="a URL whose host is known") from None


def _row(webhook: Webhook) -> WebhookRow:
    return WebhookRow(**_fields(webhook))


def _new_row(webhook: Webhook, secret: str) -> NewWebhookRow:
    return NewWebhookRow(**_fields(webhook), secret=secret)


def _fields(webhook: Webhook) -> dict[str, Any]:
    own = [name for name in WebhookRow.__struct_fields__ if name != "webhook_id"]
    return {"webhook_id": webhook.id, **{name: getattr(webhook, name) for name in own}}


def _delivery(logged: Logged) -> DeliveryRow:
    own = [name for name in DeliveryRow.__struct_fields__ if name not in ("delivery_id", "type")]
    fields = {name: getattr(logged.delivery, name) for name in own}
    return DeliveryRow(delivery_id=logged.delivery.id, type=logged.type, **fields)


ENDPOINTS = [
    Endpoint(
        "GET",
        _WEBHOOKS,
        list_webhooks,
        ADMIN,
        "List webhooks",
        _TAG,
        {200: Answers("All webhooks, newest first.", AllWebhooks, {"webhooks": [EXAMPLE]})},
    ),
    Endpoint(
        "POST",
        _WEBHOOKS,
        create_webhook,
        ADMIN,
        "Create a webhook",
        _TAG,
        {
            201: Answers(
                "The webhook; its secret is shown once.", NewWebhook, {"webhook": {**EXAMPLE, "secret": "whsec_…"}}
            )
        },
        description="Deliveries are signed with the secret as Standard Webhooks says. A URL that leads to a loopback,"
        " private or link-local address is refused, unless the server's setting `allow_private_hosts` lets it.",
        body=WebhookBody,
        body_example=BODY_EXAMPLE,
    ),
    Endpoint(
        "GET",
        _ONE,
        get_webhook,
        ADMIN,
        "Get a webhook",
        _TAG,
        {200: Answers("The webhook, without its secret.", OneWebhook, {"webhook": EXAMPLE})},
    ),
    Endpoint(
        "PUT",
        _ONE,
        update_webhook,
        ADMIN,
        "Change a webhook",
        _TAG,
        {
            200: Answers(
                "The webhook; with a secret if a new one was made.", (OneWebhook, NewWebhook), {"webhook": EXAMPLE}
            )
        },
        description="What is left out stays. One that is enabled again gets what happens from then on; what was given"
        " up before can be redelivered.",
        body=WebhookPatch,
        body_example={**BODY_EXAMPLE, "status": "active"},
    ),
    Endpoint(
        "DELETE",
        _ONE,
        delete_webhook,
        ADMIN,
        "Delete a webhook",
        _TAG,
        {200: Answers("Deleted.", Success, {"success": True, "message": "Webhook deleted"})},
    ),
    Endpoint(
        "POST",
        f"{_ONE}/test",
        send_test,
        ADMIN,
        "Send a test event",
        _TAG,
        {
            202: Answers(
                "The delivery that was queued.", OneDelivery, {"delivery": {**QUEUED_EXAMPLE, "type": "webhook.test"}}
            )
        },
        description="The event's type is `webhook.test`, whatever the webhook is for.",
    ),
    Endpoint(
        "GET",
        _DELIVERIES,
        list_deliveries,
        ADMIN,
        "List a webhook's deliveries",
        _TAG,
        {
            200: Answers(
                "A page of deliveries, newest first.",
                Deliveries,
                {"deliveries": [DELIVERY_EXAMPLE], "total": 1, "limit": 20, "offset": 0},
            )
        },
        description="`pending` ones are to be sent or tried again, `failed` ones were given up. Kept for 30 days.",
        query=DeliveriesQuery,
    ),
    Endpoint(
        "POST",
        f"{_DELIVERIES}/{{delivery_id}}/redeliver",
        redeliver,
        ADMIN,
        "Deliver again",
        _TAG,
        {202: Answers("The delivery that was queued.", OneDelivery, {"delivery": QUEUED_EXAMPLE})},
        description="One that is over is queued as a new delivery of the same event, with the same `webhook-id`. One"
        " that waits for its next attempt is tried at once.",
    ),
]
