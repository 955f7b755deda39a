"""Where traces go: a collector that speaks OTLP over HTTP, set up by OpenTelemetry's own ``OTEL_*`` variables.

The packages are optional and are loaded only here, and only where the setting ``traces`` is on.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import structlog

from headwater import __version__
from headwater.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ONE_WAY: Final = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
}
_PACKAGES: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_USER_INFO: Final = re.compile(r"//[^/@\s]*@")
log = structlog.get_logger(__name__)


def check(settings: Settings, environ: Mapping[str, str] | None = None) -> None:
    """``SettingsError`` where traces are wanted and cannot be sent."""
    if not settings.traces:
        return
    environ = os.environ if environ is None else environ
    for variable, only in _ONE_WAY.items():
        if environ.get(variable, only) not in ("", only):
            raise SettingsError(f"{variable} must be '{only}' or not set: traces are sent in no other way.")
    if not all(map(_is_there, _PACKAGES)):
        raise SettingsError(
            "The setting 'traces' needs OpenTelemetry's packages. Install them with: pip install 'headwater[telemetry]'"
        )


def provide() -> TracerProvider:
    """What sends spans in the background, some at a time; ``check`` has said that it can."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _tell_of_trouble()
    provider = TracerProvider(resource=Resource.create(_named()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _named() -> dict[str, str]:
    """What the server is called, where the variables do not say it."""
    said = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    named = {"service.version": __version__}
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in said:
        named["service.name"] = "headwater"
    return named


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


class _Trouble(logging.Handler):
    """Has what OpenTelemetry complains of among the server's own log lines, without a collector's password."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("traces.trouble", reason=_USER_INFO.sub("//", record.getMessage()))


def _tell_of_trouble() -> None:
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    logger.handlers = [_Trouble(logging.WARNING)]
