"""What a verb is, as agents and MCP clients meet it: a name, its purpose, its arguments, and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from headwater.reports import ReportTable
from headwater.scope import Scope
from headwater.tools.citation import Citation

MOST_ROWS: Final = 200
"""So many rows of an answer a caller is shown at once."""


class Reach(msgspec.Struct, frozen=True):
    """What one caller may ask: its scope, and of its organisation's data sources these, or with None all."""

    scope: Scope
    sources: frozenset[str] | None = None


class Given(msgspec.Struct, frozen=True):
    """What a verb gave: ``data`` as JSON has it, and of figures where they come from."""

    data: Any
    citation: Citation | None = None
    table: ReportTable | None = None


class Verb(msgspec.Struct, frozen=True):
    """One verb; ``run`` takes an ``arguments`` struct and raises ``HeadwaterError`` in words to act on."""

    name: str
    title: str
    description: str
    arguments: type[msgspec.Struct]
    run: Callable[[Reach, Any], Awaitable[Given]]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments, self-contained."""
        (schema,), components = msgspec.json.schema_components((self.arguments,), ref_template="#/$defs/{name}")
        own = components.pop(schema["$ref"].rpartition("/")[2])
        return {**own, "$defs": components} if components else own


def rows(table: ReportTable) -> dict[str, Any]:
    """A table as it is shown: rows by the columns' keys, what the columns are, and whether there is more."""
    keys = [column.key for column in table.columns]
    return {
        "columns": [{"key": column.key, "label": column.label, "unit": column.unit} for column in table.columns],
        "rows": [dict(zip(keys, row, strict=True)) for row in table.rows[:MOST_ROWS]],
        "truncated": len(table.rows) > MOST_ROWS,
    }
