"""The table of annotations."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from headwater.control.creators.models import OrganisationId, PublicId
from headwater.control.record import NEVER_REUSE_IDS, Record, RowId

Source = Literal["user", "auto"]
Scoped = Literal["org", "project", "creator", "video", "campaign"]
AutoKind = Literal["tracking_started", "item_added", "item_removed", "target_reached", "record_day"]
AnnotationKind = Literal["user", AutoKind]

Entity = tuple[str, int]
"""What an annotation is about, by number: ``("creator", 7)``; the organisation's number is its id."""


class Annotation(Record):
    """Something that happened ``at`` a time.

    What it is about is the organisation itself or the one row that a column names, with
    which it goes. ``dedupe_key`` says of the server's own what must not be said twice.
    """

    __tablename__ = "annotation"
    __table_args__ = (
        UniqueConstraint("organisation_id", "dedupe_key"),
        Index(None, "organisation_id", "at"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[OrganisationId]
    source: Mapped[Source] = mapped_column(String(8))
    kind: Mapped[AnnotationKind] = mapped_column(String(32))
    scope: Mapped[Scoped] = mapped_column(String(16))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creator.id", ondelete="CASCADE"), index=True)
    video_id: Mapped[int | None] = mapped_column(ForeignKey("video.id", ondelete="CASCADE"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("creator_campaign.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    title: Mapped[str] = mapped_column(String(200))
    body_md: Mapped[str | None] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    dedupe_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def entity(self) -> Entity:
        """What it is about."""
        numbers = {
            "project": self.project_id,
            "creator": self.creator_id,
            "video": self.video_id,
            "campaign": self.campaign_id,
        }
        return self.scope, numbers.get(self.scope) or self.organisation_id


def column_of(scope: str) -> str:
    """The column that holds the number of what an annotation of this scope is about."""
    return "organisation_id" if scope == "org" else f"{scope}_id"
