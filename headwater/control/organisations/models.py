"""The table of organisations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId
from headwater.kit.ids import new_uuid


class Organisation(Record):
    """A tenant.

    ``entities_version`` grows with every change of its entities, ``roster_version`` with every
    one of its projects, creators, videos and campaigns, and of its time zone, ``decisions_version``
    with every one of its decision entities.
    """

    __tablename__ = "organisation"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[RowId]
    public_id: Mapped[str] = mapped_column(String(36), unique=True, index=True, default=new_uuid)
    name: Mapped[str] = mapped_column(String(255), index=True)
    plan: Mapped[str] = mapped_column(ForeignKey("plan.name"))
    analytics_tz: Mapped[str] = mapped_column(String(64), default="UTC")
    entities_version: Mapped[int] = mapped_column(default=0)
    roster_version: Mapped[int] = mapped_column(default=0)
    decisions_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
