"""What the process that reads files is told, and what it answers; loads none of the libraries that read."""

from __future__ import annotations

from typing import Final

import msgspec

TABLES: Final = "tables.duckdb"
PASSAGES: Final = "passages.db"
"""What the files of a built folder are called; the second is there where there are documents."""


class Upload(msgspec.Struct, frozen=True):
    """A file as it was sent: the name that it had, and where its bytes are now."""

    name: str
    path: str


class Task(msgspec.Struct, frozen=True):
    """What to read, into which folder, and for how many seconds at most."""

    files: tuple[Upload, ...]
    folder: str
    seconds: int


class Outcome(msgspec.Struct, frozen=True):
    """What was made, or why nothing was."""

    tables: tuple[str, ...] = ()
    passages: int = 0
    error: str = ""
    allowed: str = ""
