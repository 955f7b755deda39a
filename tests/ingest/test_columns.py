"""A value means the same whether its whole column could be read at once or not, and bad ones are marked."""

from __future__ import annotations

import decimal
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.model import Field, FieldKind
from headwater.ingest.columns import MAX_AMOUNT, MAX_ID, convert

# A text that only the reading one by one gets past, for each kind that Arrow casts.
STUMBLE = {"time": "2024-02-30", "id": "99999999999999999999", "amount": "x"}
TIMES = [
    ("2024-02-29T12:30:45Z", datetime(2024, 2, 29, 12, 30, 45, tzinfo=UTC)),
    ("2024-02-29T12:30:45.123456+05:30", datetime(2024, 2, 29, 7, 0, 45, 123456, tzinfo=UTC)),
    ("2024-02-29 12:30:45", datetime(2024, 2, 29, 12, 30, 45, tzinfo=UTC)),
    ("2024-02-29T12:30:45.123456789Z", datetime(2024, 2, 29, 12, 30, 45, 123456, tzinfo=UTC)),
    ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
    ("2024-02-29T23:59:59-00:30", datetime(2024, 3, 1, 0, 29, 59, tzinfo=UTC)),
]
BAD_TIMES = [
    "yesterday", "2024-02-30T00:00:00Z", "2023-02-29", "2024-13-01", "20240101", "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z", "2024-01-01T23:59:60Z", " 2024-01-01", "2024-01-01 ", "1700000000", "0000-01-01",
    "1899-12-31", "2200-01-01", "9999-12-31T23:59:59-23:00", "2024-01-01T10:00:00,5Z", "2024-1-1", "٢٠٢٤-٠١-٠١",
]  # fmt: skip
BAD_IDS = ["0", "-1", "+1", "1.0", "1e3", "0x1F", " 1", "1 ", "٣", "1_0", "9223372036854775808", "9" * 400, "a"]
BAD_AMOUNTS = ["nan", "inf", "-inf", "1e400", "-0.1", "1000000000.1", "0x10", "1_0", " 1", "1,5", "", "."]


def field(kind: FieldKind, **rest: int) -> Field:
    return Field("f", kind, "", **rest)


def one(kind: FieldKind, value: object, type_: pa.DataType | None = None) -> object:
    values, bad = convert(field(kind), pa.array([value], type_))
    assert (bad is not None) == (values[0].as_py() is None)
    return values[0].as_py()


@pytest.mark.parametrize(("text", "moment"), TIMES)
@pytest.mark.parametrize("company", [[], ["2024-02-30"], ["2024-01-01T00:00:00Z"], ["2024-01-01"]])
def test_times_are_utc_whatever_stands_beside_them(text: str, moment: datetime, company: list[str]) -> None:
    values, _ = convert(field("time"), pa.array([text, *company]))
    assert values[0].as_py() == moment.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("time", text) for text in BAD_TIMES),
        *(("id", text) for text in BAD_IDS),
        *(("amount", text) for text in BAD_AMOUNTS if text),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_bad_texts_are_marked(kind: FieldKind, text: str, alone: bool) -> None:
    values, bad = convert(field(kind), pa.array([text] if alone else [text, STUMBLE[kind]]))
    assert values[0].as_py() is None
    assert bad is not None
    assert bad[0].as_py()


@given(st.lists(st.from_regex(r"[+-]?[0-9]{0,3}\.?[0-9]{0,3}(e[+-]?[0-9]{1,2})?", fullmatch=True), max_size=5))
def test_amounts_read_alike_in_both_ways(texts: list[str]) -> None:
    agree("amount", texts)


@given(st.lists(st.from_regex(r"0{0,3}[0-9]{0,20}", fullmatch=True), max_size=5))
def test_ids_read_alike_in_both_ways(texts: list[str]) -> None:
    agree("id", texts)


@given(
    st.lists(
        st.from_regex(
            r"20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9](:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,9})?)?)?"
            r"(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?)?",
            fullmatch=True,
        ),
        max_size=5,
    )
)
def test_times_read_alike_in_both_ways(texts: list[str]) -> None:
    agree("time", texts)


def agree(kind: FieldKind, texts: list[str]) -> None:
    for text in texts:
        alone, _ = convert(field(kind), pa.array([text]))
        beside, _ = convert(field(kind), pa.array([text, STUMBLE[kind]]))
        assert alone[0] == beside[0]


def test_absent_is_not_bad() -> None:
    for kind in ("time", "id", "text", "amount"):
        values, bad = convert(field(kind), pa.array([None, ""], pa.string()))
        assert values.to_pylist() == [None, None]
        assert bad is None


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "\x7f", "\x85", "x" * 256, "é" * 256])
def test_texts_that_cannot_be_kept(text: str) -> None:
    assert one("text", text) is None


@pytest.mark.parametrize("text", ["é" * 255, "x" * 255, "日本", "a'b\"c", "🙂"])
def test_texts_that_can(text: str) -> None:
    assert one("text", text) == text


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        (0, 0), (1.5, 1_500_000), (0.0000005, 0), (0.0000015, 2), (0.0000025, 2), (-0.0, 0), (0.1 + 0.2, 300_000),
        (MAX_AMOUNT, MAX_AMOUNT * 1_000_000), (123456789.123456, 123456789123456),
    ],
)  # fmt: skip
def test_amounts_are_millionths_rounded_half_to_even(number: float, stored: int) -> None:
    assert one("amount", float(number)) == stored


@pytest.mark.parametrize(
    ("kind", "value", "type_", "stored"),
    [
        ("id", 7, pa.int8(), 7),
        ("id", MAX_ID, pa.uint64(), MAX_ID),
        ("id", MAX_ID + 1, pa.uint64(), None),
        ("id", -1, pa.int32(), None),
        ("id", 0, pa.uint8(), None),
        ("amount", 3, pa.int64(), 3_000_000),
        ("amount", 2**60 + 1, pa.int64(), None),
        ("amount", decimal.Decimal("1.25"), pa.decimal128(10, 2), 1_250_000),
        ("amount", float("nan"), pa.float32(), None),
        ("time", date(2024, 1, 2), pa.date32(), datetime(2024, 1, 2, tzinfo=UTC)),
        ("time", date(2024, 1, 2), pa.date64(), datetime(2024, 1, 2, tzinfo=UTC)),
        ("time", 1_700_000_000_000_000_500, pa.timestamp("ns"), datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("time", 10**15, pa.timestamp("s"), None),
        ("time", -(10**15), pa.timestamp("ms"), None),
        ("time", 2**31 - 1, pa.date32(), None),
        (
            "time",
            datetime(2024, 1, 1, tzinfo=UTC),
            pa.timestamp("s", "Europe/Berlin"),
            datetime(2024, 1, 1, tzinfo=UTC),
        ),
        ("text", "x", pa.large_string(), "x"),
    ],
)
def test_typed_columns(kind: FieldKind, value: object, type_: pa.DataType, stored: object) -> None:
    kept = one(kind, value, type_)
    assert (kept.replace(tzinfo=UTC) if isinstance(kept, datetime) else kept) == stored


def test_dictionary_entries_are_judged_before_they_are_copied() -> None:
    entries = pa.array(["fine", "x" * 1_000_000])
    raw = pa.DictionaryArray.from_arrays(pa.array([0, 1, None] * 10_000, pa.int32()), entries)
    before = pa.total_allocated_bytes()
    values, bad = convert(field("text"), raw)
    assert pa.total_allocated_bytes() - before < 10_000_000
    assert values.to_pylist()[:3] == ["fine", None, None]
    assert bad is not None
    assert bad.to_pylist()[:3] == [False, True, False]
