"""``GET /metrics`` for Prometheus: what the server counts of itself, from the machine itself or with a token.

Labels are routes as they are declared, methods, statuses and datasets: nothing that a
caller chose and nothing of an organisation. Where a server has several processes, what
they count is added up (``totals``), and nothing is told of any process itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import accumulate
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from headwater import __version__
from headwater.errors import NotFound, Unauthorized
from headwater.shared import Shared
from headwater.surfaces._http.endpoint import PUBLIC, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.serve import credentials
from headwater.surfaces._http.services import Services
from headwater.surfaces._http.traffic import BOUNDS, Counted

_BUCKETS = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]

# What concerns the process, not a server in it; each answer adds its server's own to these.
_process = CollectorRegistry()
ProcessCollector(registry=_process)
PlatformCollector(registry=_process)
GCCollector(registry=_process)


async def metrics(call: Call[Any, bytes]) -> Reply:
    """Everything that is counted, in the text format."""
    _check_caller(call)
    totals = call.services.counted.totals
    own = counted(call.services)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Own([*(totals.added(own) if totals else own), *await _asked(call.services)]))
    text = generate_latest(registry)
    return Reply(text if totals else text + generate_latest(_process), media_type=CONTENT_TYPE_LATEST)


def counted(services: Services) -> list[Metric]:
    """What this process knows by itself, without asking anybody."""
    return [*_requests(services.counted), *_facts(services.counted), *_attempts(services), *_feed(services)]


def _check_caller(call: Call[Any, bytes]) -> None:
    """Whether the caller is on this machine, or has the token; without a token nobody else learns of the page."""
    if _is_local(call):
        return
    token = call.services.settings.metrics_token
    if not token:
        raise NotFound("There is nothing at this path. The API is described at /docs.")
    sent = credentials(call.headers)[0] or ""
    if not hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), token.encode("utf-8", "surrogatepass")):
        raise Unauthorized("Send the setting metrics_token as 'Authorization: Bearer …'.")


def _is_local(call: Call[Any, bytes]) -> bool:
    # A proxy on this machine speaks for others, and says so.
    if call.headers.forwarded_for:
        return False
    try:
        return ip_address(call.client_ip).is_loopback
    except ValueError:
        return False


class _Own(Collector):
    """Families that are ready; measuring may wait, collecting may not."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """The families."""
        return self._families


async def _asked(services: Services) -> list[Metric]:
    """What the stores and the shared server have just answered."""
    store = await services.store.health()
    connected = await services.control.responsive()
    return [
        *(await _waiting(services) if connected else ()),
        *await _shared(services.control.shared),
        GaugeMetricFamily("headwater_store_fresh_rows", "Rollup rows that wait to be merged.", store.fresh_rows),
        GaugeMetricFamily("headwater_store_responsive", "1 when the fact store just answered.", store.responsive),
        GaugeMetricFamily("headwater_database_connected", "1 when the control plane just answered.", connected),
        _version(),
    ]


def _requests(counted: Counted) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "headwater_http_requests", "Requests answered.", labels=("route", "method", "status")
    )
    kept = CounterMetricFamily(
        "headwater_http_kept_responses", "Requests answered from a kept response.", labels=("route", "method")
    )
    durations = HistogramMetricFamily(
        "headwater_http_request_duration_seconds",
        "Time from a request's head to its answer.",
        labels=("route", "method"),
    )
    for (route, method), served in sorted(counted.traffic.served.items()):
        for status, number in sorted(served.statuses.items()):
            requests.add_metric((route, method, str(status)), number)
        kept.add_metric((route, method), served.kept)
        buckets = list(zip(_BUCKETS, map(float, accumulate(served.buckets)), strict=True))
        durations.add_metric((route, method), buckets, served.seconds)
    yield from (requests, kept, durations)


def _facts(counted: Counted) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "headwater_ingest_events", "Facts stored, and left out as seen before.", labels=("dataset", "result")
    )
    for (dataset, result), number in sorted(counted.writer.counts.items()):
        events.add_metric((dataset, result), number)
    yield events
    yield GaugeMetricFamily("headwater_ingest_queue_events", "Facts that wait to be stored.", counted.writer.waiting)
    lookups = CounterMetricFamily(
        "headwater_cache_lookups", "Questions asked of the caches of answers.", labels=("result",)
    )
    lookups.add_metric(("hit",), counted.generations.hits)
    lookups.add_metric(("miss",), counted.generations.misses)
    yield lookups


def _attempts(services: Services) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "headwater_webhook_attempts", "Attempts to deliver to webhooks, by what came of them.", labels=("result",)
    )
    for result, number in sorted(services.deliverer.counts.items()):
        attempts.add_metric((result,), number)
    yield attempts


async def _waiting(services: Services) -> list[Metric]:
    help_text = "Deliveries to webhooks that are to be sent or tried again."
    waiting = await services.deliverer.waiting()
    return [GaugeMetricFamily("headwater_webhook_deliveries_waiting", help_text, waiting)]


def _feed(services: Services) -> Iterator[Metric]:
    feed = services.control.shared.feed
    if feed is None:
        return
    changes = CounterMetricFamily(
        "headwater_cache_feed",
        "What came of the changes that processes tell each other.",
        labels=("what",),
    )
    for what, number in msgspec.structs.asdict(feed.counts).items():
        changes.add_metric((what,), number)
    yield changes


async def _shared(shared: Shared) -> list[Metric]:
    responsive = await shared.responsive()
    if responsive is None:
        return []
    help_text = "1 when the shared cache just answered and this process is in step with the others."
    return [GaugeMetricFamily("headwater_cache_connected", help_text, responsive)]


def _version() -> Metric:
    version = GaugeMetricFamily("headwater_build_info", "The version, as a label of 1.", labels=("version",))
    version.add_metric((__version__,), 1)
    return version


ENDPOINTS = [
    Endpoint(
        "GET",
        "/metrics",
        metrics,
        PUBLIC,
        "Metrics for Prometheus",
        "System",
        {200: Answers("Prometheus' text format.", media_types=("text/plain",))},
        description="Answers requests of the machine itself, and those that send the setting `metrics_token` as"
        " `Authorization: Bearer`. Others get 401, or 404 where no token is set.",
        errors=(Unauthorized, NotFound),
        unchanging=True,
    )
]
