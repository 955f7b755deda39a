"""Statements that were read once: the engine takes longer to read a long text than to answer many a question.

A text that was read can be run on every connection, with other values each time. Values are
bound, so there are only as many texts as there are kinds of questions; should they be more,
all are forgotten.
"""

from __future__ import annotations

import duckdb


class Texts:
    """Statements by their texts; any thread may ask."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._read: dict[str, duckdb.Statement] = {}

    def read(self, connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.Statement:
        """The one statement that a text is."""
        found = self._read.get(text)
        if found is None:
            (found,) = connection.extract_statements(text)
            if len(self._read) >= self._most:
                self._read.clear()
            self._read[text] = found
        return found


TEXTS = Texts(1_000)
"""Those of this process."""
