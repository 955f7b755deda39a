"""Parameters and shapes of the analytics endpoints (contract: ad-creatives)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from headwater.catalogue.ads import AD_EVENTS

Id = Annotated[int, Meta(ge=1, le=2**63 - 1, description="A positive integer.")]
Ids = Annotated[list[Id], Meta(min_length=1, description="Resource ids: `id[]=1&id[]=2`, `id=1&id=2` or `id=1,2`.")]
Resource = Annotated[Literal["creative", "creative_group", "campaign"], Meta(description="What the ids are ids of.")]
Time = Annotated[
    str,
    Meta(
        description="ISO 8601 date or date-time, UTC unless it has an offset. An end is inclusive of the unit it is"
        " written in: `2025-04-24` is the whole day, `…23:59:59Z` the whole second.",
        examples=["2025-04-17T00:00:00.000Z"],
    ),
]
TimeFrame = Annotated[Literal["hour", "day", "week", "month"], Meta(description="Bucket size; weeks start on Monday.")]
Metrics = Annotated[
    list[str],
    Meta(
        min_length=1,
        description=f"Metrics: `base` (all) or any of {', '.join(AD_EVENTS.groups['base'])}.",
        examples=[["impressions", "link_clicks"]],
    ),
]
Format = Annotated[
    Literal["json", "csv", "arrow", "parquet"],
    Meta(description="Form of the answer; the table forms have the id as first column."),
]

DEFAULT_COUNTS = ("impressions", "started", "interacted")


class BucketsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of buckets."""

    resource: Resource
    time_from: Time
    time_to: Time
    time_frame: TimeFrame
    ids: Ids = field(name="id[]")
    metrics: Metrics = field(name="metric[]")
    fill: Annotated[Literal["zero"], Meta(description="`zero` also gives the buckets without events.")] | None = None
    format: Format = "json"


class CountsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of counts."""

    resource: Resource
    ids: Ids = field(name="id[]")
    metrics: Metrics = field(name="metric[]", default_factory=lambda: list(DEFAULT_COUNTS))
    format: Format = "json"


class FlowQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of flow."""

    creative_ids: Ids = field(name="creative_id[]")
    time_from: Time | None = None
    time_to: Time | None = None
    format: Format = "json"


class DomainsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of domains."""

    resource: Resource
    time_from: Time
    time_to: Time
    ids: Ids = field(name="id[]")
    format: Format = "json"


class DomainsCsvQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of domains/csv."""

    resource: Resource
    time_from: Time
    time_to: Time
    ids: Ids = field(name="id[]")


class FlowRow(msgspec.Struct, frozen=True):
    """One flow component; ``drop`` is ``impressions`` − ``continue``, never below 0."""

    component_type: str
    content: str
    impressions: int
    continued: int = field(name="continue")
    drop: int
    component_id: int


class DomainRow(msgspec.Struct, frozen=True):
    """One domain and DSP; events without one show as ``""``."""

    domain: str
    dsp: str
    impressions: int
    interacted: int
    link_clicks: int


class TreeCreative(msgspec.Struct, frozen=True):
    """A creative of the data tree; ids are texts here."""

    id: str
    name: str


class TreeGroup(msgspec.Struct, frozen=True):
    """A creative group of the data tree."""

    id: str
    name: str
    creatives: list[TreeCreative]


class TreeCampaign(msgspec.Struct, frozen=True):
    """A campaign of the data tree."""

    id: str
    name: str
    groups: list[TreeGroup] = field(name="creativeGroups")


class Tree(msgspec.Struct, frozen=True):
    """The data tree."""

    data: list[TreeCampaign]


class TreeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the data tree."""

    workspaces: Annotated[
        list[Id], Meta(description="Workspace ids; without any, every workspace of the organisation.")
    ] = field(name="workspaces[]", default_factory=list)
