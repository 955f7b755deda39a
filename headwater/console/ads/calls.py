"""The API call that gives the same figures as a part of a page, for those who want them elsewhere. Pure.

>>> from datetime import date
>>> trend("campaign", 7, "impressions", Period(date(2026, 11, 1), date(2026, 11, 7)), "day").path.split("?")[0]
'/v2/aggregation-api/buckets'
>>> report(3).path
'/api/v2/reports/3/data'
"""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlencode

import msgspec

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.asked import Kind
from headwater.console.charts import Chart
from headwater.surfaces._http.endpoint import Call
from headwater.tools.citation import BUILT_IN
from headwater.tools.metric_question import Entities, Granularity, MetricQuestion, Period, canonical

_QUERY = "/api/v1/data-sources/query"
_ANALYTICS = "/v2/aggregation-api"


class ApiCall(msgspec.Struct, frozen=True):
    """A request of the public contracts; ``body`` is JSON, empty for a GET."""

    method: str
    path: str
    body: str = ""


def question(asked: MetricQuestion) -> ApiCall:
    """Any metric question, asked of the company's own measurements."""
    body = {"connection_id": BUILT_IN, "query": canonical(asked)}
    return ApiCall("POST", _QUERY, msgspec.json.encode(body).decode())


def trend(kind: Kind, entity_id: int, metric: str, period: Period, granularity: Granularity) -> ApiCall:
    """A metric over time; rates, which buckets do not have, as a metric question."""
    if metric not in AD_EVENTS.groups["base"]:
        return question(MetricQuestion(Entities(kind, (entity_id,)), (metric,), period, granularity))
    asked = {
        "resource": kind,
        "id": entity_id,
        "metric": metric,
        "time_frame": granularity,
        "time_from": period.first,
        "time_to": period.last,
        "fill": "zero",
    }
    return ApiCall("GET", f"{_ANALYTICS}/buckets?{urlencode(asked)}")


def flow(creative_id: int, period: Period) -> ApiCall:
    """The flow of a creative."""
    asked = {"creative_id": creative_id, "time_from": period.first, "time_to": period.last}
    return ApiCall("GET", f"{_ANALYTICS}/flow?{urlencode(asked)}")


def report(report_id: int) -> ApiCall:
    """A saved report, run."""
    return ApiCall("GET", f"/api/v2/reports/{report_id}/data")


def reports(limit: int, offset: int) -> ApiCall:
    """A page of the saved reports."""
    return ApiCall("GET", f"/api/v2/reports?{urlencode({'limit': limit, 'offset': offset})}")


def curl(call: Call[Any, Any], asked: ApiCall) -> str:
    """The command that asks the API; the key stands in the environment, never in the page."""
    words = ["curl", "-H", '"Authorization: Bearer $HEADWATER_KEY"']
    lines = [" ".join(words)]
    if asked.body:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(asked.body)}"]
    lines.append(shlex.quote(call.services.settings.origin + asked.path))
    return " \\\n  ".join(lines)


def with_curl(call: Call[Any, Any], chart: Chart, asked: ApiCall) -> Chart:
    """The chart with the command that gives the same figures."""
    return msgspec.structs.replace(chart, curl=curl(call, asked))
