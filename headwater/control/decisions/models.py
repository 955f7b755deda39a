"""The table of decision entities: offers, channels, policies and the ten other kinds.

One table, because all kinds live alike: made, changed field by field, archived, found by id or
key. What only one kind has is a document, checked by ``kinds`` whenever it is written. ``id`` is
the number by which facts are kept, ``public_id`` what callers see; both stay when a row is
archived, since history names them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId


class DecisionEntity(Record):
    """One entity; ``details`` are its fields beside ``key``, ``name`` and ``status``, by the contract's names."""

    __tablename__ = "decision_entity"
    __table_args__ = (
        UniqueConstraint("organisation_id", "kind", "public_id"),
        Index(None, "organisation_id", "kind", "id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    public_id: Mapped[str] = mapped_column(String(64))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


# A key is free again when what had it is archived.
_LIVING = DecisionEntity.archived_at.is_(None)
Index(
    "uq_decision_entity_organisation_id_kind_key",
    DecisionEntity.organisation_id,
    DecisionEntity.kind,
    DecisionEntity.key,
    unique=True,
    sqlite_where=_LIVING,
    postgresql_where=_LIVING,
)
