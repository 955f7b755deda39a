"""The table of data sources."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import Record
from headwater.control.sealed import Sealed

Mode = Literal["online", "offline"]
Status = Literal["connected", "error", "untested"]

LONGEST_ERROR = 500


class DataSource(Record):
    """A source; ``config`` is its whole configuration, sealed for the secrets in it.

    ``engine`` is the configuration's type. ``version`` names the folder of its files or of its
    copy, which is never written to again: a newer one gets a name of its own.
    """

    __tablename__ = "data_source"
    __table_args__ = (Index(None, "organisation_id", "id"), Index(None, "next_sync_at"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    source_name: Mapped[str] = mapped_column(String(255))
    engine: Mapped[str] = mapped_column(String(16))
    mode: Mapped[Mode] = mapped_column(String(8))
    config: Mapped[Sealed]
    status: Mapped[Status] = mapped_column(String(16))
    last_error: Mapped[str | None] = mapped_column(String(LONGEST_ERROR))
    version: Mapped[str | None] = mapped_column(String(64))
    sync_interval_minutes: Mapped[int | None]
    next_sync_at: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
