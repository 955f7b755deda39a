"""What a file is, by what is in it; by its name only where text could be several things.

>>> kind_of("sales.csv", b"%PDF-1.7"), kind_of("notes", b"hello"), kind_of("a.jsonl", b'{"a": 1}')
('pdf', 'text', 'ndjson')
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from headwater.errors import InvalidRequest

Kind = Literal[
    "csv", "tsv", "json", "ndjson", "parquet", "sheets", "sqlite", "duckdb", "pdf", "docx", "markdown", "html", "text"
]
DOCUMENTS: Final[frozenset[Kind]] = frozenset({"pdf", "docx", "markdown", "html", "text"})
ALLOWED: Final = "CSV, TSV, XLSX, JSON, NDJSON, Parquet, SQLite, DuckDB, PDF, DOCX, Markdown, HTML or text"
HEAD: Final = 4096

_TEXTS: Final[Mapping[str, Kind]] = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "json": "json",
    "geojson": "json",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "txt": "text",
    "text": "text",
    "log": "text",
}
_BINARIES: Final = frozenset(
    {"pdf", "docx", "xlsx", "xlsm", "xlsb", "xls", "ods", "parquet", "sqlite", "sqlite3", "duckdb"}
)
_MAGIC: Final[tuple[tuple[int, bytes, Kind], ...]] = (
    (0, b"%PDF-", "pdf"),
    (0, b"SQLite format 3\x00", "sqlite"),
    (8, b"DUCK", "duckdb"),
    (0, b"PAR1", "parquet"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheets"),
)


def ending(name: str) -> str:
    """What stands behind the last dot, in lower case."""
    return name.lower().rpartition(".")[2] if "." in name else ""


def kind_of(name: str, head: bytes, path: Path | None = None) -> Kind:
    """What the file is whose first ``HEAD`` bytes are ``head``; ``path`` is where the whole of it is.

    ``InvalidRequest`` for what cannot be read here.
    """
    if not head:
        raise _unreadable(name, "it is empty")
    for at, magic, kind in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _zipped(name, path)
    if ending(name) in _BINARIES:
        raise _unreadable(name, f"it is no {ending(name).upper()} file, though its name says so")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(name, "it is of a kind that is not known here")
    return _TEXTS.get(ending(name)) or _guessed(head.lstrip().lower())


def _zipped(name: str, path: Path | None) -> Kind:
    try:
        with zipfile.ZipFile(path or name) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise _unreadable(name, "it is damaged") from None
    if "word/document.xml" in names:
        return "docx"
    if any(one.startswith("xl/workbook.") for one in names) or "content.xml" in names:
        return "sheets"
    raise _unreadable(name, "it is an archive; send what is in it")


def _guessed(text: bytes) -> Kind:
    if text.startswith((b"<!doctype html", b"<html")):
        return "html"
    if text.startswith((b"{", b"[")):
        return "json"
    return "text"


def _unreadable(name: str, reason: str) -> InvalidRequest:
    return InvalidRequest(f"The file '{name[:80]}' cannot be read: {reason}.", field="file", allowed=ALLOWED)


def unreadable(name: str, reason: str) -> InvalidRequest:
    """The refusal of a file, with the reason."""
    return _unreadable(name, reason.rstrip(". "))
