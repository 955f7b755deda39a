"""Traces go to a collector where the setting says so; elsewhere nothing of OpenTelemetry's SDK is even loaded."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.util.re import parse_env_headers
from structlog.testing import capture_logs

from headwater.kit import tracing
from headwater.outbound import traces
from headwater.settings import Settings, SettingsError
from tests.delivery.receiver import Answered, Receiver, receiving
from tests.serving import serving

WITHOUT = """
import asyncio, sys, httpx
from headwater.app import Headwater
from headwater.settings import Settings

async def main():
    headwater = Headwater(Settings(data_dir=sys.argv[1]))
    await headwater.start()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(headwater.app), base_url="http://headwater.test")
    assert (await client.get("/api/v1/health")).status_code == 200
    await client.aclose()
    await headwater.stop()

asyncio.run(main())
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""


def exported(receiver: Receiver) -> list[tuple[str, str]]:
    """Services and spans as a collector reads them."""
    requests = [ExportTraceServiceRequest.FromString(one.content) for one in receiver.received]
    return [
        (attribute.value.string_value, span.name)
        for request in requests
        for resource in request.resource_spans
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
        for scope in resource.scope_spans
        for span in scope.spans
    ]


async def ask(folder: Path) -> None:
    async with serving(folder, traces=True) as server:
        assert (await server.client.get("/api/v1/health")).status_code == 200


async def test_a_collector_gets_them_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: Answered(200)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url(""))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc")
        await ask(tmp_path)
        assert {(one.path, one.headers["x-key"]) for one in receiver.received} == {("/v1/traces", "abc")}
        assert ("headwater", "GET /api/v1/health") in exported(receiver)


async def test_a_collector_that_is_away_is_complained_of_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with capture_logs() as lines:
        await ask(tmp_path)
        logging.getLogger("opentelemetry.exporter").error("No way to %s", "http://somebody:hunter2@127.0.0.1:9/v1")
    reasons = [line["reason"] for line in lines if line["event"] == "traces.trouble"]
    assert len(reasons) > 1
    assert reasons[-1] == "No way to http://127.0.0.1:9/v1"


def test_what_is_complained_of_is_told_without_what_it_was_about() -> None:
    traces._tell_of_trouble()
    logger = logging.getLogger("opentelemetry.util.re")
    with capture_logs() as lines:
        logger.warning("Header format invalid: %s", "x-honeycomb-team: 9f8e7d")
        logger.warning("Failed to export %s batch code: %s, reason: %s", "span", 401, "no such key: 9f8e7d")
        logger.warning("Transient error %s, retrying in %.2fs.", ConnectionError("to 9f8e7d"), 1.5)
        logger.warning("%d bytes of %s", "9f8e7d", "9f8e7d")
        logger.warning("No way to %s", "https://9f8e7d@collector/v1?key=9f8e7d")
    assert [line["reason"] for line in lines] == [
        "Header format invalid: …",
        "Failed to export … batch code: 401, reason: …",
        "Transient error ConnectionError, retrying in 1.50s.",
        "%d bytes of %s",
        "No way to https://collector/v1",
    ]


@pytest.fixture
def hanging() -> Iterator[TracerProvider]:
    """What never gets its last spans away."""
    over = threading.Event()

    class Hanging(SpanProcessor):
        def shutdown(self) -> None:
            over.wait()

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Hanging())
    yield provider
    over.set()


def test_a_stop_does_not_wait_long_for_spans_that_cannot_be_sent(
    hanging: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "STOP_SECONDS", 0.01)
    tracing.start(hanging)
    tracing.stop()
    assert not tracing.is_on()


def test_a_server_without_traces_loads_nothing_for_them(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_a_span_that_is_off_is_always_the_same_one() -> None:
    assert tracing.span("question", dataset="ad-events") is tracing.current()
    assert tracing.request("GET", [(b"traceparent", b"00-1-1-01")]) is tracing.current()
    assert tracing.here() is None


def test_ways_to_send_that_there_are_not_are_refused() -> None:
    traces.check(Settings(), {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    traces.check(Settings(traces=True), {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_PROTOCOL must be 'http/protobuf'"):
        traces.check(Settings(traces=True), {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
@pytest.mark.parametrize(
    "said",
    [
        "x-honeycomb-team: 9f8e7d",
        "x-honeycomb-team: 9f8e7d==",
        "9f8e7d",
        "=9f8e7d",
        "a=b,9f8e7d",
        "a=b, x y=9f8e7d",
        'x-key="9f8e7d"',
        "x-key=9f8e7d;a=b",
        "x-key=9f8e7dß",
    ],
)
def test_headers_that_are_none_are_refused_without_what_they_say(variable: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: header [12] .* name=value") as refusal:
        traces.check(Settings(traces=True), {variable: said})
    assert "9f8e" not in str(refusal.value)


@pytest.mark.parametrize(
    ("said", "headers"),
    [
        ("", {}),
        ("x-key=abc", {"x-key": "abc"}),
        ("authorization=Basic%20dTpw==, x-b = c,", {"authorization": "Basic dTpw==", "x-b": "c"}),
        ("authorization=Bearer a.b-c", {"authorization": "Bearer a.b-c"}),
    ],
)
def test_headers_are_taken_as_the_exporter_takes_them(said: str, headers: dict[str, str]) -> None:
    traces.check(Settings(traces=True), {"OTEL_EXPORTER_OTLP_HEADERS": said})
    assert parse_env_headers(said, liberal=True) == headers


def test_packages_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    with pytest.raises(SettingsError, match=r"pip install 'headwater\[telemetry\]'"):
        traces.check(Settings(traces=True), {})
