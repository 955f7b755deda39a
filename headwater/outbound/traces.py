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
_HEADERS: Final = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ !#-+\--:<-\[\]-~\t]*")
_ADDRESS: Final = re.compile(r"(https?://)(?:[^/@\s]*@)?([^/?#\s]+[^?#\s]*)\S*")
log = structlog.get_logger(__name__)


def check(settings: Settings, environ: Mapping[str, str] | None = None) -> None:
    """``SettingsError`` where traces are wanted and cannot be sent."""
    if not settings.traces:
        return
    environ = os.environ if environ is None else environ
    for variable, only in _ONE_WAY.items():
        if environ.get(variable, only) not in ("", only):
            raise SettingsError(f"{variable} must be '{only}' or not set: traces are sent in no other way.")
    for variable in _HEADERS:
        _check_headers(variable, environ.get(variable, ""))
    if not all(map(_is_there, _PACKAGES)):
        raise SettingsError(
            "The setting 'traces' needs OpenTelemetry's packages. Install them with: pip install 'headwater[telemetry]'"
        )


def _check_headers(variable: str, said: str) -> None:
    """The exporter would leave out what it cannot read, and say in its complaint what that was: mostly a key."""
    for number, header in enumerate(said.split(","), 1):
        if header.strip() and not _HEADER.fullmatch(header.strip()):
            raise SettingsError(
                f"{variable}: header {number} is not of the form name=value. Write 'x-api-key=…', with commas between"
                " several; quotes, commas, semicolons, backslashes and letters beyond ASCII in a value as '%22' and"
                " the like."
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
    """Has what OpenTelemetry complains of among the server's own log lines, without the texts that it was about."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("traces.trouble", reason=_reason(record))


def _reason(record: logging.LogRecord) -> str:
    """The complaint with its numbers, kinds of errors and addresses; headers and bodies may be quoted in the rest."""
    given = record.args if isinstance(record.args, tuple) else ()
    try:
        return str(record.msg) % tuple(map(_harmless, given))
    except (TypeError, ValueError):
        return str(record.msg)


def _harmless(argument: object) -> object:
    if isinstance(argument, (int, float)):
        return argument
    if isinstance(argument, BaseException):
        return type(argument).__name__
    address = _ADDRESS.fullmatch(str(argument))
    return "".join(address.groups()) if address else "…"


def _tell_of_trouble() -> None:
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    logger.handlers = [_Trouble(logging.WARNING)]
