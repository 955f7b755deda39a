"""The tables of credentials; each keeps a keyed hash, never the credential."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId
from headwater.scope import Permission


class ApiKey(Record):
    """A key for programs; ``prefix`` is the part of it that may be shown."""

    __tablename__ = "api_key"
    __table_args__ = (Index(None, "organisation_id", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(255))
    prefix: Mapped[str] = mapped_column(String(32))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    permissions: Mapped[list[Permission]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    last_used: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class CookieSession(Record):
    """A person's stay in the console, known by its cookie."""

    __tablename__ = "cookie_session"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RefreshToken(Record):
    """A token that stands for a login; those that follow one another share ``family_id``.

    One that was used stays until it expires, so that its second use is noticed.
    """

    __tablename__ = "refresh_token"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    family_id: Mapped[str] = mapped_column(String(64), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class MailedToken(Record):
    """A token that went to a user by mail; one for each purpose, gone once it is used."""

    __tablename__ = "mailed_token"
    __table_args__ = (UniqueConstraint("user_id", "purpose"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(32))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
