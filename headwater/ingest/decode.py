"""A body of any supported media type to columns as the dataset stores them.

Problems of the whole body raise; those of a record are collected, and its row is
left out. Nothing here knows entities, the time, or a dataset's own rules: that is
``check``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from headwater.catalogue.model import Dataset
from headwater.errors import UnsupportedMediaType
from headwater.ingest.columns import convert, expectation
from headwater.ingest.decode_arrow import read_arrow_stream, read_parquet, unfolds_too_far
from headwater.ingest.decode_csv import read_csv
from headwater.ingest.decode_json import read_array, read_ndjson
from headwater.ingest.problems import Problem, always, refuse
from headwater.ingest.records import Chunk, Decoded, RecordErrors
from headwater.storage.schema import arrow_field

_TEXTS: dict[str, Callable[[bytes, Dataset], Iterator[Chunk]]] = {
    "application/x-ndjson": read_ndjson,
    "application/json": read_array,
    "text/csv": read_csv,
}
_FILES: dict[str, Callable[[bytes, Dataset, int], Iterator[Chunk]]] = {
    "application/vnd.apache.parquet": read_parquet,
    "application/vnd.apache.arrow.stream": read_arrow_stream,
}
MEDIA_TYPES = (*_TEXTS, *_FILES)
TEXT_TYPES = frozenset(_TEXTS)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(body: bytes, content_type: str | None, dataset: Dataset, max_bytes: int) -> Decoded:
    """Records of ``body``; ``max_bytes`` is what files that unfold may take."""
    schema = _decoded_schema(dataset)
    tables, indexes = [], []
    errors, total, size = RecordErrors(), 0, 0
    ignored: set[str] = set()
    for chunk in _chunks(body, media_type(content_type), dataset, max_bytes):
        total += len(chunk.index) + chunk.unreadable.count
        ignored |= chunk.ignored
        columns, problems = _convert(chunk, dataset, schema)
        if chunk.measured:
            size += sum(columns[name].nbytes for name in chunk.columns)
            if size > max_bytes:
                raise unfolds_too_far(max_bytes)
        table, index = pa.Table.from_arrays(list(columns.values()), schema=schema), chunk.index
        if problems:
            good, refused = refuse(problems, columns, index)
            table, index, errors = table.filter(good), index.filter(good), errors.merged(refused)
        errors = errors.merged(chunk.unreadable)
        tables.append(table)
        indexes.append(index)
    rows = pa.concat_tables(tables) if tables else schema.empty_table()
    index = pa.concat_arrays(indexes) if indexes else pa.array([], pa.int64())
    return Decoded(rows.combine_chunks(), index, errors, total, tuple(sorted(ignored)))


def _decoded_schema(dataset: Dataset) -> pa.Schema:
    """Columns as they are stored, but anything may be absent, and what texts name is not known yet."""
    decoded = []
    for field in dataset.sent:
        stored = arrow_field(field)
        named = field.kind in ("uuid", "ref")
        decoded.append(pa.field(stored.name, pa.string()) if named else stored.with_nullable(True))
    return pa.schema(decoded)


def media_type(content_type: str | None) -> str:
    """The media type that a ``Content-Type`` header names, if it can be read."""
    named, *parameters = [part.strip().lower() for part in (content_type or "").split(";")]
    if named not in MEDIA_TYPES:
        message = f"Content-Type is not supported; allowed: {', '.join(MEDIA_TYPES)}."
        raise UnsupportedMediaType(message, field="Content-Type", allowed=list(MEDIA_TYPES))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8", "us-ascii"):
            message = "The charset of Content-Type is not supported; allowed: utf-8."
            raise UnsupportedMediaType(message, field="Content-Type", allowed=["utf-8"])
    return named


def _chunks(body: bytes, type_: str, dataset: Dataset, max_bytes: int) -> Iterator[Chunk]:
    if type_ in _FILES:
        return _FILES[type_](body, dataset, max_bytes)
    return _TEXTS[type_](body.removeprefix(_BYTE_ORDER_MARK), dataset)


def _convert(chunk: Chunk, dataset: Dataset, schema: pa.Schema) -> tuple[dict[str, pa.Array], list[Problem]]:
    """Each field's values as stored, and what could not be kept of them."""
    columns, problems = {}, []
    for field, stored in zip(dataset.sent, schema, strict=True):
        raw = chunk.columns.get(field.name)
        if raw is None or pa.types.is_null(raw.type):
            columns[field.name] = pa.nulls(len(chunk.index), stored.type)
            continue
        columns[field.name], bad = convert(field, raw)
        if bad is not None:
            problems.append(Problem(bad, field.name, always(f"{field.name} must be {expectation(field)}.")))
    return columns, problems
