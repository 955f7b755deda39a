"""The tables of deployments, and of what people said through them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId
from headwater.control.sealed import SealedOrNone

DeploymentStatus = Literal["active", "inactive"]
MessageState = Literal["received", "answered", "sent", "failed"]


class Deployment(Record):
    """An agent on a platform. ``config`` is what may be shown, ``secrets`` a JSON object of what may not."""

    __tablename__ = "deployment"
    __table_args__ = (Index(None, "organisation_id", "id"), Index(None, "agent_id", "status"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(String(32))
    status: Mapped[DeploymentStatus] = mapped_column(String(16))
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    secrets: Mapped[SealedOrNone]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InboundMessage(Record):
    """What somebody said on a platform, once however often it was delivered.

    ``received``: not answered yet. ``answered``: ``reply`` is paid for, and is to be sent. ``sent`` and
    ``failed`` are over. While ``claimed_until`` has not come, one process works on it.
    """

    __tablename__ = "inbound_message"
    __table_args__ = (
        UniqueConstraint("deployment_id", "message_id"),
        Index(None, "state", "try_at"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(255))
    conversation: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    address: Mapped[dict[str, str]] = mapped_column(JSON)
    state: Mapped[MessageState] = mapped_column(String(16))
    reply: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int]
    try_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
