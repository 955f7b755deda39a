"""The table of plans."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import Record


class Plan(Record):
    """What an organisation may use; ``None`` is unlimited. ``monthly_price_micros`` is in millionths."""

    __tablename__ = "plan"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    requests_per_hour: Mapped[int | None]
    retention_days: Mapped[int | None]
    monthly_credits: Mapped[int]
    max_members: Mapped[int | None]
    max_projects: Mapped[int | None]
    max_creators: Mapped[int | None]
    max_tracked_videos: Mapped[int | None]
    max_api_keys: Mapped[int | None]
    monthly_price_micros: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
