"""The same records come out of every format, and each bad record is named, never more than it."""

from __future__ import annotations

import csv
import io

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.catalogue.ads import AD_EVENTS
from headwater.errors import InvalidRequest, UnsupportedMediaType
from headwater.ingest import decode_json
from headwater.ingest.decode import MEDIA_TYPES
from headwater.storage.schema import arrow_schema

from .samples import GOOD, NDJSON, event, faults, ndjson, read

JSON, CSV, PARQUET, ARROW = (kind for kind in MEDIA_TYPES if kind != NDJSON)
FIELDS = [field.name for field in AD_EVENTS.fields]
DEEP = b"[" * 100_000

texts = st.none() | st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
records = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.datetimes().map(lambda at: at.replace(year=2000 + at.year % 100, day=1).isoformat() + "Z"),
            "creative_id": st.integers(1, 2**63 - 1),
            "event": st.sampled_from(["impressions", "plays", "nonsense"]),
            "value": st.none() | st.floats(0, 1e9),
            "domain": texts,
            "session_id": texts,
            "component_id": st.none() | st.integers(1, 50),
            "id": texts,
        }
    ),
    max_size=30,
)
anything = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
wild = st.dictionaries(st.sampled_from([*FIELDS, "extra"]), anything | st.lists(anything) | st.just({}), max_size=5)


def as_csv(rows: list[dict[str, object]], names: list[str] = FIELDS) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_table(rows: list[dict[str, object]]) -> pa.Table:
    kinds = {"id": pa.int64(), "amount": pa.float64()}
    schema = pa.schema([(field.name, kinds.get(field.kind, pa.string())) for field in AD_EVENTS.fields])
    return pa.Table.from_pylist(rows, schema=schema)


def as_parquet(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def as_stream(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return out.getvalue()


@settings(max_examples=30)
@given(records)
def test_every_format_of_the_same_records_is_the_same_table(rows: list[dict[str, object]]) -> None:
    table = as_table(rows)
    first = read(ndjson(rows))
    others = [
        read(msgspec.json.encode(rows), JSON),
        read(as_csv(rows), CSV),
        read(as_parquet(table), PARQUET),
        read(as_stream(table), ARROW),
        read(as_stream(pa.table([c.dictionary_encode() for c in table.columns], FIELDS), compression="zstd"), ARROW),
    ]
    assert first.errors.count == 0
    for other in others:
        assert other.rows.equals(first.rows)
        assert other.index.equals(first.index)
        assert other.total == len(rows)
    assert first.rows.schema.equals(pa.schema([f.with_nullable(True) for f in arrow_schema(AD_EVENTS)]))


@given(st.lists(wild | st.just(GOOD), max_size=8))
def test_a_record_is_judged_alike_alone_and_in_company(rows: list[dict[str, object]]) -> None:
    together = read(ndjson(rows))
    alone = [read(ndjson([row])) for row in rows]
    assert together.rows.to_pylist() == [row for one in alone for row in one.rows.to_pylist()]
    assert together.errors.count == sum(one.errors.count for one in alone)
    assert together.ignored_fields == tuple(sorted({name for one in alone for name in one.ignored_fields}))
    errors = [(at, error.field) for at, one in enumerate(alone) for error in one.errors.first]
    assert faults(together) == errors[:20]
    array = read(msgspec.json.encode(rows), JSON)
    assert (array.rows, array.errors) == (together.rows, together.errors)


@given(st.lists(st.sampled_from([GOOD, event(value=1), {"x": 1}, {"ts": 5}, {"domain": "a\0"}]), max_size=12))
def test_slicing_does_not_matter(rows: list[dict[str, object]]) -> None:
    whole = [read(ndjson(rows)), read(msgspec.json.encode(rows), JSON)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode_json, "SLICE", 100)
        assert [read(ndjson(rows)), read(msgspec.json.encode(rows), JSON)] == whole


def test_lines_are_counted_but_blank_ones() -> None:
    body = b"\n".join([b"", msgspec.json.encode(GOOD), b"  \t\r", b"{broken", b"", msgspec.json.encode(GOOD) + b"\r"])
    decoded = read(b"\xef\xbb\xbf" + body)
    assert decoded.index.to_pylist() == [0, 2]
    assert faults(decoded) == [(1, None)]
    assert decoded.total == 3


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"[]", b"1", b"null", b'"text"', b'{"ts":NaN}', b'{"value":1e999}', b'{"domain":"\xff"}', b"\x00",
        b'{"domain":"\\ud800"}', b'{"a":1}{"a":2}', b"Infinity", b"{'a':1}", DEEP, b'{"a":' + DEEP, b"\xff\xfe{",
        b'{"value":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_a_line_that_is_no_object_is_one_bad_record(line: bytes) -> None:
    good = msgspec.json.encode(GOOD)
    decoded = read(good + b"\n" + line + b"\n" + good)
    assert (decoded.index.to_pylist(), decoded.total) == ([0, 2], 3)
    assert faults(decoded) == [(1, None)]
    assert "record" in decoded.errors.first[0].message


def test_objects_that_share_or_span_lines_are_not_taken_for_lines() -> None:
    decoded = read(b'{"ts":"2024-01-01"}{"ts":"2024-01-01"}\n{"ts":\n"2024-01-01"}')
    assert faults(decoded) == [(0, None), (1, None), (2, None)]
    assert decoded.rows.num_rows == 0


def test_a_line_too_long_is_not_even_parsed() -> None:
    long = b'{"x":[' + b"[]," * 500_000 + b"[]]}"
    decoded = read(long + b"\n" + msgspec.json.encode(GOOD))
    assert faults(decoded) == [(0, None)]
    assert "longer than" in decoded.errors.first[0].message
    assert decoded.index.to_pylist() == [1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ts", 5), ("ts", True), ("ts", ["2024-01-01"]), ("creative_id", 1.0), ("creative_id", True),
        ("creative_id", {}), ("creative_id", 2**63), ("creative_id", 10**30), ("creative_id", 0),
        ("creative_id", "1.0"),
        ("value", True), ("value", -1), ("value", 10**30), ("value", 1e10), ("value", "much"), ("value", []),
        ("domain", 5), ("domain", False), ("domain", "a\0"), ("domain", "x" * 256), ("id", "x" * 65), ("id", 7),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_kept_is_named(name: str, value: object) -> None:
    decoded = read(ndjson([GOOD, {**GOOD, name: value}, GOOD]))
    assert faults(decoded) == [(1, name)]
    assert decoded.index.to_pylist() == [0, 2]
    assert decoded.errors.first[0].message.startswith(f"{name} must be ")


def test_ids_as_numbers_and_as_digits_are_the_same() -> None:
    decoded = read(ndjson([event(creative_id="0042"), event(creative_id=42)]))
    assert decoded.rows["creative_id"].to_pylist() == [42, 42]


def test_null_and_empty_text_are_absent() -> None:
    decoded = read(ndjson([{**GOOD, "domain": "", "dsp": None, "value": None}]))
    row = decoded.rows.to_pylist()[0]
    assert (row["domain"], row["dsp"], row["value"]) == (None, None, None)


def test_all_bad_records_count_and_the_first_twenty_are_listed() -> None:
    rows = [{"ts": "x", "creative_id": "y"} if at % 2 else event(domain="a\0") for at in range(200)]
    decoded = read(ndjson(rows))
    assert decoded.errors.count == 200
    assert len(decoded.errors.first) == 20
    assert faults(decoded)[:4] == [(0, "domain"), (1, "ts"), (1, "creative_id"), (2, "domain")]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1,]", b"[1", b"[]x", b'{"a":1}', b"null", DEEP, b"[{}} ]", b"[" + b"1," * 1_000_000 + b"1]"],
)
def test_what_is_not_an_array_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(body, JSON)


def test_elements_that_are_no_objects_are_bad_records() -> None:
    decoded = read(b'[1, {"ts": "2024-01-01"}, null, [], {"ts": 1e999}, "\xff"]', JSON)
    assert faults(decoded) == [(0, None), (2, None), (3, None), (4, None), (5, None)]
    assert decoded.index.to_pylist() == [1]


def test_ragged_csv_rows_are_bad_records_in_their_places() -> None:
    body = b"ts,creative_id\n2024-01-01,1\n\n2024-01-01\n2024-01-01,2\n1,2,3\n2024-01-01,3\nx\n"
    decoded = read(body, CSV)
    assert decoded.index.to_pylist() == [0, 2, 4]
    assert faults(decoded) == [(1, None), (3, None), (5, None)]
    assert decoded.total == 6
    assert "has 1 cells; the header has 2" in decoded.errors.first[0].message


def test_ragged_rows_in_many_blocks_keep_their_places() -> None:
    rows = [b"x" if at % 7 == 3 else b"2024-01-01,1,%b" % (b"d" * 200) for at in range(20_000)]
    decoded = read(b"ts,creative_id,domain\n" + b"\n".join(rows), CSV, max_bytes=1)
    assert decoded.index.to_pylist() == [at for at in range(20_000) if at % 7 != 3]
    assert [error.index for error in decoded.errors.first] == list(range(3, 143, 7))
    assert decoded.total == 20_000


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_csv_newlines_quotes_and_byte_order_mark(newline: bytes) -> None:
    lines = [b"\xef\xbb\xbfts,domain,extra", b'2024-01-01,"a,""b""",1', b""]
    decoded = read(newline.join(lines), CSV)
    assert decoded.rows["domain"].to_pylist() == ['a,"b"']
    assert decoded.ignored_fields == ("extra",)


@pytest.mark.parametrize(
    "body",
    [
        b"ts,ts\n1,2\n", b"colour,size\n1,2\n", b"\xff\xfe\n", b'ts,"event\n', b"ts\n\xff\n",
        b"ts\n" + b"x" * 3_000_000, b"x" * 100_000,
    ],
)  # fmt: skip
def test_csv_that_cannot_be_read_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(body, CSV)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", NDJSON), (b"\n \n", NDJSON), (b"[]", JSON), (b"", CSV), (b"ts,event", CSV), (b"ts,event\r\n\r\n", CSV)],
)
def test_nothing_is_no_records(body: bytes, kind: str) -> None:
    decoded = read(body, kind)
    assert (decoded.total, decoded.rows.num_rows, decoded.errors.count) == (0, 0, 0)
    assert decoded.rows.column_names == arrow_schema(AD_EVENTS).names


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/jsonx", "text/csv; charset=latin-1"])
def test_other_media_types_say_what_is_allowed(kind: str | None) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        read(b"", kind)
    assert refused.value.details["field"] == "Content-Type"


@pytest.mark.parametrize("kind", ["Application/X-NDJSON", 'application/x-ndjson; Charset="UTF-8"; v=1'])
def test_parameters_and_case_of_the_media_type(kind: str) -> None:
    assert read(ndjson([GOOD]), kind).total == 1
