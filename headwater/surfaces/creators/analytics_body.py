"""The analytics endpoint's body, as JSON or CSV, from the engine's answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from headwater.catalogue.creators import SERIES
from headwater.catalogue.series import EntityKind
from headwater.control.annotations.views import AnnotationView
from headwater.control.creators.roster import Roster
from headwater.query.series.calendar import Bucket
from headwater.query.series.question import SeriesQuestion
from headwater.query.series.run import CACHE_SECONDS, SeriesAnswer
from headwater.query.series.shape import Series
from headwater.surfaces.creators.analytics_contract import (
    AnalyticsData,
    EntityRef,
    PartialBucket,
    PointBody,
    SeriesBody,
)
from headwater.surfaces.creators.annotations import annotation_row

CSV_COLUMNS: Final = (
    "series_kind",
    "entity_type",
    "entity_id",
    "entity_label",
    "date",
    "metric",
    "unit",
    "mode",
    "value",
    "is_partial",
)
_OTHER: Final = EntityRef("video", "__other__", "Other")


def body(
    question: SeriesQuestion,
    answer: SeriesAnswer,
    roster: Roster,
    annotations: Sequence[AnnotationView],
    retention_days: int | None,
) -> AnalyticsData:
    """The data of the envelope."""
    return AnalyticsData(
        entity=question.entity,
        metric=question.metric,
        unit=SERIES[question.metric].unit.name,
        mode=question.mode,
        granularity=question.grid.granularity,
        start=question.span.first,
        end=question.span.last,
        tz=question.zone,
        series=[_series(line, roster) for line in answer.main],
        compare_series=[_series(line, roster) for line in answer.compared],
        breakdown_series=[_series(line, roster) for line in answer.parts],
        annotations=[annotation_row(view) for view in annotations],
        partial_bucket=_partial(answer.partial),
        first_data_date=answer.first_data,
        tier_retention_days=retention_days,
        cache_ttl_seconds=CACHE_SECONDS,
        cached=answer.cached,
    )


def csv_rows(data: AnalyticsData) -> Iterator[Sequence[object]]:
    """One row for each point: the main lines, what they are compared with, the breakdown."""
    for kind, lines in (("main", data.series), ("compare", data.compare_series), ("breakdown", data.breakdown_series)):
        for line in lines:
            of = line.entity_ref
            for point in line.points:
                measured = (point.date, data.metric, data.unit, data.mode, point.value, point.is_partial)
                yield (kind, of.type, of.id, of.label, *measured)


def file_name(data: AnalyticsData) -> str:
    """The name under which the CSV is saved."""
    return f"analytics_{data.entity}_{data.metric}_{data.start}_{data.end}.csv"


def _series(line: Series, roster: Roster) -> SeriesBody:
    of = _OTHER if line.number is None else _ref(roster, line.kind, line.number)
    points = list(map(PointBody, line.axis.starts, line.values, line.axis.partial))
    return SeriesBody(of, points, line.total)


def _ref(roster: Roster, kind: EntityKind, number: int) -> EntityRef:
    return EntityRef(kind, roster.public_id(kind, number), roster.label(kind, number))


def _partial(bucket: Bucket | None) -> PartialBucket | None:
    return None if bucket is None else PartialBucket(bucket.start, bucket.end)
