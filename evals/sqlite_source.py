"""A SQLite file as a source for evaluations: its schema as a connector gives it, and read-only queries."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from headwater.sources.schema import ForeignKey, ResultColumn, Rows, Schema, SourceColumn, SourceTable

MOST_ROWS = 10_000
_SAMPLE = 5


class SqliteSource:
    """One file, opened read-only."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._connection.execute("PRAGMA query_only = ON")
        self.schema = Schema("sqlite", tuple(self._tables()))
        self.statements: list[str] = []

    async def run(self, query: str) -> Rows:
        """The rows of a statement, up to a limit."""
        self.statements.append(query)
        return self.rows(query)

    def rows(self, query: str) -> Rows:
        """The same, at once."""
        cursor = self._connection.execute(query)
        rows = cursor.fetchmany(MOST_ROWS + 1)
        columns = tuple(ResultColumn(column[0], "") for column in cursor.description or ())
        return Rows(columns, rows[:MOST_ROWS], len(rows) > MOST_ROWS)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _tables(self) -> list[SourceTable]:
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        ).fetchall()
        found = []
        for (name,) in names:
            try:
                found.append(self._table(name))
            except sqlite3.OperationalError:
                # A view that names a column which does not exist cannot be queried at all.
                continue
        return found

    def _table(self, name: str) -> SourceTable:
        quoted = '"' + name.replace('"', '""') + '"'
        columns = tuple(
            SourceColumn(column[1], column[2], nullable=not column[3], primary_key=bool(column[5]))
            for column in self._connection.execute(f"PRAGMA table_info({quoted})")
        )
        keys: dict[int, list[tuple[str, str, str]]] = {}
        for row in self._connection.execute(f"PRAGMA foreign_key_list({quoted})"):
            keys.setdefault(row[0], []).append((row[2], row[3], row[4]))
        foreign = tuple(
            ForeignKey(tuple(key[1] for key in parts), parts[0][0], tuple(key[2] for key in parts))
            for parts in keys.values()
        )
        (count,) = self._connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()
        sample = tuple(self._connection.execute(f"SELECT * FROM {quoted} LIMIT {_SAMPLE}").fetchall())
        return SourceTable(name, columns, foreign, count, sample)
