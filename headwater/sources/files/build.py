"""From uploaded files to a folder that can be asked: ``tables.duckdb``, and ``passages.db`` where there are documents.

Run as a program it is the process of its own in which strangers' files are read: it takes a
``Task`` on standard input and answers an ``Outcome`` on standard output.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from headwater.errors import InvalidRequest
from headwater.sources.files import passages
from headwater.sources.files.documents import pieces
from headwater.sources.files.kinds import DOCUMENTS, HEAD, Kind, kind_of, unreadable
from headwater.sources.files.names import TableNames
from headwater.sources.files.passages import Piece
from headwater.sources.files.tables import Tables
from headwater.sources.files.task import PASSAGES, TABLES, Outcome, Task, Upload
from headwater.sources.records import columnar

_PASSAGES_TABLE: Final = "passages"
_ADDRESS_SPACE: Final = 6 * 1024**3
_LARGEST_FILE: Final = 2 * 1024**3


def build(files: Sequence[Upload], folder: Path) -> Outcome:
    """Read the files; ``InvalidRequest`` says which of them cannot be read, and why."""
    kinds = [(one, _kind(one)) for one in files]
    documents = [(one.name, pieces(kind, one.name, Path(one.path))) for one, kind in kinds if kind in DOCUMENTS]
    tables = Tables(folder / TABLES, TableNames([_PASSAGES_TABLE] if documents else []))
    try:
        for one, kind in kinds:
            if kind not in DOCUMENTS:
                tables.add(kind, one.name, Path(one.path))
        if documents:
            tables.keep(_PASSAGES_TABLE, _table(documents))
            passages.write(folder / PASSAGES, documents)
    finally:
        tables.close()
    return Outcome(tuple(tables.made), sum(len(found) for _, found in documents))


def _kind(one: Upload) -> Kind:
    path = Path(one.path)
    with path.open("rb") as stream:
        return kind_of(one.name, stream.read(HEAD), path)


def _table(documents: Sequence[tuple[str, Sequence[Piece]]]) -> object:
    rows = [(name, piece.place, piece.text) for name, found in documents for piece in found]
    return columnar(("document", "place", "text"), list(zip(*rows, strict=True)))


def main() -> None:
    """Do the task of standard input, within bounds that the system holds."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    # macOS has no such bound and may refuse to be told one.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CPU, (task.seconds, task.seconds))
    try:
        outcome = build(task.files, Path(task.folder))
    except InvalidRequest as error:
        outcome = Outcome(error=error.message, allowed=str(error.details.get("allowed", "")))
    except MemoryError:
        outcome = Outcome(error=unreadable(task.files[0].name, "it needs too much memory").message)
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
