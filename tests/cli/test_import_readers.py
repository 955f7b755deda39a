"""``headwater import`` reads the same records from every format, and says where a file cannot be read."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.cli.importing import readers
from headwater.cli.importing.files import Format, open_source
from headwater.cli.importing.readers import Fault, Record, read
from headwater.errors import InvalidRequest, NotFound
from headwater.ingest.body import zstd

TABLE = pa.table({"ts": ["2025-04-17T09:30:00Z", "2025-04-18"], "creative": ["a,b", 'say "x"\nthere']})
ROWS = TABLE.to_pylist()


def _csv(table: pa.Table) -> bytes:
    return b'\xef\xbb\xbfts,creative\r\n2025-04-17T09:30:00Z,"a,b"\r\n\r\n2025-04-18,"say ""x""\nthere"\r\n'


def _ndjson(table: pa.Table) -> bytes:
    return "\n\n".join(map(json.dumps, table.to_pylist())).encode()


def _json(table: pa.Table) -> bytes:
    return json.dumps(table.to_pylist(), indent=2).encode()


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _arrow_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


FORMS: dict[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "csv": (".csv", _csv),
    "ndjson": (".ndjson", _ndjson),
    "jsonl": (".jsonl", _ndjson),
    "json": (".json", _json),
    "parquet": (".parquet", _parquet),
    "arrow stream": (".arrows", _arrow),
    "arrow file": (".arrow", _arrow_file),
}
FOLDS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
}


def _read(path: Path, format: Format | None = None) -> list[Record]:
    with open_source(str(path), format) as source:
        return [json.loads(one) if isinstance(one, bytes) else one for one in read(source)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fold", FOLDS)
def test_every_format_and_compression_gives_the_same_records(form: str, fold: str, tmp_path: Path) -> None:
    suffix, written = FORMS[form]
    path = tmp_path / f"log{suffix}{fold}"
    path.write_bytes(FOLDS[fold](written(TABLE)))
    assert _read(path) == ROWS


def test_compression_is_told_by_the_first_bytes_too(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    path.write_bytes(gzip.compress(_ndjson(TABLE)))
    assert _read(path) == ROWS


def test_two_compressed_files_put_together_are_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson.gz"
    path.write_bytes(gzip.compress(_ndjson(TABLE) + b"\n") + gzip.compress(_ndjson(TABLE)))
    assert _read(path) == ROWS + ROWS


def test_times_and_decimals_of_columns_become_texts_in_utc(tmp_path: Path) -> None:
    east = datetime(2025, 4, 17, 17, 30, tzinfo=timezone(timedelta(hours=8)))
    table = pa.table(
        {
            "aware": pa.array([east], pa.timestamp("ns", "Asia/Shanghai")),
            "naive": pa.array([datetime(2025, 4, 17, 9, 30, tzinfo=UTC)], pa.timestamp("ms")),
            "value": [Decimal("1.25")],
            "number": [7],
        }
    )
    path = tmp_path / "log.parquet"
    path.write_bytes(_parquet(table))
    (row,) = _read(path)
    assert isinstance(row, dict)
    assert row["aware"].startswith("2025-04-17 09:30:00")
    assert row["aware"].endswith("Z")
    assert row["naive"].startswith("2025-04-17 09:30:00")
    assert (row["value"], row["number"]) == ("1.25", 7)


def test_a_row_with_too_few_cells_and_a_line_too_long_keep_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ragged = tmp_path / "log.csv"
    ragged.write_text("a,b\n1,2\n3\n4,5\n")
    assert _read(ragged) == [
        {"a": "1", "b": "2"},
        Fault(None, "The row has 1 cells; the header has 2."),
        {"a": "4", "b": "5"},
    ]
    monkeypatch.setattr(readers, "LONGEST_RECORD", 16)
    long = tmp_path / "log.ndjson"
    long.write_bytes(b'{"a":1}\n{"a":"' + b"x" * 40 + b'"}\n{"a":2}')
    assert _read(long) == [{"a": 1}, Fault(None, "The record is longer than 16 bytes."), {"a": 2}]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("log.csv", b"a,a\n1,2\n", "'a'"),
        ("log.csv", b"a\n\xff\n", "cannot be read"),
        ("log.csv", b'a\n"open', "cannot be read"),
        ("log.json", b'{"a": 1}', "JSON array"),
        ("log.parquet", b"PAR1 and no more", "no parquet file"),
        ("log.arrows", b"nothing of the kind", "no arrow file"),
        ("log.ndjson.gz", gzip.compress(_ndjson(TABLE) * 9, mtime=0)[:-9], "cut short"),
        ("log.ndjson.zst", zstd.compress(_ndjson(TABLE) * 9)[:-9], "cut short"),
        ("log.ndjson.gz", _ndjson(TABLE), "not compressed with gzip"),
        ("log.txt", b"", "--format"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        _read(path)
    assert words in caught.value.message


def test_a_json_array_is_read_whole_and_only_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LARGEST_ARRAY", 20)
    path = tmp_path / "log.json"
    path.write_bytes(_json(TABLE))
    with pytest.raises(InvalidRequest, match="one object a line"):
        _read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not a file"), open_source(str(tmp_path / "log.csv"), None):
        pass


def test_progress_reaches_the_files_size(tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        suffix, written = FORMS[form]
        path = tmp_path / f"log{suffix}"
        path.write_bytes(written(TABLE))
        with open_source(str(path), None) as source:
            assert source.position() == 0
            list(read(source))
            assert source.position() == path.stat().st_size
