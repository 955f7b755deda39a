"""The index over passages: SQLite's full-text search, ranked by BM25."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

_MOST_WORDS: Final = 32


class Piece(msgspec.Struct, frozen=True):
    """A passage; ``place`` is a page, a heading or a number."""

    place: str
    text: str


class Found(msgspec.Struct, frozen=True):
    """A passage that a search found; a greater ``score`` fits better."""

    document: str
    place: str
    text: str
    score: float


def write(path: Path, documents: Iterable[tuple[str, Iterable[Piece]]]) -> None:
    """A new index over the passages of documents, by their names."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE VIRTUAL TABLE passage USING fts5(document, place, text, tokenize = 'unicode61 remove_diacritics 2')"
        )
        for name, pieces in documents:
            connection.executemany(
                "INSERT INTO passage (document, place, text) VALUES (?, ?, ?)",
                ((name, piece.place, piece.text) for piece in pieces),
            )


def documents(path: Path) -> list[tuple[str, int]]:
    """The documents by name, and how many passages each has."""
    with closing(_reading(path)) as connection:
        return connection.execute(
            "SELECT document, count(*) FROM passage GROUP BY document ORDER BY document"
        ).fetchall()


def search(path: Path, text: str, limit: int) -> list[Found]:
    """The passages that have most of the words of ``text``, best first; empty where it has no word."""
    words = list(dict.fromkeys(re.findall(r"\w+", text)))[:_MOST_WORDS]
    if not words:
        return []
    # Each word as a text of its own: nothing of it is read as an operator.
    match = " OR ".join(f'"{word}"' for word in words)
    with closing(_reading(path)) as connection:
        rows = connection.execute(
            "SELECT document, place, text, bm25(passage, 2.0, 2.0, 1.0) AS worse FROM passage"
            " WHERE passage MATCH ? ORDER BY worse, rowid LIMIT ?",
            (match, limit),
        ).fetchall()
    return [Found(document, place, passage, -worse) for document, place, passage, worse in rows]


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
