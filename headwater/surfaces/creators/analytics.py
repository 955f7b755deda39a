"""``GET /api/v1/analytics``, the canonical time series, and its own description."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any, Final

import msgspec

from headwater.control.annotations.views import AnnotationView
from headwater.control.creators.roster import Roster
from headwater.errors import NotFound, RetentionExceeded
from headwater.kit.zones import DAY, local_date, midnight
from headwater.query.series.question import SeriesQuestion
from headwater.query.series.run import SeriesAnswer
from headwater.reports.csv_file import csv_bytes
from headwater.surfaces._http.endpoint import READ, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.envelope import ErrorForms
from headwater.surfaces._http.openapi import describe
from headwater.surfaces.creators.analytics_body import CSV_COLUMNS, body, csv_rows, file_name
from headwater.surfaces.creators.analytics_contract import VERSION, AnalyticsData, AnalyticsQuery
from headwater.surfaces.creators.analytics_query import read_question
from headwater.surfaces.creators.annotations import ENDPOINTS as ANNOTATIONS
from headwater.surfaces.creators.envelope import FORM, Enveloped, enveloped

_TAG: Final = "Creator analytics"


async def analytics(call: Call[AnalyticsQuery, bytes]) -> Reply:
    """Any metric of any entity over any period."""
    now = call.services.clock().replace(tzinfo=None)
    series, scope = call.services.series, call.scope
    # First: a roster that changes while it is read must not be taken for the new one.
    generation = series.roster_generation(scope)
    roster = await call.services.control.rosters.get(scope.organisation_id)
    retention = scope.retention_days
    question = read_question(call.query, roster, retention, lambda zone: local_date(now, zone))
    # The series first: what it says of its freshness is from before the annotations are read.
    answer, marks = await asyncio.gather(
        series.ask(question, roster, scope, generation), _annotations(call, question, roster)
    )
    return _reply(call.query.format, body(question, answer, roster, marks, retention), answer)


async def _annotations(
    call: Call[AnalyticsQuery, bytes], question: SeriesQuestion, roster: Roster
) -> list[AnnotationView]:
    return await call.services.control.annotations.between(
        call.scope.organisation_id,
        roster,
        [(question.entity, number) for number in question.ids],
        midnight(question.span.first, question.zone),
        midnight(question.span.last + DAY, question.zone),
        hide_auto=call.query.hide_auto == "1",
    )


def _reply(format: str, data: AnalyticsData, answer: SeriesAnswer) -> Reply:
    if format == "csv":
        disposition = ("content-disposition", f'attachment; filename="{file_name(data)}"')
        rows = csv_bytes(CSV_COLUMNS, csv_rows(data))
        return Reply(rows, media_type="text/csv; charset=utf-8", headers=(disposition,), keep=answer.fresh)
    later = enveloped(msgspec.structs.replace(data, cached=True))
    return Reply(enveloped(data), keep=answer.fresh, kept_body=later)


async def schema(_: Call[Any, bytes]) -> Reply:
    """The description of this endpoint and its annotations."""
    return Reply(_document())


@cache
def _document() -> bytes:
    described = [endpoint for endpoint in (*endpoints(), *ANNOTATIONS) if endpoint.handler is not schema]
    return msgspec.json.encode(describe(described, ErrorForms([FORM]), VERSION))


_POINT: Final = {"date": "2026-03-01", "value": 1200, "is_partial": False}
_EXAMPLE: Final = {
    "data": {
        "entity": "campaign",
        "metric": "views",
        "unit": "count",
        "mode": "new",
        "granularity": "day",
        "from": "2026-03-01",
        "to": "2026-03-31",
        "tz": "Europe/Oslo",
        "series": [
            {
                "entity_ref": {
                    "type": "campaign",
                    "id": "5d1c7b1e-8f0a-4f53-9a53-0d3f6f0a9c11",
                    "label": "Summer drop",
                },
                "points": [_POINT],
                "total": 1200,
            }
        ],
        "compare_series": [],
        "breakdown_series": [],
        "annotations": [],
        "partial_bucket": {"bucket_start": "2026-03-31", "bucket_end": "2026-03-31"},
        "first_data_date": "2026-01-04",
        "tier_retention_days": 365,
        "cache_ttl_seconds": 300,
        "cached": False,
    },
    "error": None,
    "meta": None,
}


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """The analytics endpoint and its description."""
    return (
        Endpoint(
            "GET",
            "/api/v1/analytics",
            analytics,
            READ,
            "Time series",
            _TAG,
            {
                200: Answers(
                    "The series, or a flat CSV file.",
                    Enveloped[AnalyticsData],
                    _EXAMPLE,
                    ("application/json", "text/csv"),
                )
            },
            description="A point is null before the first snapshot of what it counts. `cached` answers"
            " are at most five minutes old, and every change of what they depend on evicts them.",
            query=AnalyticsQuery,
            refuse_unknown=True,
            errors=(NotFound, RetentionExceeded),
        ),
        Endpoint(
            "GET",
            "/api/v1/analytics/schema",
            schema,
            READ,
            "The description of the time series",
            _TAG,
            {200: Answers("OpenAPI 3.1, without envelope.", dict[str, Any], {"openapi": "3.1.0"})},
        ),
    )
