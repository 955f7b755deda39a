"""ClickHouse's words for the few things in which engines differ.

>>> ClickHouseDialect().placeholder(0, "BIGINT[]")
'{p0:Array(Int64)}'
"""

from __future__ import annotations

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

    def placeholder(self, position: int, type_name: str) -> str:
        """A named, typed query parameter."""
        return f"{{p{position}:{_TYPES[type_name]}}}"

    def id_pairs(self, keys: str, entities: str) -> str:
        """Two arrays zipped and unfolded."""
        return (
            "(SELECT tupleElement(pair, 1) AS key, tupleElement(pair, 2) AS entity"
            f" FROM (SELECT arrayJoin(arrayZip({keys}, {entities})) AS pair))"
        )

    def bucket(self, column: str, grain: str) -> str:
        """Weeks start on Monday, as ISO 8601 has them."""
        return f"toDateTime64(date_trunc('{grain}', {column}), 6, 'UTC')"

    def count_if(self, condition: str) -> str:
        """Signed, as all counts are."""
        return f"toInt64(countIf({condition}))"

    def sum(self, expression: str) -> str:
        """Sums of Int64 are Int64, and 0 for no rows."""
        return f"sum({expression})"
