"""Words of the catalogue as SQL that every engine reads; never for a caller's values, which are bound.

>>> has_one_of("outcome", ("convert", "conversion"))
"outcome IN ('convert', 'conversion')"
"""

from __future__ import annotations

from collections.abc import Sequence


def has_one_of(column: str, values: Sequence[str | bool]) -> str:
    """A condition: the column has one of the values; any value without them, always true without a column."""
    if not column:
        return "TRUE"
    if not values:
        return f"{column} IS NOT NULL"
    return f"{column} IN ({', '.join(map(_literal, values))})"


def _literal(value: str | bool) -> str:
    return str(value).upper() if isinstance(value, bool) else f"'{value}'"
