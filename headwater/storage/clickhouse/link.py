"""One connection to the engine, over HTTP or in process: ``clickhouse-connect``'s client with this store's errors.

Statements of one link run one after another. Values are bound, but for lists of whole numbers,
which servers take in a statement's text in any length and as bound values only up to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import pyarrow as pa
import structlog

from headwater.errors import Unavailable
from headwater.storage.port import Row

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_STOPPED: Final = frozenset({159, 394})
"""Codes of the engine: too slow, called off."""
_BUSY: Final = frozenset({202, 241, 242, 252, 285, 286, 289, 319, 999})
"""Too many at once, out of memory, read-only, too many parts, too few replicas, or not known: what may pass."""
_LIST = re.compile(r"\{p(\d+):(Array\(Int64\))\}")
_TEXT_BYTES = 1 << 28
_REASON_CHARACTERS = 300
_T = TypeVar("_T")
log = structlog.get_logger(__name__)


class Failed(Exception):
    """The engine has refused a statement or could not end it; the words are for the log."""


class Stopped(Failed):
    """The engine has ended a statement before its time: too long, or called off."""


class Link:
    """A client with the settings that all its statements run under."""

    def __init__(self, client: Client, settings: Mapping[str, str | int]) -> None:
        self._client = client
        for name, value in {"max_query_size": _TEXT_BYTES, **settings}.items():
            client.set_client_setting(name, value)

    def rows(
        self, sql: str, args: Sequence[object] = (), settings: Mapping[str, str | int | float] | None = None
    ) -> list[Row]:
        """What a statement finds."""
        text, values = bind(sql, args)
        found = answered(lambda: self._client.query(text, parameters=values, settings=dict(settings or {})))
        return [tuple(row) for row in found.result_rows]

    def table(self, sql: str) -> pa.Table:
        """What a statement finds, in Arrow."""
        return answered(lambda: self._client.query_arrow(sql))

    def value(self, sql: str, args: Sequence[object] = ()) -> int:
        """The one number that a statement finds."""
        ((found,),) = self.rows(sql, args)
        return int(found)

    def run(self, sql: str) -> None:
        """Do what a statement says."""
        answered(lambda: self._client.command(sql))

    def insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows as one block; the same block sent twice is stored once, so that it may be sent again."""
        if rows.num_rows:
            answered(lambda: self._client.insert_arrow(table, rows))

    def insert_row(self, table: str, row: Mapping[str, object]) -> None:
        """Insert one row: whole and durable on return, or not at all."""
        answered(lambda: self._client.insert(table, [list(row.values())], column_names=list(row)))

    def close(self) -> None:
        """End the connection."""
        self._client.close()


def bind(sql: str, args: Sequence[object]) -> tuple[str, dict[str, object]]:
    """The text with its lists of numbers written out, and the other values by their names.

    >>> bind("SELECT {p0:Array(Int64)}, {p1:String}", ([1, 2], "a"))
    ('SELECT CAST([1,2] AS Array(Int64)), {p1:String}', {'p1': 'a'})
    """
    values = {f"p{place}": _written(value) for place, value in enumerate(args) if not isinstance(value, list)}

    def listed(found: re.Match[str]) -> str:
        numbers = args[int(found[1])]
        if not isinstance(numbers, list):
            raise TypeError("A list is bound to a list.")
        return f"CAST([{','.join(str(int(number)) for number in numbers)}] AS {found[2]})"

    return _LIST.sub(listed, sql), values


def _written(value: object) -> object:
    """Times in UTC, whatever the zone of this machine or the server's is."""
    return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value


def first_line(error: Exception) -> str:
    """What an engine says, in short."""
    return str(error).partition("\n")[0][:_REASON_CHARACTERS]


def answered(ask: Callable[[], _T]) -> _T:
    """What the client answers; ``Unavailable`` when the engine cannot be reached, ``Failed`` when it refuses."""
    from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

    try:
        return ask()
    except DatabaseError as error:
        if error.code in _STOPPED:
            raise Stopped(str(error)) from None
        if isinstance(error, OperationalError) or error.code in _BUSY:
            log.warning("facts.unreachable", reason=first_line(error))
            raise Unavailable("The fact store does not answer. Try again.", retry_after=1) from None
        raise Failed(str(error)) from error
