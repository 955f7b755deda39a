"""Texts are ordered and found alike on every database: by their bytes, and without regard to capitals in any script."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, String, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from headwater.settings import SettingsError

_EVERY_SCRIPT: Final = "und-x-icu"
# What PostgreSQL orders by is of each column, or else of the database, whose default is some language's.
_NOT_BY_BYTES: Final = text(
    "SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
    " FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_collation c ON c.oid = a.attcollation"
    " WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND a.attnum > 0"
    " AND NOT a.attisdropped AND c.collname <> 'C' ORDER BY t.relname, a.attnum"
)


class in_small_letters(GenericFunction[str]):  # noqa: N801  (the name of the function)
    """What ``str.lower`` makes of a text, in the database."""

    type = String()
    inherit_cache = True


@compiles(in_small_letters)
def _on_sqlite(function: in_small_letters, compiler: SQLCompiler, **more: Any) -> str:
    # The connection has Python's own under this name.
    return f"lower({compiler.process(function.clauses, **more)})"


@compiles(in_small_letters, "postgresql")
def _on_postgres(function: in_small_letters, compiler: SQLCompiler, **more: Any) -> str:
    return f'lower({compiler.process(function.clauses, **more)} COLLATE "{_EVERY_SCRIPT}")'


def contains(column: InstrumentedAttribute[Any], search: str) -> ColumnElement[bool]:
    """Whether a text has these letters in it, capitals or not."""
    found: ColumnElement[bool] = in_small_letters(column).contains(search.lower(), autoescape=True)
    return found


def order_by_bytes(connection: Connection) -> None:
    """Have every text column of a PostgreSQL order as SQLite does; SettingsError for a server without Unicode."""
    if connection.dialect.name != "postgresql":
        return
    known = text("SELECT count(*) FROM pg_collation WHERE collname = :name")
    if not connection.scalar(known, {"name": _EVERY_SCRIPT}):
        raise SettingsError(
            "The setting 'control_url' names a PostgreSQL that was built without ICU, which searching without regard"
            " to capitals needs. Take one that has it; those of PostgreSQL itself and of Linux distributions do."
        )
    quote = connection.dialect.identifier_preparer.quote
    for table, columns in groupby(connection.execute(_NOT_BY_BYTES).all(), key=lambda found: str(found[0])):
        changes = (f'ALTER COLUMN {quote(column)} TYPE {type_} COLLATE "C"' for _, column, type_ in columns)
        connection.exec_driver_sql(f"ALTER TABLE {quote(table)} {', '.join(changes)}")
