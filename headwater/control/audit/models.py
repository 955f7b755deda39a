"""The table of security events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId, RowNumber


class AuditEvent(Record):
    """What happened, to whom and by whom; plain numbers, so that it outlives the rows it speaks of."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "organisation_id", "id"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    organisation_id: Mapped[int | None] = mapped_column(RowNumber)
    user_id: Mapped[int | None] = mapped_column(RowNumber)
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(255))
    ip: Mapped[str | None] = mapped_column(String(64))
    details: Mapped[dict[str, object]] = mapped_column(JSON)
    created_at: Mapped[datetime]
