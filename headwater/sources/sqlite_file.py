"""A SQLite file, opened for reading: read-only mode, an authorizer, and a handler that stops what takes too long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from headwater.errors import InvalidRequest, Timeout, UpstreamError
from headwater.sources.cells import cell, collect, unique_names
from headwater.sources.connector import MOST_TABLES, SAMPLE_ROWS, Limits, check_params
from headwater.sources.guard import judge
from headwater.sources.identifiers import quoted
from headwater.sources.schema import Cell, Dialect, ForeignKey, ResultColumn, Rows, Schema, SourceColumn, SourceTable
from headwater.sources.threads import in_thread

_STEPS = 10_000
_LONGEST_VALUE = 64 * 1024 * 1024
_SCHEMA_SECONDS = 30.0
_DECIMAL_TEXT = (str, int, float, bytes, type(None))
_MAY = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_PRAGMAS = frozenset({"table_info", "table_xinfo", "foreign_key_list"})
_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})


class SQLiteFile:
    """The connector of one file."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def test(self) -> None:
        """Open the file and read its head."""
        await in_thread(self._test)

    async def schema(self) -> Schema:
        """What the file holds."""
        return await in_thread(self._schema)

    async def run(self, query: str, params: Mapping[str, Cell], limit: int, seconds: float) -> Rows:
        """The first rows of a query."""
        judged = judge(query, self.dialect)
        values = {name: _bindable(value) for name, value in check_params(judged, params).items()}
        return await in_thread(self._run, judged.text, values, Limits(limit), seconds)

    async def aclose(self) -> None:
        """Nothing stays open."""

    def _test(self) -> None:
        with self._open(_SCHEMA_SECONDS) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def _run(self, query: str, params: Mapping[str, object], limits: Limits, seconds: float) -> Rows:
        with self._open(seconds) as connection, closing(connection.execute(query, params)) as cursor:
            # SQLite has types of values, not of columns.
            columns = unique_names([ResultColumn(one[0], "") for one in cursor.description or ()])
            return collect(columns, cursor, limits)

    def _schema(self) -> Schema:
        with self._open(_SCHEMA_SECONDS) as connection:
            connection.set_authorizer(_authorize_looking)
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
                f" ORDER BY name LIMIT {MOST_TABLES}"
            ).fetchall()
            return Schema(self.dialect, tuple(self._table(connection, name) for (name,) in names))

    def _table(self, connection: sqlite3.Connection, name: str) -> SourceTable:
        table = quoted(name, self.dialect)
        columns = tuple(
            SourceColumn(column, type_, not required and not key, bool(key))
            for _, column, type_, required, _, key in connection.execute(f"PRAGMA table_info({table})")
        )
        keys: dict[int, list[tuple[str, str, str]]] = {}
        for number, _, referred, column, to, *_ in connection.execute(f"PRAGMA foreign_key_list({table})"):
            keys.setdefault(number, []).append((referred, column, to or ""))
        rows = connection.execute(f"SELECT * FROM {table} LIMIT {SAMPLE_ROWS}").fetchall()
        return SourceTable(
            name,
            columns,
            tuple(
                ForeignKey(tuple(one[1] for one in parts), parts[0][0], tuple(one[2] for one in parts if one[2]))
                for parts in keys.values()
            ),
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0],
            tuple(tuple(cell(value) for value in row) for row in rows),
        )

    @contextmanager
    def _open(self, seconds: float) -> Iterator[sqlite3.Connection]:
        deadline = monotonic() + seconds
        try:
            with closing(sqlite3.connect(f"file:{quote(str(self._path))}?mode=ro", uri=True)) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA query_only = ON")
                connection.set_authorizer(_authorize)
                connection.set_progress_handler(lambda: monotonic() > deadline, _STEPS)
                yield connection
        except sqlite3.Error as error:
            raise _translated(error, seconds) from None


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _MAY else sqlite3.SQLITE_DENY


def _authorize_looking(
    action: int, first: str | None, second: str | None, database: str | None, trigger: str | None
) -> int:
    if action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS:
        return sqlite3.SQLITE_OK
    return _authorize(action, first, second, database, trigger)


def _bindable(value: Cell) -> object:
    return value if isinstance(value, _DECIMAL_TEXT) else str(value)


def _translated(error: sqlite3.Error, seconds: float) -> Exception:
    words = str(error)
    if "interrupted" in words:
        return Timeout(f"The query took longer than {seconds:g} seconds and was stopped.")
    if "unable to open" in words or "not a database" in words or "malformed" in words:
        return UpstreamError(f"The file cannot be read as a SQLite database: {words}.")
    if "not authorized" in words or "prohibited" in words:
        return InvalidRequest(f"The engine refuses the query: {words}.", field="query")
    return InvalidRequest(f"The query failed: {words}.", field="query")
