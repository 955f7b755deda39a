"""Files that unfold: types that make sense are read, and no file takes more memory than its limit."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import InvalidRequest, PayloadTooLarge

from .samples import LIMIT, faults, read
from .test_decode import ARROW, PARQUET, as_parquet, as_stream

TIMES = pa.array([datetime(2024, 1, 1, tzinfo=UTC), None, datetime(2024, 1, 2, tzinfo=UTC)], pa.timestamp("ms", "UTC"))
TABLE = pa.table({"ts": TIMES, "creative_id": pa.array([1, 2, None], pa.uint16()), "extra": [[1], [], None]})


GOOD_FILES = {
    ARROW: as_stream(TABLE.append_column("domain", pa.array(["a", "b", "a"]).dictionary_encode()), compression="zstd"),
    PARQUET: as_parquet(TABLE.append_column("domain", pa.array(["a", "b", "a"]))),
}


@pytest.mark.parametrize(("write", "kind"), [(as_parquet, PARQUET), (as_stream, ARROW)])
def test_typed_files_are_read(write, kind: str) -> None:
    decoded = read(write(TABLE), kind)
    assert decoded.rows["ts"].cast(TIMES.type).combine_chunks().equals(TIMES)
    assert decoded.rows["creative_id"].to_pylist() == [1, 2, None]
    assert decoded.ignored_fields == ("extra",)
    assert decoded.total == 3


@pytest.mark.parametrize(("write", "kind"), [(as_parquet, PARQUET), (as_stream, ARROW)])
@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]), pa.array([True]), pa.array([b"1"]), pa.array([[1]]), pa.array([{"a": 1}]),
        pa.array([datetime(2024, 1, 1, tzinfo=UTC)]),
    ],
)  # fmt: skip
def test_a_type_that_makes_no_sense_names_the_column(write, kind: str, column: pa.Array) -> None:
    with pytest.raises(InvalidRequest, match="Column 'creative_id' has type") as refused:
        read(write(pa.table({"creative_id": column})), kind)
    assert refused.value.details == {"field": "creative_id"}


def test_a_column_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        read(as_stream(pa.Table.from_arrays([TIMES, TIMES], ["ts", "ts"])), ARROW)


@pytest.mark.parametrize("type_", [pa.string_view(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_every_kind_of_text_column(type_: pa.DataType) -> None:
    column = pa.array(["a", None, "", "b" * 300, "c\0", "é"]).cast(type_)
    decoded = read(as_stream(pa.table({"domain": column})), ARROW)
    assert decoded.rows["domain"].to_pylist() == ["a", None, None, "é"]
    assert faults(decoded) == [(3, "domain"), (4, "domain")]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"domain": ["x" * 100] * 200_000}),
        pa.table({"creative_id": pa.array([1] * 2_000_000)}),
        pa.table({"extra": pa.nulls(2_000_000)}),
    ],
)
@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (lambda table: as_parquet(table, compression="zstd"), PARQUET),
        (lambda table: as_parquet(table, use_dictionary=False, compression="zstd"), PARQUET),
        (lambda table: as_stream(table, compression="zstd"), ARROW),
        (lambda table: as_stream(table, compression="lz4"), ARROW),
        (lambda table: as_stream(pa.table([c.dictionary_encode() for c in table.columns], table.schema.names)), ARROW),
    ],
)
def test_files_that_unfold_beyond_the_limit_are_stopped(table: pa.Table, write, kind: str) -> None:
    before = pa.total_allocated_bytes()
    pool = pa.default_memory_pool()
    with pytest.raises(PayloadTooLarge):
        read(write(table), kind, max_bytes=2_000_000)
    assert pa.total_allocated_bytes() <= before
    assert pool.bytes_allocated() <= before


def test_a_claimed_length_is_not_believed() -> None:
    body = as_stream(pa.table({"creative_id": pa.array([1] * 5000)}), compression="zstd")
    zeros = body.rindex(struct.pack("<q", 40_000))
    terabyte = body[:zeros] + struct.pack("<q", 2**40) + body[zeros + 8 :]
    with pytest.raises(PayloadTooLarge):
        read(terabyte, ARROW)


def test_views_that_share_one_long_text_are_not_copied_apart() -> None:
    text = b"x" * 100_000
    view = struct.pack("<i4sii", len(text), text[:4], 0, 0)
    buffers = [None, pa.py_buffer(view * 10_000), pa.py_buffer(text)]
    column = pa.Array.from_buffers(pa.string_view(), 10_000, buffers)
    with pytest.raises(PayloadTooLarge):
        read(as_stream(pa.table({"domain": column})), ARROW)


def test_texts_that_repeat_the_one_before_them_are_stopped_however_small_the_file() -> None:
    texts = pa.array(["x" * 200_000 + str(at) for at in range(400)])
    body = as_parquet(pa.table({"domain": texts}), use_dictionary=False, column_encoding={"domain": "DELTA_BYTE_ARRAY"})
    assert len(body) < LIMIT
    with pytest.raises(PayloadTooLarge):
        read(body, PARQUET)


def test_every_encoding_of_texts_is_read() -> None:
    table = pa.table({"domain": ["a", "ab", "abc"]})
    for encoding in ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
        decoded = read(as_parquet(table, use_dictionary=False, column_encoding={"domain": encoding}), PARQUET)
        assert decoded.rows["domain"].to_pylist() == ["a", "ab", "abc"]


@pytest.mark.parametrize("position", [-1425, -800, -300, -20, 10, 60])
def test_a_damaged_parquet_file_is_refused_or_read_but_ends_no_server(position: int) -> None:
    body = bytearray(GOOD_FILES[PARQUET])
    body[position] ^= 0xFF
    with suppress(InvalidRequest, PayloadTooLarge):
        assert read(bytes(body), PARQUET).total == 3


def test_invalid_utf8_inside_is_a_damaged_file() -> None:
    column = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(struct.pack("<ii", 0, 1)), pa.py_buffer(b"\xff")]
    )
    for body, kind in (
        (as_stream(pa.table({"domain": column})), ARROW),
        (as_parquet(pa.table({"domain": column})), PARQUET),
    ):
        with pytest.raises(InvalidRequest, match="damaged"):
            read(body, kind)


def test_offsets_that_point_outside_are_a_damaged_file() -> None:
    offsets = pa.py_buffer(struct.pack("<iii", 0, 1_000_000, 2))
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ab")])
    with pytest.raises(InvalidRequest, match="damaged"):
        read(as_stream(pa.table({"domain": column})), ARROW)


def test_dictionary_indices_that_point_outside_are_a_damaged_file() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1_000_000], pa.int32()), pa.array(["a"]), safe=False)
    with pytest.raises(InvalidRequest, match="damaged"):
        read(as_stream(pa.table({"domain": column})), ARROW)


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1PAR1", b"\xff\xff\xff\xff", b"{}", bytes(1000), b"\xff" * 1000])
def test_what_is_no_file_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(body, kind)


@given(st.data())
def test_a_damaged_stream_never_does_worse_than_be_refused(data: st.DataObject) -> None:
    body = bytearray(GOOD_FILES[ARROW])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)) | st.just(len(body)))
    with suppress(InvalidRequest, PayloadTooLarge):
        read(bytes(body[:cut]), ARROW)


def test_batches_and_row_groups_are_joined() -> None:
    out = io.BytesIO()
    with pq.ParquetWriter(out, pa.schema([("creative_id", pa.int64())])) as writer:
        for start in (1, 30_001):
            writer.write_table(pa.table({"creative_id": pa.array(range(start, start + 30_000))}))
    decoded = read(out.getvalue(), PARQUET, max_bytes=10_000_000)
    assert decoded.rows["creative_id"].to_pylist() == list(range(1, 60_001))
    assert decoded.index.to_pylist() == list(range(60_000))
