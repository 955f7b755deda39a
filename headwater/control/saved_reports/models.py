"""The table of saved reports."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId


class SavedReport(Record):
    """A view of the analytics that people keep; the window is stored in the caller's words."""

    __tablename__ = "saved_report"
    __table_args__ = (Index(None, "organisation_id", "workspace_id", "id"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    workspace_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    name: Mapped[str] = mapped_column(String(255))
    resource: Mapped[str] = mapped_column(String(16))
    ids: Mapped[list[int]] = mapped_column(JSON)
    metrics: Mapped[list[str]] = mapped_column(JSON)
    time_frame: Mapped[str] = mapped_column(String(16))
    time_from: Mapped[str | None] = mapped_column(String(64))
    time_to: Mapped[str | None] = mapped_column(String(64))
    relative: Mapped[str | None] = mapped_column(String(32))
    breakdown: Mapped[str] = mapped_column(String(16))
    chart: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
