"""What was traced, held in memory by OpenTelemetry's own exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from headwater.kit import tracing


class Traced:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def spans(self) -> list[ReadableSpan]:
        """All of them, in the order they ended."""
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of a name."""
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one of a name."""
        (span,) = self.named(name)
        return span

    def clear(self) -> None:
        """Forget what was before."""
        self._exporter.clear()


def said(span: ReadableSpan) -> Mapping[str, Any]:
    """The attributes."""
    return dict(span.attributes or {})


def identity(span: ReadableSpan) -> tuple[int, int]:
    """Trace and span, as a link or a parent names them."""
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


@pytest.fixture
def traced() -> Iterator[Traced]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.start(provider)
    yield Traced(exporter)
    tracing.stop()
