"""Files and standard input, opened for reading, unfolded, and with their format found out.

Compression is told by a file's first bytes, the format by its suffix or ``--format``.
Nothing is read into memory here.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal, cast

import pyarrow as pa

from headwater.errors import InvalidRequest, NotFound

Format = Literal["csv", "ndjson", "json", "parquet", "arrow"]

STANDARD_INPUT = "-"

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
}
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}


class Source:
    """One file being read: its records' bytes, and how far into the file that is."""

    def __init__(
        self, name: str, format: Format, stream: BufferedReader[Any], raw: BufferedReader[Any], size: int
    ) -> None:
        self.name = name
        self.format = format
        self.stream = stream
        self.fraction: float | None = None
        """How much has been read, where the place in the file does not tell."""
        self._raw = raw
        self._size = size

    def position(self) -> int:
        """Bytes of the file that are dealt with; 0 when its size is not known."""
        if self.fraction is not None:
            return round(self._size * self.fraction)
        return min(self._raw.tell(), self._size) if self._size else 0


def format_of(name: str, given: Format | None) -> Format:
    """The format of a file: as given, or as its suffix says."""
    if given:
        return given
    if name == STANDARD_INPUT:
        raise InvalidRequest(f"Standard input needs --format: {', '.join(_FORMATS)}.", field="format")
    path = Path(name)
    suffix = (path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path).suffix.lower()
    if suffix not in _SUFFIXES:
        known = ", ".join((*_SUFFIXES, *_COMPRESSED))
        raise InvalidRequest(
            f"{name}: no format has the suffix '{suffix}' (known: {known}). Name it with --format.", field="format"
        )
    return _SUFFIXES[suffix]


_FORMATS = tuple(dict.fromkeys(_SUFFIXES.values()))


def size_of(name: str) -> int:
    """The file's size in bytes, 0 for standard input; ``NotFound`` when it is no file that can be read."""
    if name == STANDARD_INPUT:
        return 0
    if not os.access(name, os.R_OK) or not Path(name).is_file():
        raise NotFound(f"{name} is not a file that can be read.", field="file")
    return Path(name).stat().st_size


@contextmanager
def open_source(name: str, given: Format | None) -> Iterator[Source]:
    """The file (``-`` is standard input), opened and unfolded."""
    format, size = format_of(name, given), size_of(name)
    with ExitStack() as stack:
        if name == STANDARD_INPUT:
            raw: BufferedReader[Any] = BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))
            # The command does not own standard input: it lets go of it without closing it.
            stack.callback(raw.detach)
        else:
            raw = stack.enter_context(Path(name).open("rb"))
        codec = _codec(name, raw)
        stream: BufferedReader[Any] = raw
        if codec:
            stream = BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), codec))
        if format == "parquet" and (codec or name == STANDARD_INPUT):
            stream = _spooled(stack, stream)
        yield Source(name, format, stream, raw, size)


def _codec(name: str, raw: BufferedReader[Any]) -> str | None:
    start = raw.peek(4)
    found = next((codec for magic, codec in _MAGIC.items() if start.startswith(magic)), None)
    promised = _COMPRESSED.get(Path(name).suffix.lower())
    if promised and promised != found:
        raise InvalidRequest(f"{name} is named {Path(name).suffix}, but is not compressed with {promised}.")
    return found


def _spooled(stack: ExitStack, stream: BufferedReader[Any]) -> BufferedReader[Any]:
    """A copy on disk: the end of a Parquet file has to be read first."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    copy = stack.enter_context((Path(folder) / "copy").open("w+b"))
    try:
        shutil.copyfileobj(stream, copy)
    except OSError as error:
        raise InvalidRequest(f"It is damaged or cut short: {error}") from None
    copy.seek(0)
    return BufferedReader(copy.raw)


def check_sources(names: Sequence[str], given: Format | None) -> None:
    """Refuse, before anything is stored, a file that is not there or whose format is not known."""
    for name in names:
        format_of(name, given)
        size_of(name)
    if list(names).count(STANDARD_INPUT) > 1:
        raise InvalidRequest("Standard input can be read only once.", field="file")
