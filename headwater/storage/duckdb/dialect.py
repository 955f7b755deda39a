"""DuckDB's words for the few things in which engines differ.

>>> DuckDBDialect().bucket("ts", "day")
"date_trunc('day', ts)::TIMESTAMP"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headwater.storage.days import shifted
from headwater.storage.literals import has_one_of


class DuckDBDialect:
    """See ``storage.port.Dialect``."""

    name = "duckdb"
    label = "DuckDB"

    def placeholder(self, position: int, type_name: str) -> str:
        """Numbered, so that one value can stand in several places."""
        return f"${position + 1}::{type_name}"

    def zipped(self, lists: Mapping[str, str]) -> str:
        """Lists unnested side by side."""
        return f"(SELECT {', '.join(f'unnest({values}) AS {name}' for name, values in lists.items())})"

    def bucket(self, column: str, grain: str) -> str:
        """Weeks start on Monday, as ISO 8601 has them."""
        return f"date_trunc('{grain}', {column})::TIMESTAMP"

    def days_between(self, start: str, end: str) -> str:
        """Dates are subtracted as numbers."""
        return f"({end} - {start})"

    def local_day(self, column: str, zone: str) -> str:
        """Seconds added to the time in UTC, then its date."""
        wall = shifted(
            column,
            zone,
            plus=lambda time, seconds: f"{time} + INTERVAL ({seconds}) SECOND",
            instant=lambda time: f"TIMESTAMP '{time}'",
        )
        return f"CAST({wall} AS DATE)"

    def count_if(self, condition: str) -> str:
        """COUNT with FILTER is 64-bit already."""
        return f"count(*) FILTER ({condition})"

    def has_one_of(self, column: str, values: Sequence[str | bool]) -> str:
        """Words and truth values of the catalogue, as literals."""
        return has_one_of(column, values)

    def text_key(self, text: str) -> str:
        """The lower half of MD5."""
        return f"md5_number_lower({text})"

    def quantile(self, expression: str, fraction: float) -> str:
        """Interpolated between the two nearest values."""
        return f"quantile_cont({expression}, {fraction})"

    def last(self, value: str, order: str) -> str:
        """The engine's arg_max."""
        return f"arg_max({value}, {order})"

    def sum(self, expression: str) -> str:
        """Back to 64 bits: DuckDB widens sums to 128."""
        return f"coalesce(sum({expression}), 0)::BIGINT"
