"""DuckDB's words for the few things in which engines differ.

>>> DuckDBDialect().bucket("ts", "day")
"date_trunc('day', ts)::TIMESTAMP"
"""

from __future__ import annotations

from collections.abc import Mapping

from headwater.storage.days import shifted


class DuckDBDialect:
    """See ``storage.port.Dialect``."""

    name = "duckdb"

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

    def sum(self, expression: str) -> str:
        """Back to 64 bits: DuckDB widens sums to 128."""
        return f"coalesce(sum({expression}), 0)::BIGINT"
