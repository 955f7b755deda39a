"""Parquet to Arrow in a process of its own, since a damaged or hostile file can end the process that reads it.

Arrow's reader aborts on some files with a single wrong byte, and a page may unfold
to any size whatever the file says of itself. The child may take only so much
memory, and what becomes of it is only an answer to the one who sent the file. It
is started by path and must import nothing of the server: it starts quickly so.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import BoundedSemaphore

import pyarrow as pa
import pyarrow.parquet as pq

_SECONDS = 120
_BATCH_ROWS = 4096
_ROW_BYTES = 8
_OWN_MEMORY = 512 * 1024 * 1024
_TOO_LARGE = 3
_AT_ONCE = BoundedSemaphore(2)


class TooLargeError(Exception):
    """The file unfolds to more than it may."""


def arrow_of_parquet(body: bytes, names: Sequence[str], texts: Sequence[str], max_bytes: int) -> bytes:
    """Two Arrow streams: the file's schema, and its columns among ``names``; ``texts`` stay dictionaries.

    ArrowInvalid for what is no Parquet file, is damaged, or takes too long.
    """
    command = [sys.executable, "-I", __file__, str(max_bytes), ",".join(names), ",".join(texts)]
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
    try:
        with _AT_ONCE:
            child = subprocess.run(  # noqa: S603
                command,
                input=body,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                env=environment,
            )
    except subprocess.TimeoutExpired:
        raise pa.ArrowInvalid("takes too long") from None
    if child.returncode == _TOO_LARGE:
        raise TooLargeError
    if child.returncode:
        raise pa.ArrowInvalid("damaged file")
    return child.stdout


def _dictionaries(metadata: pq.FileMetaData) -> set[str]:
    """Columns that can be read as dictionaries: Arrow cannot do it where texts are delta-encoded."""
    there = {metadata.schema.column(number).path for number in range(metadata.num_columns)}
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            if any(encoding.startswith("DELTA") for encoding in column.encodings):
                there.discard(column.path_in_schema)
    return there


def _convert(max_bytes: int, names: set[str], texts: set[str]) -> None:
    body = pa.BufferReader(sys.stdin.buffer.read())
    metadata = pq.read_metadata(body)
    file = pq.ParquetFile(body, metadata=metadata, read_dictionary=sorted(texts & _dictionaries(metadata)))
    schema = file.schema_arrow
    if metadata.num_rows * _ROW_BYTES > max_bytes:
        raise TooLargeError
    output = pa.PythonFile(_Bounded(max_bytes), mode="w")
    pa.ipc.new_stream(output, schema).close()
    columns = [name for name in schema.names if name in names]
    rows = 0
    with pa.ipc.new_stream(output, pa.schema([schema.field(name) for name in columns])) as stream:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns, use_threads=False):
            rows += batch.num_rows
            if rows * _ROW_BYTES > max_bytes:
                raise TooLargeError
            stream.write_batch(batch)


class _Bounded:
    """Standard output, for so many bytes."""

    closed = False

    def __init__(self, room: int) -> None:
        self._room = room

    def write(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            raise TooLargeError
        sys.stdout.buffer.write(data)

    def flush(self) -> None:
        sys.stdout.buffer.flush()


def _limit_memory(max_bytes: int) -> None:
    # Without this module (Windows) the sizes looked at on the way are the only limit.
    with suppress(ImportError):
        import resource

        most = _OWN_MEMORY + 4 * max_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: Sequence[str]) -> int:
    """The child: a Parquet file on standard input becomes Arrow streams on standard output."""
    max_bytes = int(arguments[0])
    _limit_memory(max_bytes)
    try:
        _convert(max_bytes, set(arguments[1].split(",")), set(arguments[2].split(",")))
    except (TooLargeError, MemoryError):
        return _TOO_LARGE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
