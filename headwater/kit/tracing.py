"""Spans of what the server does, for OpenTelemetry: one way to open them, which does nothing until ``start``.

    with tracing.span("question", dataset="ad-events") as span:
        found, kept = await cache.get_or_compute(...)
        span.set(kept=kept)

A span says what ``ATTRIBUTES`` has and nothing else, and of an error its type alone: what somebody
sent or asked for, an address or a credential cannot get into one.

>>> with span("question", dataset="ad-events") as asked:
...     asked.recording
False
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as Inner
    from opentelemetry.trace import SpanContext

Value = str | int | float | bool
Kind = Literal["internal", "server", "client", "producer", "consumer"]

ATTRIBUTES: Final[Mapping[str, str]] = {
    # By their names in OpenTelemetry's conventions, where these have one.
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "host": "server.address",
    "database": "db.system.name",
    "rows": "db.response.returned_rows",
    "error": "error.type",
    "agent_tokens": "gen_ai.usage.total_tokens",
    "request_id": "headwater.request.id",
    "organisation": "headwater.organisation.id",
    "credential": "headwater.credential",
    "kept": "headwater.kept",
    "purpose": "headwater.purpose",
    "dataset": "headwater.dataset",
    "events": "headwater.events",
    "batches": "headwater.batches",
    "senders": "headwater.senders",
    "duplicates": "headwater.duplicates",
    "job": "headwater.job",
    "webhook": "headwater.webhook.id",
    "message": "headwater.message.id",
    "agent": "headwater.agent.id",
    "execution": "headwater.execution.id",
    "execution_kind": "headwater.execution.kind",
}
"""What a span may say: the name here, and the name outside."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Not tracestate: whoever calls would choose what it says.
_CARRIED: Final = {b"traceparent": "traceparent"}
STOP_SECONDS: Final = 5.0
"""So long a stop waits at most until spans that are over have been sent."""


class Span:
    """Something that the server does, from ``with`` to its end; this one is kept nowhere."""

    __slots__ = ()
    recording = False

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def set(self, **said: Value) -> None:
        """Say more of it, by the names of ``ATTRIBUTES``."""

    def rename(self, name: str) -> None:
        """Call it what has turned out to be its name."""

    def fail(self, error: BaseException) -> None:
        """It failed; callers' mistakes (errors with a status below 500) are told, but are no failures."""


class _Recorded(Span):
    """A span that is sent when it ends; where it is attached, those opened inside become its children."""

    __slots__ = ("_attached", "_inner", "_token")
    recording = True

    def __init__(self, inner: Inner, *, attached: bool) -> None:
        self._inner = inner
        self._attached = attached
        self._token: Any = None

    def __enter__(self) -> Span:
        if self._attached:
            from opentelemetry import context, trace

            self._token = context.attach(trace.set_span_in_context(self._inner))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(error)
        if self._attached:
            from opentelemetry import context

            context.detach(self._token)
        self._inner.end()

    def set(self, **said: Value) -> None:
        for name, value in said.items():
            self._inner.set_attribute(ATTRIBUTES[name], value)

    def rename(self, name: str) -> None:
        self._inner.update_name(name)

    def fail(self, error: BaseException) -> None:
        from opentelemetry.trace import StatusCode

        self.set(error=type(error).__name__)
        if getattr(error, "status", 500) >= 500:
            self._inner.set_status(StatusCode.ERROR)


class _Tracing:
    """What opens spans once they are wanted."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.provider = provider
        self._tracer = provider.get_tracer("headwater")
        self._kinds = {kind.name.lower(): kind for kind in SpanKind}
        self._carrier = TraceContextTextMapPropagator()

    def span(
        self,
        name: str,
        kind: Kind,
        said: Mapping[str, Value],
        *,
        attach: bool = True,
        links: Iterable[SpanContext] = (),
        parent: Context | None = None,
    ) -> Span:
        from opentelemetry.trace import Link

        inner = self._tracer.start_span(
            name,
            context=parent,
            kind=self._kinds[kind],
            attributes={ATTRIBUTES[one]: value for one, value in said.items()},
            links=[Link(one) for one in links],
        )
        return _Recorded(inner, attached=attach)

    def parent(self, headers: Iterable[tuple[bytes, bytes]]) -> Context:
        """The span of a caller, by the headers of a request; without them none, whatever goes on around here."""
        from opentelemetry.context import Context

        sent = {_CARRIED[name]: value.decode("latin-1") for name, value in headers if name in _CARRIED}
        return self._carrier.extract(sent, context=Context())


_OFF: Final = Span()
_tracing: _Tracing | None = None


def start(provider: TracerProvider) -> None:
    """Open spans with ``provider`` from now on, in this whole process."""
    global _tracing
    _tracing = _Tracing(provider)


def stop() -> None:
    """Open no more spans, and send those that are over; waits for that ``STOP_SECONDS`` at most."""
    global _tracing
    ended, _tracing = _tracing, None
    if ended is not None:
        # The SDK itself would wait half a minute for a collector that does not answer.
        sending = threading.Thread(target=ended.provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(STOP_SECONDS)


def is_on() -> bool:
    """Whether spans are opened: to be asked where even a call in vain would be felt."""
    return _tracing is not None


def span(
    name: str,
    *,
    kind: Kind = "internal",
    attach: bool = True,
    links: Sequence[SpanContext | None] = (),
    **said: Value,
) -> Span:
    """A span to be entered; ``links`` are spans (``here``) that it works for without being part of them.

    Not attached, it is nobody's parent: for what does not end in the reverse of the order it began in.
    """
    if _tracing is None:
        return _OFF
    return _tracing.span(name, kind, said, attach=attach, links=[one for one in links if one is not None])


def request(method: str, headers: Iterable[tuple[bytes, bytes]]) -> Span:
    """The span of a request that came in, below the one of its caller that ``traceparent`` names."""
    if _tracing is None:
        return _OFF
    known = known_method(method)
    return _tracing.span(known, "server", {"method": known}, parent=_tracing.parent(headers))


def known_method(method: str) -> str:
    """The method, if it is one: whatever else callers send, they made up."""
    return method if method in _METHODS else "_OTHER"


def current() -> Span:
    """The span that goes on here, to say more of it."""
    if _tracing is None:
        return _OFF
    from opentelemetry import trace

    return _Recorded(trace.get_current_span(), attached=False)


def here() -> SpanContext | None:
    """What ``links`` of another span take for the one that goes on here."""
    if _tracing is None:
        return None
    from opentelemetry import trace

    found = trace.get_current_span().get_span_context()
    return found if found.is_valid else None


def add_ids(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the ids of the present trace and span into a log line, as a step of logging."""
    found = here()
    if found is not None:
        line["trace_id"] = f"{found.trace_id:032x}"
        line["span_id"] = f"{found.span_id:016x}"
    return line
