"""Counters, flags and UUIDs mean the same however a format writes them, and what cannot be kept is marked."""

from __future__ import annotations

import decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.model import Field, FieldKind
from headwater.errors import InvalidRequest
from headwater.ingest.columns import MAX_COUNTER, convert

UUID = "550e8400-e29b-41d4-a716-446655440000"
# A text that no column of numbers holds: with it, the others are read one by one.
STUMBLE = "1,000"


def read(kind: FieldKind, *values: object, type_: pa.DataType | None = None) -> list[object]:
    """The values as kept; one that was marked as bad is the text ``bad``."""
    column, bad = convert(Field("f", kind, ""), pa.array(values, type_))
    marks = [False] * len(column) if bad is None else bad.to_pylist()
    assert all(value is None for value, mark in zip(column.to_pylist(), marks, strict=True) if mark)
    return ["bad" if mark else value for value, mark in zip(column.to_pylist(), marks, strict=True)]


@pytest.mark.parametrize("beside", [(), (STUMBLE,)])
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("-0", 0),
        ("007", 7),
        ("12.0", 12),
        ("1e3", 1000),
        ("+5", 5),
        (str(MAX_COUNTER), MAX_COUNTER),
        ("", None),
    ],
)
def test_counters_in_texts(text: str, count: int | None, beside: tuple[str, ...]) -> None:
    assert read("counter", text, *beside)[0] == count


@pytest.mark.parametrize("beside", [(), (STUMBLE,)])
@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "1.5",
        "0.999999",
        "1000000000001",
        "nan",
        "inf",
        "-inf",
        "0x10",
        " 1",
        "1 ",
        "1_0",
        "1,5",
        "٣",
        "many",
        "9" * 400,
        "1e400",
        "true",
    ],
)
def test_texts_that_are_no_counters(text: str, beside: tuple[str, ...]) -> None:
    assert read("counter", text, *beside)[0] == "bad"


@pytest.mark.parametrize(
    "type_",
    [
        pa.int8(),
        pa.int32(),
        pa.int64(),
        pa.uint8(),
        pa.uint64(),
        pa.float16(),
        pa.float32(),
        pa.float64(),
        pa.decimal128(20, 2),
        pa.dictionary(pa.int8(), pa.int64()),
    ],
)
def test_counters_of_every_type_of_number(type_: pa.DataType) -> None:
    values = (decimal.Decimal(0), decimal.Decimal(100), None) if pa.types.is_decimal(type_) else (0, 100, None)
    assert read("counter", *values, type_=type_) == [0, 100, None]


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (pa.int64(), -1),
        (pa.int64(), MAX_COUNTER + 1),
        (pa.uint64(), 2**64 - 1),
        (pa.float64(), -0.5),
        (pa.float64(), 1.5),
        (pa.float64(), float("nan")),
        (pa.float64(), float("inf")),
        (pa.float64(), 1e300),
        (pa.decimal128(20, 2), decimal.Decimal("1.01")),
        (pa.decimal128(20, 2), decimal.Decimal(-1)),
    ],
)
def test_numbers_that_are_no_counters_are_marked_and_spoil_no_other(type_: pa.DataType, value: object) -> None:
    seven = decimal.Decimal(7) if pa.types.is_decimal(type_) else 7
    assert read("counter", value, None, seven, type_=type_) == ["bad", None, 7]


@given(st.lists(st.none() | st.integers(-3, MAX_COUNTER + 3), max_size=8))
def test_whole_numbers_are_read_alike_as_texts_floats_and_integers(numbers: list[int | None]) -> None:
    expected = [None if n is None else n if 0 <= n <= MAX_COUNTER else "bad" for n in numbers]
    assert read("counter", *numbers, type_=pa.int64()) == expected
    assert read("counter", *numbers, type_=pa.float64()) == expected
    assert read("counter", *("" if n is None else str(n) for n in numbers), type_=pa.string()) == expected


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("True", True), ("TRUE", True), ("1", True)])
@pytest.mark.parametrize("beside", ["no", ""])
def test_flags_in_texts(text: str, flag: bool, beside: str) -> None:
    of_no = {"true": "false", "True": "False", "TRUE": "FALSE", "1": "0"}[text]
    assert read("flag", text, of_no, beside) == [flag, not flag, "bad" if beside else None]


def test_flags_as_truth_values_and_numbers() -> None:
    assert read("flag", True, False, None) == [True, False, None]
    assert read("flag", 1, 0, None, 2, -1, type_=pa.int8()) == [True, False, None, "bad", "bad"]


@pytest.mark.parametrize("text", ["yes", "no", "t", " true", "true ", "tRuE", "2", "1.0", "null", "on"])
def test_texts_that_are_no_flags(text: str) -> None:
    assert read("flag", text, "true") == ["bad", True]


@pytest.mark.parametrize("text", [UUID, UUID.upper(), UUID.replace("-", "")])
def test_uuids_in_every_spelling_are_one(text: str) -> None:
    assert read("uuid", text, "") == [UUID, None]


@pytest.mark.parametrize("text", ["7", "x" * 36, UUID[:-1], UUID + "0", f" {UUID}x", "\0", "٣" * 31, "'; DROP TABLE x"])
def test_texts_that_are_no_uuids(text: str) -> None:
    assert read("uuid", text, UUID) == ["bad", UUID]


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("counter", pa.bool_()),
        ("counter", pa.timestamp("s")),
        ("counter", pa.list_(pa.int64())),
        ("flag", pa.float64()),
        ("uuid", pa.int64()),
        ("uuid", pa.binary()),
    ],
)
def test_a_column_of_a_type_that_cannot_be_meant_is_refused_whole(kind: FieldKind, type_: pa.DataType) -> None:
    with pytest.raises(InvalidRequest, match="it must be"):
        convert(Field("f", kind, ""), pa.array([None], type_))
