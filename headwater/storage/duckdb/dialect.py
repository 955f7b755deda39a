"""DuckDB's words for the few things in which engines differ.

>>> DuckDBDialect().bucket("ts", "day")
"date_trunc('day', ts)::TIMESTAMP"
"""

from __future__ import annotations


class DuckDBDialect:
    """See ``storage.port.Dialect``."""

    name = "duckdb"

    def placeholder(self, position: int, type_name: str) -> str:
        """Numbered, so that one value can stand in several places."""
        return f"${position + 1}::{type_name}"

    def id_pairs(self, keys: str, entities: str) -> str:
        """Two lists unnested side by side."""
        return f"(SELECT unnest({keys}) AS key, unnest({entities}) AS entity)"

    def bucket(self, column: str, grain: str) -> str:
        """Weeks start on Monday, as ISO 8601 has them."""
        return f"date_trunc('{grain}', {column})::TIMESTAMP"

    def count_if(self, condition: str) -> str:
        """COUNT with FILTER is 64-bit already."""
        return f"count(*) FILTER ({condition})"

    def sum(self, expression: str) -> str:
        """Back to 64 bits: DuckDB widens sums to 128."""
        return f"coalesce(sum({expression}), 0)::BIGINT"
