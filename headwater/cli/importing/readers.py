"""An opened file to its records, one after the other, without holding more than a part of it.

What cannot be read as a record becomes a ``Fault`` in its place; what makes the rest
of the file unreadable is ``InvalidRequest``. What values mean is for ingest to say.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.cli.importing.files import Format, Source
from headwater.errors import InvalidRequest

LONGEST_RECORD = 1024 * 1024
LARGEST_ARRAY = 64 * 1024 * 1024
_ROWS = 8192
_ARROW_FILE = b"ARROW1\0\0"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Fault(msgspec.Struct, frozen=True):
    """Why a record cannot be sent; ``field`` is None when it is the record as a whole."""

    field: str | None
    message: str


Record = bytes | dict[str, Any] | Fault
"""JSON text as it stood in the file, fields by name, or neither."""


def read(source: Source) -> Iterator[Record]:
    """The records of ``source``."""
    try:
        yield from _READERS[source.format](source)
    except (pa.ArrowException, OSError) as error:
        raise InvalidRequest(f"It is damaged, cut short, or no {source.format} file: {error}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The CSV cannot be read: {error}.") from None


def _ndjson(source: Source) -> Iterator[Record]:
    for line in _lines(source.stream):
        if line is None:
            yield Fault(None, f"The record is longer than {LONGEST_RECORD} bytes.")
        elif not line.isspace():
            yield line.strip()


def _lines(stream: BufferedReader[Any]) -> Iterator[bytes | None]:
    """Lines with their ends; None for one that is too long to be held."""
    first = True
    while line := stream.readline(LONGEST_RECORD):
        if first:
            line, first = line.removeprefix(_BYTE_ORDER_MARK), False
        if len(line) < LONGEST_RECORD or line.endswith(b"\n"):
            if line:
                yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_RECORD)
        yield None


def _json(source: Source) -> Iterator[Record]:
    body = source.stream.read(LARGEST_ARRAY + 1).removeprefix(_BYTE_ORDER_MARK)
    if len(body) > LARGEST_ARRAY:
        raise InvalidRequest(f"A JSON array is read whole, up to {LARGEST_ARRAY} bytes; write one object a line.")
    try:
        elements = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidRequest(f"It is not a JSON array of objects: {error}.") from None
    # Line ends stand only between the tokens of JSON, so a space does as well.
    yield from (bytes(element).replace(b"\n", b" ") for element in elements)


def _csv(source: Source) -> Iterator[Record]:
    rows = csv.reader(_text_lines(source.stream), strict=True)
    header = _distinct(next((row for row in rows if row), []))
    for row in rows:
        if len(row) == len(header):
            yield dict(zip(header, row, strict=True))
        elif row:
            yield Fault(None, f"The row has {len(row)} cells; the header has {len(header)}.")


def _text_lines(stream: BufferedReader[Any]) -> Iterator[str]:
    for line in _lines(stream):
        if line is None:
            raise InvalidRequest(f"The CSV has a line longer than {LONGEST_RECORD} bytes.")
        yield line.decode()


def _parquet(source: Source) -> Iterator[Record]:
    file = pq.ParquetFile(source.stream, pre_buffer=False)
    done = 0
    for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
        yield from _rows(batch)
        done += batch.num_rows
        source.fraction = done / file.metadata.num_rows


def _arrow(source: Source) -> Iterator[Record]:
    # An Arrow file is a stream with a mark before it and an index after it.
    if source.stream.peek(len(_ARROW_FILE)).startswith(_ARROW_FILE):
        source.stream.read(len(_ARROW_FILE))
    with pa.ipc.open_stream(source.stream) as batches:
        for batch in batches:
            yield from _rows(batch)


def _rows(batch: pa.RecordBatch) -> Iterator[Record]:
    names = _distinct(batch.schema.names)
    for start in range(0, batch.num_rows, _ROWS):
        columns = [_values(column) for column in batch.slice(start, _ROWS).columns]
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))


def _distinct(names: list[str]) -> list[str]:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidRequest(f"It has two columns called {', '.join(map(repr, doubled))}.")
    return names


def _values(column: pa.Array) -> list[Any]:
    """The column's values as JSON has them: times and decimals are texts there."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp(kind.unit, "UTC" if kind.tz else None))
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        column = column.cast(pa.string())
    values: list[Any] = column.to_pylist()
    return values


_READERS: dict[Format, Callable[[Source], Iterator[Record]]] = {
    "csv": _csv,
    "ndjson": _ndjson,
    "json": _json,
    "parquet": _parquet,
    "arrow": _arrow,
}
