"""Parameters and shapes of the resources of the creators contract (contract: creators, "Resources")."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headwater.control.creators.models import ItemType, TrackingMode, TrackingStatus
from headwater.control.creators.rules import (
    LARGEST_TARGET,
    LONGEST_CAMPAIGN_NAME,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_PLATFORM,
    LONGEST_TITLE,
    LONGEST_URL,
)
from headwater.surfaces.creators.page import Cursor, Limit, Search

T = TypeVar("T")

MOST_AT_ONCE: Final = 50

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
CampaignName = Annotated[str, Meta(min_length=1, max_length=LONGEST_CAMPAIGN_NAME)]
Description = Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)]
ExternalId = Annotated[
    str, Meta(min_length=1, max_length=LONGEST_NAME, description="The sender's own id, unique in the project.")
]
Moment = Annotated[str, Meta(max_length=64, description="ISO 8601 date or date-time, UTC unless it has an offset.")]
Metadata = Annotated[dict[str, Any], Meta(description="Any JSON object, up to 16 KiB; null is the empty one.")]
Handle = Annotated[
    str, Meta(min_length=1, max_length=LONGEST_NAME, description="The name on the platform; a new creator needs it.")
]
Platform = Annotated[
    str,
    Meta(
        min_length=1, max_length=LONGEST_PLATFORM, description="`tiktok` (default), `youtube`, `instagram` or another."
    ),
]
Mode = Annotated[
    TrackingMode, Meta(description="`auto`: new videos count. `selective`: they are `pending_review` first.")
]
Status = Annotated[
    TrackingStatus,
    Meta(
        description="`pending_review` and `excluded` do not count. Default: `direct_add` without a creator, else as the"
        " creator's `tracking_mode` says."
    ),
]
Url = Annotated[str, Meta(max_length=LONGEST_URL, description="An http or https address.")]
Title = Annotated[str, Meta(min_length=1, max_length=LONGEST_TITLE)]
Target = Annotated[int, Meta(ge=0, le=LARGEST_TARGET)]


def _each(name: str) -> Meta:
    """Up to fifty objects; they are read one by one, so that a bad one spoils no other."""
    items = {"items": {"$ref": f"#/components/schemas/{name}"}}
    return Meta(min_length=1, max_length=MOST_AT_ONCE, extra_json_schema=items)


Creators = Annotated[list[Any], _each("CreatorChange")]
Videos = Annotated[list[Any], _each("VideoChange")]
Campaigns = Annotated[list[Any], _each("CreatorCampaignChange")]


class ProjectBody(msgspec.Struct, frozen=True):
    """A project as it is sent."""

    name: Name
    description: Description | UnsetType | None = UNSET


class ProjectChange(msgspec.Struct, frozen=True):
    """New values for some fields of a project."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET


class CreatorChange(msgspec.Struct, frozen=True):
    """A creator as it is sent; what is left out stays as it is, or is as the server chooses."""

    handle: Handle | UnsetType = UNSET
    platform: Platform | UnsetType = UNSET
    display_name: Name | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    tracking_mode: Mode | UnsetType = UNSET
    tracking_start_date: date | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class VideoChange(msgspec.Struct, frozen=True):
    """A video as it is sent; a new one needs `external_id` or `url`."""

    creator_id: UUID | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET
    url: Url | UnsetType | None = UNSET
    title: Title | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    posted_at: Moment | UnsetType | None = UNSET
    tracking_status: Status | UnsetType = UNSET


class CreatorCampaignChange(msgspec.Struct, frozen=True):
    """A campaign as it is sent; a new one needs `name`."""

    name: CampaignName | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    target_views: Target | UnsetType | None = UNSET
    target_at: Moment | UnsetType | None = UNSET


class CreatorBody(CreatorChange, frozen=True):
    """One creator, or `creators`: up to 50 of them."""

    creators: Creators | UnsetType = UNSET


class VideoBody(VideoChange, frozen=True):
    """One video, or `videos`: up to 50 of them."""

    videos: Videos | UnsetType = UNSET


class CreatorCampaignBody(CreatorCampaignChange, frozen=True):
    """One campaign, or `campaigns`: up to 50 of them."""

    campaigns: Campaigns | UnsetType = UNSET


class ItemBody(msgspec.Struct, frozen=True):
    """What a campaign is to hold, or no longer."""

    item_type: ItemType
    item_id: UUID


class OrganisationChange(msgspec.Struct, frozen=True):
    """New values for some settings."""

    name: Name | UnsetType = UNSET
    analytics_tz: Annotated[str, Meta(max_length=64, description="An IANA time zone.")] | UnsetType = UNSET


class ProjectRow(msgspec.Struct, frozen=True):
    """A project as it is answered."""

    id: str
    name: str
    description: str | None
    org_id: str
    created_at: datetime
    updated_at: datetime


class CreatorRow(msgspec.Struct, frozen=True):
    """A creator as it is answered."""

    id: str
    project_id: str
    handle: str
    platform: str
    display_name: str | None
    description: str | None
    metadata: dict[str, Any]
    tracking_mode: TrackingMode
    tracking_start_date: date | None
    external_id: str | None


class VideoRow(msgspec.Struct, frozen=True):
    """A video as it is answered; the counts are the last known ones, null before the first snapshot."""

    id: str
    project_id: str
    creator_id: str | None
    external_id: str | None
    url: str | None
    title: str | None
    description: str | None
    metadata: dict[str, Any]
    posted_at: datetime | None
    tracking_status: TrackingStatus
    view_count: int | None
    like_count: int | None
    comment_count: int | None
    share_count: int | None
    save_count: int | None


class CreatorCampaignRow(msgspec.Struct, frozen=True):
    """A campaign as it is answered."""

    id: str
    project_id: str
    name: str
    description: str | None
    metadata: dict[str, Any]
    target_views: int | None
    target_at: datetime | None
    created_at: datetime


class ItemRow(msgspec.Struct, frozen=True):
    """Something that a campaign holds."""

    id: str
    campaign_id: str
    item_type: ItemType
    item_id: str
    created_at: datetime


class OrganisationRow(msgspec.Struct, frozen=True):
    """The organisation as it is answered."""

    id: str
    name: str
    analytics_tz: str


class Deleted(msgspec.Struct, frozen=True):
    """What is gone."""

    id: str
    deleted: bool


class Refused(msgspec.Struct, frozen=True):
    """One of several that was not taken: its place in the list, and why."""

    index: int
    message: str


class Bulk(msgspec.Struct, Generic[T], frozen=True):
    """What became of several: those that were taken, in order, and those that were not."""

    created: list[T]
    errors: list[Refused]


class EnvelopedBulk(msgspec.Struct, Generic[T], frozen=True):
    """The answer to several at once."""

    data: Bulk[T]
    error: None
    meta: None


class ListQuery(msgspec.Struct, frozen=True):
    """Parameters of every list."""

    search: Search | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class CampaignsQuery(ListQuery, frozen=True, kw_only=True):
    """Parameters of the list of campaigns."""

    project_id: UUID | None = None


class TrackedQuery(CampaignsQuery, frozen=True, kw_only=True):
    """Parameters of the lists of creators and of videos."""

    external_id: (
        Annotated[str, Meta(max_length=LONGEST_NAME, description="Only rows with this external id.")] | None
    ) = None


class ItemsQuery(msgspec.Struct, frozen=True):
    """Parameters of what a campaign holds."""

    limit: Limit = 50
    cursor: Cursor | None = None
