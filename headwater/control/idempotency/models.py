"""The table of answers kept for repeated requests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import Record


class KeptAnswer(Record):
    """An answer under the keyed hash of owner and key; ``response`` can be read only with the key itself."""

    __tablename__ = "kept_answer"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    route: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(128))
    status: Mapped[int]
    response: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)
