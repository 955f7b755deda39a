"""``GET /api/v1/analytics/schema``: the frozen shape, as programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import schemathesis

from tests.contracts.creators.tracking import Tracking

GOLDEN = Path(__file__).with_name("analytics_schema.json")
FROZEN = (
    "entity",
    "metric",
    "unit",
    "mode",
    "granularity",
    "from",
    "to",
    "tz",
    "series",
    "compare_series",
    "breakdown_series",
    "annotations",
    "partial_bucket",
    "first_data_date",
    "tier_retention_days",
    "cache_ttl_seconds",
    "cached",
)


async def schema(tracking: Tracking) -> Any:
    answer = await tracking.company.get("/api/v1/analytics/schema")
    assert answer.status_code == 200
    return answer.json()


async def test_it_is_valid_openapi_of_the_frozen_version(tracking: Tracking) -> None:
    document = await schema(tracking)
    schemathesis.openapi.from_dict(document).validate()
    assert (document["openapi"], document["info"]["version"]) == ("3.1.0", "1.4.0")


async def test_it_describes_this_endpoint_and_its_annotations(tracking: Tracking) -> None:
    paths = {path: sorted(methods) for path, methods in (await schema(tracking))["paths"].items()}
    assert paths == {
        "/api/v1/analytics": ["get"],
        "/api/v1/analytics/annotations": ["get", "post"],
        "/api/v1/analytics/annotations/{id}": ["delete", "patch"],
    }


async def test_it_is_the_golden_copy(tracking: Tracking) -> None:
    """A change here is a change of the frozen shape: additive ones only, and then a new copy on purpose."""
    assert await schema(tracking) == json.loads(GOLDEN.read_text())


async def test_an_answer_has_every_frozen_key(tracking: Tracking) -> None:
    data = await tracking.ask("video", await tracking.video())
    assert sorted(data) == sorted(FROZEN)
    described = (await schema(tracking))["components"]["schemas"]["AnalyticsData"]
    assert sorted(described["properties"]) == sorted(FROZEN)
