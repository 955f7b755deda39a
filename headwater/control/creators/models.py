"""The tables of projects, creators, videos, campaigns and what campaigns hold.

``id`` is the number by which facts are kept, ``public_id`` what callers see. What hangs
below a row goes with it: the database cascades.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from headwater.control.record import NEVER_REUSE_IDS, Record, RowId
from headwater.kit.ids import new_uuid

TrackingMode = Literal["auto", "selective"]
TrackingStatus = Literal["auto_tracked", "pending_review", "included", "excluded", "direct_add"]
ItemType = Literal["creator", "video", "campaign"]
ITEM_TYPES: Final[tuple[ItemType, ...]] = get_args(ItemType)
UNCOUNTED: Final = frozenset({"pending_review", "excluded"})
"""The tracking statuses of videos that do not count."""

PublicId = Annotated[str, mapped_column(String(36), unique=True, default=new_uuid)]
OrganisationId = Annotated[int, mapped_column(ForeignKey("organisation.id"))]
ProjectId = Annotated[int, mapped_column(ForeignKey("project.id", ondelete="CASCADE"))]


class Project(Record):
    """What an organisation keeps apart: creators, videos and campaigns belong to one."""

    __tablename__ = "project"
    __table_args__ = (Index(None, "organisation_id", "id"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[OrganisationId]
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Creator(Record):
    """Somebody who posts on a platform."""

    __tablename__ = "creator"
    __table_args__ = (
        UniqueConstraint("project_id", "platform", "handle"),
        UniqueConstraint("project_id", "external_id"),
        Index(None, "organisation_id", "id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[OrganisationId]
    project_id: Mapped[ProjectId]
    handle: Mapped[str] = mapped_column(String(255))
    platform: Mapped[str] = mapped_column(String(32))
    display_name: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    tracking_mode: Mapped[TrackingMode] = mapped_column(String(16))
    tracking_start_date: Mapped[date | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)


class Video(Record):
    """A post; one that was added directly has no creator."""

    __tablename__ = "video"
    __table_args__ = (
        UniqueConstraint("project_id", "external_id"),
        Index(None, "project_id", "url"),
        Index(None, "organisation_id", "id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[OrganisationId]
    project_id: Mapped[ProjectId]
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creator.id", ondelete="CASCADE"), index=True)
    external_id: Mapped[str | None] = mapped_column(String(255))
    url: Mapped[str | None] = mapped_column(String(2048))
    title: Mapped[str | None] = mapped_column(String(1000))
    description: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    posted_at: Mapped[datetime | None]
    tracking_status: Mapped[TrackingStatus] = mapped_column(String(16))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)
    creator: Mapped[Creator | None] = relationship(lazy="joined")


class Campaign(Record):
    """A set of creators, videos and other campaigns whose figures are read together."""

    __tablename__ = "creator_campaign"
    __table_args__ = (Index(None, "organisation_id", "id"), Index(None, "project_id"), NEVER_REUSE_IDS)

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[OrganisationId]
    project_id: Mapped[ProjectId]
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    target_views: Mapped[int | None] = mapped_column(BigInteger)
    target_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)


class CampaignItem(Record):
    """One thing that a campaign holds; one of the last three columns says which."""

    __tablename__ = "campaign_item"
    __table_args__ = (
        UniqueConstraint("campaign_id", "creator_id"),
        UniqueConstraint("campaign_id", "video_id"),
        UniqueConstraint("campaign_id", "nested_id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[OrganisationId] = mapped_column(index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("creator_campaign.id", ondelete="CASCADE"))
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creator.id", ondelete="CASCADE"), index=True)
    video_id: Mapped[int | None] = mapped_column(ForeignKey("video.id", ondelete="CASCADE"), index=True)
    nested_id: Mapped[int | None] = mapped_column(ForeignKey("creator_campaign.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
