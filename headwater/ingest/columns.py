"""One column of raw values to its stored type: what every format's values have to mean.

A value that cannot be kept becomes null and is marked; absent values (null, empty
text) become null unmarked. The whole column goes through Arrow; only when Arrow
refuses one of its texts are they read one by one, by the same grammar.

>>> values, bad = convert(Field("creative_id", "id", ""), pa.array(["7", "x", ""]))
>>> values.to_pylist(), bad.to_pylist()
([7, None, None], [False, True, False])
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import assert_never

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from headwater.catalogue.model import Field, FieldKind
from headwater.errors import InvalidRequest
from headwater.kit.ids import read_uuid
from headwater.storage.schema import AMOUNT_SCALE, FRACTION_SCALE

MAX_ID = 2**63 - 1
MAX_AMOUNT = 1_000_000_000
# The sum over a million entities still fits into 64 bits, and every one is exact as a float.
MAX_COUNTER = 1_000_000_000_000

_MICROSECONDS = pa.timestamp("us")
# Nanoseconds in 64 bits end in 2262: no unit overflows between these.
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_READABLE: dict[FieldKind, tuple[Callable[[pa.DataType], bool], ...]] = {
    "time": (pa.types.is_timestamp, pa.types.is_date),
    "id": (pa.types.is_integer,),
    "text": (),
    "amount": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    "uuid": (),
    "counter": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    "flag": (pa.types.is_boolean, pa.types.is_integer),
    "ref": (),
    "fraction": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    "json": (pa.types.is_list, pa.types.is_large_list, pa.types.is_struct, pa.types.is_map),
}
_CONTROL_BYTES = bytes((*range(0x20), 0x7F))
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"([T ]([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?",
    re.ASCII,
)
_FLAGS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "1": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "0": False,
}
_REF = r"^[A-Za-z0-9_-]{1,64}$"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def expectation(field: Field) -> str:
    """What values of ``field`` have to be, to end "… must be"."""
    match field.kind:
        case "time":
            return "an RFC 3339 time or a date between 1900 and 2199, such as 2026-01-31T12:00:00Z"
        case "id":
            return f"a whole number from 1 to {MAX_ID}"
        case "text":
            return f"text of at most {field.max_length} characters without control characters"
        case "amount":
            return f"a number from 0 to {MAX_AMOUNT}"
        case "uuid":
            return "a UUID, such as 550e8400-e29b-41d4-a716-446655440000"
        case "counter":
            return f"a whole number from 0 to {MAX_COUNTER}"
        case "flag":
            return "true or false"
        case "ref":
            return "an id of 1 to 64 letters, digits, '_' and '-'"
        case "fraction":
            return "a number from 0 to 1"
        case "json":
            return "a JSON list or object"
        case _:
            assert_never(field.kind)


def readable(kind: FieldKind, type_: pa.DataType) -> bool:
    """Whether a column of Arrow type ``type_`` can hold values of ``kind``."""
    if pa.types.is_dictionary(type_):
        return readable(kind, type_.value_type)
    return _is_text(type_) or any(test(type_) for test in _READABLE[kind])


def convert(field: Field, raw: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """The column as stored, and which of its values cannot be kept (None: all can)."""
    if pa.types.is_dictionary(raw.type):
        # Entries first: one long text that a million rows share must not be copied a million times.
        values, bad = convert(field, raw.dictionary)
        values = values.take(raw.indices)
        return values, None if bad is None else pc.fill_null(bad.take(raw.indices), False)
    if not readable(field.kind, raw.type):
        message = f"Column '{field.name}' has type {raw.type}; it must be {expectation(field)}."
        raise InvalidRequest(message, field=field.name)
    values = _CONVERTERS[field.kind](field, raw)
    if values.null_count == raw.null_count:
        return values, None
    present = pc.not_equal(raw, "") if _is_text(raw.type) else raw.is_valid()
    bad = pc.and_(pc.fill_null(present, False), values.is_null())
    return values, bad if bad.true_count else None


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _within(values: pa.Array, low: pa.Scalar, high: pa.Scalar) -> pa.Array:
    """``values`` with null for those outside of ``low`` to ``high`` (and for NaN)."""
    inside = pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))
    if inside.true_count == len(values) - values.null_count:
        return values
    return pc.if_else(inside, values, pa.scalar(None, values.type))


def _text(field: Field, raw: pa.Array) -> pa.Array:
    values = raw.cast(pa.string())
    lengths = pc.min_max(pc.binary_length(values))
    shortest, longest = lengths["min"].as_py(), lengths["max"].as_py()
    if longest is None or (shortest > 0 and longest <= field.max_length and _plain(values)):
        return values
    size = pc.utf8_length(values)
    fine = pc.and_(pc.greater(size, 0), pc.less_equal(size, field.max_length))
    fine = pc.and_not(fine, pc.match_substring_regex(values, r"\p{Cc}"))
    return pc.if_else(fine, values, pa.scalar(None, pa.string()))


def _plain(values: pa.Array) -> bool:
    """Whether there are only printable ASCII characters: a quick look at the bytes of all texts at once."""
    data = values.buffers()[2]
    text = data.to_pybytes() if data is not None else b""
    return text.isascii() and len(text.translate(None, _CONTROL_BYTES)) == len(text)


def _id(_: Field, raw: pa.Array) -> pa.Array:
    if _is_text(raw.type):
        # Arrow alone would read '0x1F' too.
        digits = pc.if_else(pc.utf8_is_digit(raw.cast(pa.string())), raw, pa.scalar(None, raw.type))
        values = _cast(digits, pa.int64(), _read_id)
    elif pa.types.is_uint64(raw.type):
        values = _within(raw, pa.scalar(1, raw.type), pa.scalar(MAX_ID, raw.type)).cast(pa.int64())
    else:
        values = raw.cast(pa.int64())
    return _within(values, pa.scalar(1, pa.int64()), pa.scalar(MAX_ID, pa.int64()))


def _amount(_: Field, raw: pa.Array) -> pa.Array:
    return _scaled(raw, MAX_AMOUNT, AMOUNT_SCALE)


def _fraction(_: Field, raw: pa.Array) -> pa.Array:
    return _scaled(raw, 1, FRACTION_SCALE)


def _scaled(raw: pa.Array, most: int, scale: int) -> pa.Array:
    text = _is_text(raw.type)
    numbers = _cast(raw, pa.float64(), _read_number) if text else pc.cast(raw, pa.float64(), safe=False)
    numbers = _within(numbers, pa.scalar(0.0), pa.scalar(float(most)))
    return pc.round(pc.multiply(numbers, float(scale)), round_mode="half_to_even").cast(pa.int64())


def _ref(_: Field, raw: pa.Array) -> pa.Array:
    """Ids stay texts until it is known what they name."""
    texts = raw.cast(pa.string())
    return pc.if_else(pc.match_substring_regex(texts, _REF), texts, pa.scalar(None, pa.string()))


def _json(_: Field, raw: pa.Array) -> pa.Array:
    """Texts of lists and objects; what they hold is for the dataset's own rules to say."""
    if _is_text(raw.type):
        return _one_by_one(raw, pa.string(), _read_json)
    return pa.array(
        [None if one is None else msgspec.json.encode(one).decode() for one in raw.to_pylist()], pa.string()
    )


def _uuid(_: Field, raw: pa.Array) -> pa.Array:
    """UUIDs stay texts until it is known what they name."""
    return _one_by_one(raw.cast(pa.string()), pa.string(), read_uuid)


def _counter(_: Field, raw: pa.Array) -> pa.Array:
    low, high = pa.scalar(0, pa.int64()), pa.scalar(MAX_COUNTER, pa.int64())
    if pa.types.is_integer(raw.type):
        if pa.types.is_uint64(raw.type):
            raw = _within(raw, low.cast(raw.type), high.cast(raw.type))
        return _within(raw.cast(pa.int64()), low, high)
    text = _is_text(raw.type)
    numbers = _cast(raw, pa.float64(), _read_number) if text else pc.cast(raw, pa.float64(), safe=False)
    numbers = _within(numbers, low.cast(pa.float64()), high.cast(pa.float64()))
    # A column with gaps often comes as floats; a fraction is no count.
    whole = pc.equal(numbers, pc.floor(numbers))
    return pc.if_else(whole, numbers, pa.scalar(None, pa.float64())).cast(pa.int64())


def _flag(_: Field, raw: pa.Array) -> pa.Array:
    if pa.types.is_boolean(raw.type):
        return raw
    return _one_by_one(raw if _is_text(raw.type) else raw.cast(pa.string()), pa.bool_(), _FLAGS.get)


def _time(_: Field, raw: pa.Array) -> pa.Array:
    if _is_text(raw.type):
        values = _times_of_text(raw)
    elif pa.types.is_date(raw.type):
        earliest, latest = (pa.scalar(limit.date(), raw.type) for limit in (_EARLIEST, _LATEST))
        values = _within(raw, earliest, latest).cast(_MICROSECONDS)
    else:
        wall = raw.cast(pa.timestamp(raw.type.unit))
        earliest, latest = (pa.scalar(limit, wall.type) for limit in (_EARLIEST, _LATEST))
        options = pc.CastOptions(_MICROSECONDS, allow_time_truncate=True)
        values = pc.cast(_within(wall, earliest, latest), options=options)
    return _within(values, pa.scalar(_EARLIEST, values.type), pa.scalar(_LATEST - _MICROSECOND, values.type))


def _times_of_text(raw: pa.Array) -> pa.Array:
    # Arrow reads a column only where all texts have an offset, or none has.
    for type_ in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            return raw.cast(type_).cast(_MICROSECONDS)
        except pa.ArrowInvalid:
            continue
    return _one_by_one(raw, _MICROSECONDS, _read_time)


def _cast(raw: pa.Array, type_: pa.DataType, read: Callable[[str], object]) -> pa.Array:
    try:
        return raw.cast(type_)
    except pa.ArrowInvalid:
        return _one_by_one(raw, type_, read)


def _one_by_one(raw: pa.Array, type_: pa.DataType, read: Callable[[str], object]) -> pa.Array:
    return pa.array([None if text is None else read(text) for text in raw.to_pylist()], type_)


def _read_id(text: str) -> int | None:
    # The text is of digits, though perhaps not ASCII's; leading zeros count for nothing.
    digits = text.lstrip("0")
    number = int(digits) if digits.isascii() and 0 < len(digits) <= len(str(MAX_ID)) else 0
    return number if number <= MAX_ID else None


def _read_json(text: str) -> str | None:
    return text if text.lstrip()[:1] in ("[", "{") else None


def _read_number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _read_time(text: str) -> int | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


_CONVERTERS: dict[FieldKind, Callable[[Field, pa.Array], pa.Array]] = {
    "time": _time,
    "id": _id,
    "text": _text,
    "amount": _amount,
    "uuid": _uuid,
    "counter": _counter,
    "flag": _flag,
    "ref": _ref,
    "fraction": _fraction,
    "json": _json,
}
