"""The table of people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId


class User(Record):
    """A person of one organisation; ``email`` is kept in lower case, ``role`` is a name of ``scope.Role``.

    Access tokens are good while they carry ``credentials_version``.
    """

    __tablename__ = "user"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[RowId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    full_name: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    is_verified: Mapped[bool] = mapped_column(default=False)
    is_operator: Mapped[bool] = mapped_column(default=False)
    credentials_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
