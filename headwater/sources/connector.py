"""What every engine's connector can do, and the limits that it keeps to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

import msgspec

from headwater.errors import InvalidRequest
from headwater.sources.guard import Judged
from headwater.sources.schema import Cell, Dialect, Rows, Schema

SAMPLE_ROWS: Final = 3
MOST_TABLES: Final = 200
CONNECT_SECONDS: Final = 10.0
RESULT_BYTES: Final = 32 * 1024 * 1024

T = TypeVar("T")


class Connector(Protocol):
    """One source, connected to anew for each verb.

    Raises ``UpstreamError`` with the driver's reason in plain words where the source cannot be
    reached, ``HostRefused`` where it must not be, ``InvalidRequest`` where the engine refuses
    the query, ``Timeout`` where it takes too long.
    """

    dialect: Dialect

    async def test(self) -> None:
        """Connect and ask for nothing."""

    async def schema(self) -> Schema:
        """Tables, columns, keys, an estimate of rows, and a few of them; at most ``MOST_TABLES`` tables."""

    async def run(self, query: str, params: Mapping[str, Cell], limit: int, seconds: float) -> Rows:
        """The first ``limit`` rows of a query, which is judged; it is stopped in the engine after ``seconds``."""

    async def aclose(self) -> None:
        """Close what is open."""


class Limits(msgspec.Struct, frozen=True):
    """How much one answer may hold: ``bytes`` are about what its cells need as text."""

    rows: int
    bytes: int = RESULT_BYTES


def check_params(judged: Judged, params: Mapping[str, Cell]) -> dict[str, Cell]:
    """The values that the query takes; ``InvalidRequest`` where one is missing or not taken."""
    missing = sorted(judged.names - params.keys())
    if missing:
        raise InvalidRequest(f"The query's parameter ':{missing[0]}' has no value.", field=f"params.{missing[0]}")
    unknown = sorted(params.keys() - judged.names)
    if unknown:
        raise InvalidRequest(
            f"The query has no parameter ':{unknown[0][:64]}'.",
            field=f"params.{unknown[0][:64]}",
            allowed=sorted(judged.names),
        )
    return dict(params)


def with_places(judged: Judged, write: Callable[[str], str], escape: Callable[[str], str] = str) -> str:
    """The query with each ``:name`` written as the driver has it; what stands between goes through ``escape``.

    >>> from headwater.sources.guard import judge
    >>> with_places(judge("SELECT :a || '%'", "postgres"), lambda name: f"%({name})s", lambda s: s.replace("%", "%%"))
    "SELECT %(a)s || '%%'"
    """
    text, at = "", 0
    for begin, end, name in judged.places:
        text += escape(judged.text[at:begin]) + write(name)
        at = end
    return text + escape(judged.text[at:])
