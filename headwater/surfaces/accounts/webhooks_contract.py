"""What is sent and answered about webhooks (contract: agents-and-accounts)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.webhooks.events import EVENTS, EventType, Subscribable
from headwater.control.webhooks.models import LONGEST_URL, Reason, State, Status

_Url = Annotated[
    str, Meta(min_length=1, max_length=LONGEST_URL, description="Where to; its host must be a public one.")
]
_Events = Annotated[
    list[Subscribable],
    Meta(min_length=1, description=" ".join(f"`{name}`: {sentence}" for name, sentence in EVENTS.items())),
]


class WebhookBody(msgspec.Struct, frozen=True):
    """A webhook to be made."""

    url: _Url
    events: _Events


class WebhookPatch(msgspec.Struct, frozen=True):
    """What is to be changed; what is left out stays."""

    url: _Url | UnsetType = UNSET
    events: _Events | UnsetType = UNSET
    status: Annotated[Status, Meta(description="`active` enables it again, `disabled` stops it.")] | UnsetType = UNSET
    rotate_secret: Annotated[
        bool, Meta(description="Make a new secret, which is answered; for 24 hours the former one signs too.")
    ] = False


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook; ``failing_since`` is its first failure since it last succeeded."""

    webhook_id: str
    url: str
    events: list[Subscribable]
    status: Status
    disabled_reason: Reason | None
    disabled_at: datetime | None
    failing_since: datetime | None
    created_at: datetime


class NewWebhookRow(WebhookRow, frozen=True, kw_only=True):
    """A webhook with its secret, which is shown this once."""

    secret: str


class OneWebhook(msgspec.Struct, frozen=True):
    """A webhook."""

    webhook: WebhookRow


class NewWebhook(msgspec.Struct, frozen=True):
    """A webhook with a secret that was just made."""

    webhook: NewWebhookRow


class AllWebhooks(msgspec.Struct, frozen=True):
    """The company's webhooks."""

    webhooks: list[WebhookRow]


class DeliveriesQuery(msgspec.Struct, frozen=True):
    """Which deliveries."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Deliveries on a page.")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Deliveries to skip.")] = 0


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """The telling of one event; ``event_id`` is the header ``webhook-id``, the rest is of the last attempt."""

    delivery_id: str
    event_id: str
    type: EventType
    state: State
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    finished_at: datetime | None
    response_status: int | None
    response_excerpt: str | None
    error: str | None
    duration_ms: int | None


class OneDelivery(msgspec.Struct, frozen=True):
    """A delivery."""

    delivery: DeliveryRow


class Deliveries(msgspec.Struct, frozen=True):
    """A page of deliveries, newest first."""

    deliveries: list[DeliveryRow]
    total: int
    limit: int
    offset: int


BODY_EXAMPLE: Final = {"url": "https://example.com/webhook", "events": ["agent.execute"]}
EXAMPLE: Final = {
    "webhook_id": "wh_0AbC…",
    **BODY_EXAMPLE,
    "status": "active",
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "created_at": "2025-01-15T10:00:00Z",
}
DELIVERY_EXAMPLE: Final = {
    "delivery_id": "dlv_0AbC…",
    "event_id": "msg_0AbC…",
    "type": "agent.execute",
    "state": "delivered",
    "attempts": 1,
    "created_at": "2025-01-15T10:00:00Z",
    "next_attempt_at": None,
    "last_attempt_at": "2025-01-15T10:00:01Z",
    "finished_at": "2025-01-15T10:00:01Z",
    "response_status": 204,
    "response_excerpt": None,
    "error": None,
    "duration_ms": 83,
}
QUEUED_EXAMPLE: Final = {
    **DELIVERY_EXAMPLE,
    "state": "pending",
    "attempts": 0,
    "next_attempt_at": "2025-01-15T10:00:00Z",
    "last_attempt_at": None,
    "finished_at": None,
    "response_status": None,
    "duration_ms": None,
}
