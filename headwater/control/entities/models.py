"""The table of entities: one for all kinds, so that an id is unique across them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.entities.kinds import Kind
from headwater.control.record import NEVER_REUSE_IDS, Record, RowId


class Entity(Record):
    """A workspace, campaign, creative group, creative or component; the last three columns are a component's."""

    __tablename__ = "entity"
    __table_args__ = (
        UniqueConstraint("organisation_id", "kind", "external_id"),
        Index(None, "organisation_id", "kind", "id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[Kind] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("entity.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    external_id: Mapped[str | None] = mapped_column(String(255))
    archived: Mapped[bool] = mapped_column(default=False)
    component_type: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
