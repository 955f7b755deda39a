"""Parameters and shapes of the aggregates: lists over all videos, creators or campaigns of a span.

Every answer has ``data.rows``, a page of a list whose length is ``meta.total``. Null is what
is not known, or what would divide by zero, as in the time series.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, field

from headwater.surfaces.creators.analytics_contract import EntityRef

T = TypeVar("T")

LIMITS: Final = range(1, 101)
DEFAULT_LIMIT: Final = "20"
OFFSETS: Final = range(1_000_000_000)
DIRECTIONS: Final = ("asc", "desc")

_Day = Meta(description="A date, inclusive, in the organisation's zone.", extra_json_schema={"format": "date"})


class AggregateQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which days, of which project, and which rows; read as text, so that every problem is told at once."""

    project_id: Annotated[
        str, Meta(description="One project; all of them unless given.", extra_json_schema={"format": "uuid"})
    ] = ""
    start: Annotated[str, _Day] = field(name="from", default="")
    end: Annotated[str, _Day] = field(name="to", default="")
    order: Annotated[
        str,
        Meta(
            description="`asc` or `desc` by the list's own measure, or a column of it (`likes`, `likes:asc`):"
            " the most first unless it says `:asc`. What is null comes last.",
            extra_json_schema={"pattern": "^(asc|desc|[a-z_]+(:(asc|desc))?)$"},
        ),
    ] = ""
    limit: Annotated[
        str,
        Meta(
            description="Rows of the page.",
            extra_json_schema={"type": "integer", "minimum": LIMITS[0], "maximum": LIMITS[-1], "default": 20},
        ),
    ] = DEFAULT_LIMIT
    offset: Annotated[
        str,
        Meta(
            description="Rows to leave out before it.",
            extra_json_schema={"type": "integer", "minimum": 0, "maximum": OFFSETS[-1], "default": 0},
        ),
    ] = "0"


class RowsMeta(msgspec.Struct, frozen=True):
    """The length of the whole list, and which page of it this is."""

    total: int
    limit: int
    offset: int


class RowsData(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of rows over a span of days."""

    start: date = field(name="from")
    end: date = field(name="to")
    tz: str
    project_id: str | None
    rows: list[T]


class Aggregated(msgspec.Struct, Generic[T], frozen=True):
    """An aggregate."""

    data: T
    error: None
    meta: RowsMeta


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """``rank`` counts from 1 over the whole list in the order asked for."""

    rank: int


class _Measured(Ranked, frozen=True, kw_only=True):
    """What is new in the span; ``views_total`` is the level at its end."""

    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    views_total: int | None
    engagement_rate: float | None


class VideoStandingRow(_Measured, frozen=True, kw_only=True):
    """A video."""

    entity_ref: EntityRef
    creator: EntityRef | None
    posted_at: datetime | None


class CreatorStandingRow(_Measured, frozen=True, kw_only=True):
    """A creator; ``followers`` is the level at the span's end."""

    entity_ref: EntityRef
    posts: int
    followers: int | None
    followers_change: int | None
    avg_views_per_post: float | None


class CampaignStandingRow(_Measured, frozen=True, kw_only=True):
    """A campaign; ``target_progress`` is ``views_total`` in percent of ``target_views``."""

    entity_ref: EntityRef
    posts: int
    videos: int
    creators: int
    target_views: int | None
    target_at: datetime | None
    target_progress: float | None


class PostingSlotRow(Ranked, frozen=True, kw_only=True):
    """An hour of a weekday; 1 is Monday."""

    weekday: int
    hour: int
    posts: int
    views: int | None
    avg_views_per_post: float | None


class HeatmapData(RowsData[PostingSlotRow], frozen=True, kw_only=True):
    """The slots with posts, and the whole week: seven days from Monday, of 24 hours each."""

    posts: list[list[int]]
    avg_views_per_post: list[list[float | None]]


class ViewsBinRow(Ranked, frozen=True, kw_only=True):
    """Videos with so many new views, both ends included."""

    at_least: int | None
    at_most: int
    videos: int
    percent: float


class Percentiles(msgspec.Struct, frozen=True):
    """New views that so many percent of the videos do not exceed."""

    p10: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p99: float | None


class DistributionData(RowsData[ViewsBinRow], frozen=True, kw_only=True):
    """The histogram by powers of ten, and what sums it up; `p50` is the median."""

    videos: int
    mean: float | None
    min: int | None
    max: int | None
    percentiles: Percentiles


class OutlierRow(Ranked, frozen=True, kw_only=True):
    """A video far from its creator's median; ``score`` is the modified z-score, ``deviation`` its absolute value."""

    entity_ref: EntityRef
    creator: EntityRef
    posted_at: datetime | None
    views: int
    median_views: float
    score: float
    deviation: float
    direction: Literal["above", "below"]


class ConsistencyRow(Ranked, frozen=True, kw_only=True):
    """How regularly a creator posted; gaps are days between one post and the next."""

    entity_ref: EntityRef
    posts: int
    posts_per_week: float | None
    mean_gap_days: float | None
    stdev_gap_days: float | None
    longest_gap_days: float | None
    weeks: int
    active_weeks: int
    active_weeks_percent: float | None


class ScatterRow(Ranked, frozen=True, kw_only=True):
    """A creator as a point."""

    entity_ref: EntityRef
    followers: int | None
    views: int | None
    avg_views_per_post: float | None
    engagement_rate: float | None
    posts: int


class OverlapRow(Ranked, frozen=True, kw_only=True):
    """Two campaigns and what counts in both; ``jaccard`` is videos in both ÷ videos in either."""

    campaigns: tuple[EntityRef, EntityRef]
    videos: int
    creators: int
    views: int | None
    jaccard: float
