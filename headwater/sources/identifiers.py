"""Names of tables and columns as an engine's SQL writes them.

>>> quoted('a"b', "sqlite"), quoted("a`b", "mysql"), quoted("a]b", "tsql")
('"a""b"', '`a``b`', '[a]]b]')
"""

from __future__ import annotations

from headwater.sources.schema import Dialect


def quoted(name: str, dialect: Dialect) -> str:
    """One name, whatever characters it has; a dot in it is part of it."""
    if dialect in ("mysql", "bigquery"):
        return f"`{name.replace('`', '``')}`"
    if dialect == "clickhouse":
        escaped = name.replace("\\", "\\\\").replace("`", "\\`")
        return f"`{escaped}`"
    if dialect == "tsql":
        return f"[{name.replace(']', ']]')}]"
    return '"' + name.replace('"', '""') + '"'


def quoted_path(name: str, dialect: Dialect) -> str:
    """A table as a ``Schema`` names it: behind its schema and a dot where it is not in the default one.

    >>> quoted_path("other.z", "postgres"), quoted_path("a.b", "sqlite")
    ('"other"."z"', '"a.b"')
    """
    if dialect in ("postgres", "duckdb") and "." in name:
        schema, _, table = name.partition(".")
        return f"{quoted(schema, dialect)}.{quoted(table, dialect)}"
    return quoted(name, dialect)
