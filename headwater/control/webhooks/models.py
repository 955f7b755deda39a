"""The tables of webhooks: the subscribers, the events that they are told of, and each telling."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId
from headwater.control.sealed import Sealed, SealedOrNone
from headwater.control.webhooks.events import EventType, Subscribable

Status = Literal["active", "disabled"]
Reason = Literal["failing", "gone", "person"]
"""Why one is disabled: five days without success, an answer of 410, or because somebody wanted it."""
State = Literal["pending", "delivered", "failed"]

LONGEST_URL = 2048
LONGEST_EXCERPT = 500
LONGEST_ERROR = 500


class Webhook(Record):
    """A subscriber. While ``claimed_until`` has not come, only the process ``holder`` sends to it.

    ``former_secret`` signs too until ``former_until``, so that receivers can change over.
    """

    __tablename__ = "webhook"
    __table_args__ = (Index(None, "organisation_id", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    events: Mapped[list[Subscribable]] = mapped_column(JSON)
    secret: Mapped[Sealed]
    former_secret: Mapped[SealedOrNone]
    former_until: Mapped[datetime | None]
    status: Mapped[Status] = mapped_column(String(16))
    disabled_reason: Mapped[Reason | None] = mapped_column(String(16))
    disabled_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    holder: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class WebhookEvent(Record):
    """Something that happened, as it is told: ``body`` is what is sent, the same at every attempt."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    type: Mapped[EventType] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class WebhookDelivery(Record):
    """The telling of an event to a webhook; those of one webhook go out in the order of ``number``."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index(None, "webhook_id", "number"),
        Index(None, "state", "webhook_id", "number"),
        NEVER_REUSE_IDS,
    )

    number: Mapped[RowId]
    id: Mapped[str] = mapped_column(String(64), unique=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(ForeignKey("webhook_event.id"), index=True)
    state: Mapped[State] = mapped_column(String(16))
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    first_attempt_at: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    response_status: Mapped[int | None]
    response_excerpt: Mapped[str | None] = mapped_column(String(LONGEST_EXCERPT))
    error: Mapped[str | None] = mapped_column(String(LONGEST_ERROR))
    duration_ms: Mapped[int | None]
