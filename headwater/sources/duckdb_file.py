"""A DuckDB file, opened for reading, with every way out of the engine shut.

Files of uploads, copies of other sources, and files of the operator's folder are read by this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from headwater.errors import InvalidRequest, Timeout, UpstreamError
from headwater.sources.cells import cell, collect, unique_names
from headwater.sources.connector import MOST_TABLES, SAMPLE_ROWS, Limits, check_params, with_places
from headwater.sources.embedded import EMBEDDED, too_much
from headwater.sources.guard import Judged, judge
from headwater.sources.identifiers import quoted
from headwater.sources.schema import Cell, Dialect, ForeignKey, ResultColumn, Rows, Schema, SourceColumn, SourceTable

SHUT: Final = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "512MB",
    "threads": "2",
    "lock_configuration": "true",
}
"""The engine's own settings: no files, no network, no extensions, and no way to change that."""
_SCHEMA_SECONDS: Final = 30.0
_AT_ONCE: Final = 100


class DuckDBFile:
    """The connector of one file."""

    dialect: Dialect = "duckdb"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def test(self) -> None:
        """Open the file."""
        await EMBEDDED.run(_SCHEMA_SECONDS, self._test)

    async def schema(self) -> Schema:
        """What the file holds."""
        return await EMBEDDED.run(_SCHEMA_SECONDS, self._schema)

    async def run(self, query: str, params: Mapping[str, Cell], limit: int, seconds: float) -> Rows:
        """The first rows of a query."""
        judged = judge(query, self.dialect)
        values = check_params(judged, params)
        return await EMBEDDED.run(seconds, self._run, judged, values, Limits(limit), seconds)

    async def aclose(self) -> None:
        """Nothing stays open."""

    def _test(self) -> None:
        with self._open(_SCHEMA_SECONDS):
            pass

    def _run(self, judged: Judged, params: Mapping[str, Cell], limits: Limits, seconds: float) -> Rows:
        with self._open(seconds) as connection:
            result = connection.execute(with_places(judged, lambda name: f"${name}"), dict(params) or None)
            described = (result.description if result else None) or ()
            if not described:
                return Rows((), [])
            columns = unique_names([ResultColumn(one[0], str(one[1])) for one in described])
            return collect(columns, _rows(result), limits)

    def _schema(self) -> Schema:
        with self._open(_SCHEMA_SECONDS) as connection:
            tables = connection.execute(
                "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE NOT internal"
                " UNION ALL SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE NOT internal"
                f" ORDER BY 1, 2 LIMIT {MOST_TABLES}"
            ).fetchall()
            return Schema(self.dialect, tuple(_table(connection, *one) for one in tables))

    @contextmanager
    def _open(self, seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = duckdb.connect(str(self._path), read_only=True, config=dict(SHUT))
        except (duckdb.Error, RuntimeError) as error:
            raise UpstreamError(f"The file cannot be read as a DuckDB database: {self._words(error)}") from None
        timer = threading.Timer(seconds, connection.interrupt)
        timer.start()
        try:
            yield connection
        except duckdb.InterruptException:
            raise Timeout(f"The query took longer than {seconds:g} seconds and was stopped.") from None
        except (duckdb.OutOfMemoryException, MemoryError):
            raise too_much() from None
        except duckdb.PermissionException as error:
            raise InvalidRequest(f"The engine refuses the query: {self._words(error)}", field="query") from None
        except duckdb.Error as error:
            raise InvalidRequest(f"The query failed: {self._words(error)}", field="query") from None
        finally:
            timer.cancel()
            connection.close()

    def _words(self, error: Exception) -> str:
        """The engine's reason in one line, without the server's own paths."""
        line = str(error).split("\n")[0].split("LINE ")[0].strip().replace(str(self._path), self._path.name)
        return line.partition(" Error: ")[2] or line


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while rows := result.fetchmany(_AT_ONCE):
        yield from rows


def _table(connection: duckdb.DuckDBPyConnection, schema: str, name: str, size: int | None) -> SourceTable:
    path = quoted(name, "duckdb") if schema == "main" else f"{quoted(schema, 'duckdb')}.{quoted(name, 'duckdb')}"
    keys, foreign = _keys(connection, schema, name)
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE schema_name = $1 AND table_name = $2 ORDER BY column_index",
        [schema, name],
    ).fetchall()
    rows = connection.execute(f"SELECT * FROM {path} LIMIT {SAMPLE_ROWS}").fetchall()
    return SourceTable(
        name if schema == "main" else f"{schema}.{name}",
        tuple(SourceColumn(column, type_, nullable, column in keys) for column, type_, nullable in columns),
        foreign,
        size,
        tuple(tuple(cell(value) for value in row) for row in rows),
    )


def _keys(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str
) -> tuple[frozenset[str], tuple[ForeignKey, ...]]:
    rows = connection.execute(
        "SELECT constraint_type, constraint_column_names, referenced_table, referenced_column_names"
        " FROM duckdb_constraints() WHERE schema_name = $1 AND table_name = $2",
        [schema, table],
    ).fetchall()
    primary = frozenset(name for kind, names, *_ in rows if kind == "PRIMARY KEY" for name in names)
    foreign = tuple(
        ForeignKey(tuple(names), referred, tuple(to)) for kind, names, referred, to in rows if kind == "FOREIGN KEY"
    )
    return primary, foreign
