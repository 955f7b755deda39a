"""Parquet files and Arrow streams to chunks of columns, unfolding no more than the limit.

Neither the rows a file claims nor the sizes it claims are believed: what can be
known beforehand is looked at first, the rest batch by batch. Every array is
validated in full before anything computes with it. What values mean is for
``columns`` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from headwater.catalogue.model import Dataset, Field
from headwater.errors import InvalidRequest, PayloadTooLarge
from headwater.ingest.arrow_messages import unfolded_bytes
from headwater.ingest.columns import expectation, readable
from headwater.ingest.parquet_process import TooLargeError, arrow_of_parquet
from headwater.ingest.records import Chunk, RecordErrors

# Even a row of nothing but absent values has a time, in the columns that it becomes.
_ROW_BYTES = 8


def read_parquet(body: bytes, dataset: Dataset, max_bytes: int) -> Iterator[Chunk]:
    """Chunks of a Parquet file."""
    known = [field.name for field in dataset.sent]
    texts = [field.name for field in dataset.sent if field.kind in ("text", "uuid", "ref", "json")]
    try:
        unfolded = pa.BufferReader(arrow_of_parquet(body, known, texts, max_bytes))
        with pa.ipc.open_stream(unfolded) as stream:
            schema = stream.read_all().schema
        names = _known_columns(schema, dataset)
        yield from _chunks(pa.ipc.open_stream(unfolded), schema, names, max_bytes)
    except TooLargeError:
        raise unfolds_too_far(max_bytes) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise InvalidRequest("The body is not a Parquet file, or a damaged one.") from None


def read_arrow_stream(body: bytes, dataset: Dataset, max_bytes: int) -> Iterator[Chunk]:
    """Chunks of an Arrow IPC stream."""
    try:
        if unfolded_bytes(body) > max_bytes:
            raise unfolds_too_far(max_bytes)
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            names = _known_columns(stream.schema, dataset)
            yield from _chunks(stream, stream.schema, names, max_bytes)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise InvalidRequest("The body is not an Arrow stream, or a damaged one.") from None


def _known_columns(schema: pa.Schema, dataset: Dataset) -> list[str]:
    """The dataset's columns in ``schema``, each of a type that its field can be read from."""
    for field in dataset.sent:
        found = schema.get_all_field_indices(field.name)
        if len(found) > 1:
            raise InvalidRequest(f"Column '{field.name}' is there twice.", field=field.name)
        if found and not _fits(field, schema.field(found[0]).type):
            type_ = str(schema.field(found[0]).type)[:80]
            message = f"Column '{field.name}' has type {type_}; it must be {expectation(field)}."
            raise InvalidRequest(message, field=field.name)
    return [field.name for field in dataset.sent if field.name in schema.names]


def _fits(field: Field, type_: pa.DataType) -> bool:
    return bool(pa.types.is_null(type_) or pa.types.is_string_view(type_)) or readable(field.kind, type_)


def _chunks(batches: Iterable[pa.RecordBatch], schema: pa.Schema, names: list[str], max_bytes: int) -> Iterator[Chunk]:
    ignored = frozenset(schema.names).difference(names)
    first = 0
    for batch in batches:
        rows = batch.num_rows
        if (first + rows) * _ROW_BYTES > max_bytes:
            raise unfolds_too_far(max_bytes)
        columns = {name: _validated(batch.column(name), max_bytes) for name in names}
        yield Chunk(columns, pa.arange(first, first + rows), RecordErrors(), ignored, measured=True)
        first += rows


def _validated(column: pa.Array, max_bytes: int) -> pa.Array:
    column.validate(full=True)
    if not pa.types.is_string_view(column.type):
        return column
    # A view is 16 bytes that begin with its length; all may show the same long text.
    words = memoryview(column.buffers()[1]).cast("I")
    if sum(words[column.offset * 4 : (column.offset + len(column)) * 4 : 4]) > max_bytes:
        raise unfolds_too_far(max_bytes)
    return column.cast(pa.string())


def unfolds_too_far(max_bytes: int) -> PayloadTooLarge:
    """The refusal of a file that would take more than ``max_bytes`` of memory."""
    return PayloadTooLarge(f"The body unfolds to more than {max_bytes} bytes; send smaller batches.", limit=max_bytes)
