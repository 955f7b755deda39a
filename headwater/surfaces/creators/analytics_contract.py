"""Parameters and body of ``GET /api/v1/analytics``: the frozen shape (contract: creators; additive changes only).

Parameters are read as text and judged in ``analytics_mapping``, so that an answer
can tell everything that is wrong at once; what they take stands in their schemas.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, field

from headwater.catalogue.creators import LEVELS, SERIES
from headwater.catalogue.series import EntityKind, Mode
from headwater.query.series.question import Granularity
from headwater.surfaces.creators.annotations import AnnotationRow

VERSION: Final = "1.4.0"
MOST_IDS: Final = 10
MODES: Final[tuple[Mode, ...]] = ("new", "cumulative", "rate")
GRANULARITIES: Final[tuple[Granularity, ...]] = ("day", "week", "month", "custom")
ENTITIES: Final[tuple[EntityKind, ...]] = ("creator", "video", "campaign")
COMPARISONS: Final = ("none", "prior_period")
BREAKDOWNS: Final = ("none", "video")
FORMATS: Final = ("json", "csv")

_REQUIRED: Final = {"x-required": True}


def _one_of(values: Iterable[str], words: str, **more: Any) -> Meta:
    return Meta(description=words, extra_json_schema={"enum": list(values), **more})


_Day = Meta(description="A date, inclusive, in the zone.", extra_json_schema={"format": "date"})


class AnalyticsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of up to ten entities of one kind over time."""

    entity: Annotated[str, _one_of(ENTITIES, "What the ids are of.", **_REQUIRED)] = ""
    entity_id: Annotated[
        list[Annotated[str, Meta(extra_json_schema={"format": "uuid"})]],
        Meta(
            description=f"UUIDs, as repeats or with commas; at most {MOST_IDS}.",
            extra_json_schema={"minItems": 1, **_REQUIRED},
        ),
    ] = field(default_factory=list)
    metric: Annotated[str, _one_of(SERIES, "What is measured.", **_REQUIRED)] = ""
    mode: Annotated[str, _one_of(MODES, "`new` for counts, `rate` for rates unless given.")] = ""
    granularity: Annotated[str, _one_of(GRANULARITIES, "Length of the buckets; weeks start on Monday.")] = "day"
    bucket_days: Annotated[
        str, Meta(description="Days of a bucket, 2 to 90, with `granularity=custom`; the first begins at `from`.")
    ] = ""
    start: Annotated[str, _Day] = field(name="from", default="")
    end: Annotated[str, _Day] = field(name="to", default="")
    tz: Annotated[str, Meta(description="IANA zone of the days; the organisation's `analytics_tz` unless given.")] = ""
    compare: Annotated[str, _one_of(COMPARISONS, "`prior_period`: also the period before.")] = "none"
    breakdown: Annotated[str, _one_of(BREAKDOWNS, "`video`: also the ten videos with the most, and all others.")] = (
        "none"
    )
    base_metric: Annotated[str, _one_of(LEVELS, "What `growth_rate_pop` is of; it needs one.")] = ""
    format: Annotated[str, _one_of(FORMATS, "JSON or a flat CSV file.")] = "json"
    hide_auto: Annotated[str, _one_of(("1", "0"), "`1` leaves out the server's own annotations.")] = "0"


class EntityRef(msgspec.Struct, frozen=True):
    """Whose figures a series shows; the rest of a breakdown is `__other__`."""

    type: EntityKind
    id: str
    label: str


class PointBody(msgspec.Struct, frozen=True, gc=False):
    """A bucket, by its first day in the calendar."""

    date: date
    value: int | float | None
    is_partial: bool


class SeriesBody(msgspec.Struct, frozen=True):
    """One line."""

    entity_ref: EntityRef
    points: list[PointBody]
    total: int | float | None


class PartialBucket(msgspec.Struct, frozen=True):
    """The bucket that is still under way, to its last day in the calendar."""

    bucket_start: date
    bucket_end: date


class AnalyticsData(msgspec.Struct, frozen=True):
    """The answer; names and types change with a major version only."""

    entity: EntityKind
    metric: str
    unit: str
    mode: Mode
    granularity: Granularity
    start: date = field(name="from")
    end: date = field(name="to")
    tz: str
    series: list[SeriesBody]
    compare_series: list[SeriesBody]
    breakdown_series: list[SeriesBody]
    annotations: list[AnnotationRow]
    partial_bucket: PartialBucket | None
    first_data_date: date | None
    tier_retention_days: int | None
    cache_ttl_seconds: int
    cached: bool
