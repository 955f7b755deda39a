"""ClickHouse's words for the few things in which engines differ.

>>> ClickHouseDialect().placeholder(0, "BIGINT[]")
'{p0:Array(Int64)}'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headwater.storage.days import shifted
from headwater.storage.literals import has_one_of

_TYPES = {
    "BIGINT": "Int64",
    "BIGINT[]": "Array(Int64)",
    "VARCHAR": "String",
    "DATE": "Date32",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
}


class ClickHouseDialect:
    """See ``storage.port.Dialect``."""

    name = "clickhouse"
    label = "ClickHouse"

    def placeholder(self, position: int, type_name: str) -> str:
        """A named, typed query parameter."""
        return f"{{p{position}:{_TYPES[type_name]}}}"

    def zipped(self, lists: Mapping[str, str]) -> str:
        """Arrays zipped and unfolded."""
        columns = [f"tupleElement(row, {place}) AS {name}" for place, name in enumerate(lists, 1)]
        return f"(SELECT {', '.join(columns)} FROM (SELECT arrayJoin(arrayZip({', '.join(lists.values())})) AS row))"

    def bucket(self, column: str, grain: str) -> str:
        """Weeks start on Monday, as ISO 8601 has them."""
        return f"toDateTime64(date_trunc('{grain}', {column}), 6, 'UTC')"

    def days_between(self, start: str, end: str) -> str:
        """Dates are numbers of days."""
        return f"(toInt64({end}) - toInt64({start}))"

    def local_day(self, column: str, zone: str) -> str:
        """Seconds added to the time in UTC, then its date."""
        wall = shifted(
            column,
            zone,
            plus=lambda time, seconds: f"addSeconds({time}, {seconds})",
            instant=lambda time: f"toDateTime64('{time}', 6, 'UTC')",
        )
        return f"toDate32({wall})"

    def count_if(self, condition: str) -> str:
        """Signed, as all counts are."""
        return f"toInt64(countIf({condition}))"

    def has_one_of(self, column: str, values: Sequence[str | bool]) -> str:
        """Words and truth values of the catalogue, as literals."""
        return has_one_of(column, values)

    def text_key(self, text: str) -> str:
        """The lower half of MD5, whose bytes DuckDB reads as a little-endian number."""
        return f"reinterpretAsUInt64(substring(MD5({text}), 9, 8))"

    def quantile(self, expression: str, fraction: float) -> str:
        """Exact, and interpolated between the two nearest values."""
        return f"quantileExactInclusive({fraction})({expression})"

    def last(self, value: str, order: str) -> str:
        """The engine's argMax."""
        return f"argMax({value}, {order})"

    def sum(self, expression: str) -> str:
        """Sums of Int64 are Int64; those of columns that may be unknown are unknown for no rows."""
        return f"coalesce(sum({expression}), 0)"
