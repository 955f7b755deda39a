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
