"""JSON bodies, one object a line or one array of objects, to chunks of columns.

An index counts the lines that are not blank, or the elements of the array. A body
is taken in slices of about a mebibyte, so that a large one never becomes as many
Python objects as it has records. What values mean is for ``columns`` to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as pa

from headwater.catalogue.model import Dataset, Field, FieldKind
from headwater.errors import InvalidRequest
from headwater.ingest.records import LISTED_ERRORS, Chunk, RecordError, RecordErrors

SLICE = 1024 * 1024

_ACCEPTED: dict[FieldKind, frozenset[type]] = {
    "time": frozenset((str,)),
    "id": frozenset((int, str)),
    "text": frozenset((str,)),
    "amount": frozenset((int, float, str)),
    "uuid": frozenset((str,)),
    "counter": frozenset((int, float, str)),
    "flag": frozenset((bool, int, str)),
    "ref": frozenset((str,)),
    "fraction": frozenset((int, float, str)),
    "json": frozenset((list, dict)),
}
_TYPED: dict[FieldKind, Any] = {
    "time": str | None,
    "id": int | str | None,
    "text": str | None,
    "amount": int | float | str | None,
    "uuid": str | None,
    "counter": int | float | str | None,
    "flag": bool | int | str | None,
    "ref": str | None,
    "fraction": int | float | str | None,
    "json": msgspec.Raw,
}
_RAW: dict[FieldKind, pa.DataType] = {
    "time": pa.string(),
    "id": pa.int64(),
    "text": pa.string(),
    "amount": pa.float64(),
    "uuid": pa.string(),
    # Arrow would cut the fraction off a number that goes into whole ones.
    "counter": pa.float64(),
    "flag": pa.bool_(),
    "ref": pa.string(),
    "fraction": pa.float64(),
    "json": pa.string(),
}
# No kind of field accepts it, so a value of a wrong type stands out as one that cannot be kept.
_REFUSED = "\0"
# Python refuses to print longer numbers; no field takes one of half as many digits.
_PRINTABLE = 10**40

_decode_any = msgspec.json.Decoder().decode
_array = msgspec.json.Decoder(list[msgspec.Raw])


def read_ndjson(body: bytes, dataset: Dataset) -> Iterator[Chunk]:
    """Chunks of a body with one object a line."""
    first = 0
    for part in _line_slices(body):
        chunk = _one_a_line(part, dataset, first) or _from_values(_lines(part), dataset, first)
        first += len(chunk.index) + chunk.unreadable.count
        yield chunk


def read_array(body: bytes, dataset: Dataset) -> Iterator[Chunk]:
    """Chunks of a body that is one array of objects."""
    # An element takes fifty bytes of memory before it is read; records do not have a comma in eight bytes.
    if body.count(b",") * 8 > max(len(body), SLICE):
        raise InvalidRequest("The body is not an array of records: it is mostly commas.")
    try:
        elements = _array.decode(body)
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"The body is not a JSON array of objects: {error}.") from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    first = 0
    for part in _element_slices(elements):
        small = sum(map(len, part)) <= SLICE
        chunk = (small and _all_good(b"\n".join(part), dataset, first)) or _from_values(part, dataset, first)
        first += len(part)
        yield chunk


def _line_slices(body: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(body):
        end = body.rfind(b"\n", start, start + SLICE) + 1 if start + SLICE < len(body) else len(body)
        end = end or body.find(b"\n", start + SLICE) + 1 or len(body)
        yield body[start:end]
        start = end


def _element_slices(elements: Sequence[msgspec.Raw]) -> Iterator[Sequence[msgspec.Raw]]:
    start = size = 0
    for position, element in enumerate(elements):
        size += len(element)
        if size > SLICE and position > start:
            yield elements[start:position]
            start, size = position, len(element)
    if start < len(elements):
        yield elements[start:]


def _lines(part: bytes) -> list[bytes]:
    return [line for line in part.split(b"\n") if line and not line.isspace()]


def _one_a_line(part: bytes, dataset: Dataset, first: int) -> Chunk | None:
    """The chunk, if each line is exactly one good record; the decoder alone would take any white space for a break."""
    part = part.removesuffix(b"\n")
    breaks = part.count(b"\n")
    if len(part) > SLICE or breaks != part.count(b"}\n{"):
        return None
    chunk = _all_good(part, dataset, first)
    return chunk if chunk is not None and len(chunk.index) == breaks + 1 else None


def _all_good(part: bytes, dataset: Dataset, first: int) -> Chunk | None:
    """The chunk, if all records are of known fields with values of fitting types."""
    fields = dataset.sent
    try:
        records = _typed(fields).decode_lines(part)
        values = zip(*map(msgspec.structs.astuple, records), strict=True)
        columns = {field.name: _column(field, column) for field, column in zip(fields, values, strict=bool(records))}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    index = pa.arange(first, first + len(records))
    return Chunk(columns, index, RecordErrors(), frozenset())


@lru_cache(maxsize=64)
def _typed(fields: tuple[Field, ...]) -> msgspec.json.Decoder[Any]:
    names = [(field.name, _TYPED[field.kind], None) for field in fields]
    return msgspec.json.Decoder(msgspec.defstruct("Record", names, forbid_unknown_fields=True, gc=False))


def _from_values(values: Sequence[bytes | msgspec.Raw], dataset: Dataset, first: int) -> Chunk:
    """The chunk of values of which any may be bad."""
    records: list[dict[str, Any]] = []
    index: list[int] = []
    errors: list[RecordError] = []
    bad = 0
    for position, value in enumerate(values, first):
        record, fault = _object(value)
        if record is not None:
            records.append(record)
            index.append(position)
            continue
        bad += 1
        if len(errors) < LISTED_ERRORS:
            errors.append(RecordError(position, None, fault))
    names: set[str] = set().union(*records)
    columns = {}
    for field in dataset.sent:
        if field.name in names:
            columns[field.name] = _checked_column(field, [record.get(field.name) for record in records])
    ignored = names.difference(field.name for field in dataset.sent)
    return Chunk(columns, pa.array(index, pa.int64()), RecordErrors.of(bad, errors), frozenset(ignored))


def _object(value: bytes | msgspec.Raw) -> tuple[dict[str, Any] | None, str]:
    if len(value) > SLICE:
        return None, f"The record is longer than {SLICE} bytes."
    try:
        record = _decode_any(value)
    except UnicodeDecodeError:
        return None, "The record is not UTF-8."
    except RecursionError:
        return None, "The record is nested too deeply."
    except msgspec.MsgspecError as error:
        return None, f"The record is not valid JSON: {error}."
    if not isinstance(record, dict):
        return None, "The record is not a JSON object."
    return record, ""


def _column(field: Field, values: Sequence[Any]) -> pa.Array:
    if field.kind == "json":
        return pa.array([None if value in (None, b"null") else _json_text(value) for value in values], pa.string())
    if values.count(None) == len(values):
        return pa.nulls(len(values))
    try:
        return pa.array(values, _RAW[field.kind])
    except (pa.ArrowException, OverflowError):
        # Numbers beside texts, or too large for Arrow: as texts, all are read alike.
        return pa.array([_as_text(value) for value in values], pa.string())


def _checked_column(field: Field, values: list[Any]) -> pa.Array:
    accepted = _ACCEPTED[field.kind]
    if not accepted.issuperset(set(map(type, values)) - {type(None)}):
        values = [value if value is None or type(value) in accepted else _REFUSED for value in values]
    return _column(field, values)


def _json_text(value: Any) -> str:
    """The text of a value, as it was sent where that is still known."""
    if value == _REFUSED:
        return _REFUSED
    return (bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value)).decode()


def _as_text(value: str | float | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    return str(value) if abs(value) < _PRINTABLE else _REFUSED
