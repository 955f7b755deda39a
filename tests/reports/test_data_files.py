"""CSV, JSON, Arrow and Parquet give back exactly what went in, and CSV is safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.reports import csv_file, json_file
from headwater.reports.arrow_file import arrow_bytes, parquet_bytes
from headwater.reports.csv_file import csv_bytes
from headwater.reports.table import Column, ReportTable

from .tables import DAY, FIRST, NAME, VIEWS, WATCH


def test_csv_comes_back_through_a_reader(launch: ReportTable) -> None:
    lines = list(csv.reader(io.StringIO(csv_file.render(launch).decode(), newline="")))
    assert lines[0] == ["time", "name", "views", "watch"]
    assert lines[1] == ["2026-10-24T00:00:00Z", "Spring hero 15s", "200", "5.5"]
    assert len(lines) == 1 + len(launch.rows)


def test_csv_quotes_by_rfc_4180() -> None:
    assert csv_bytes(["a", "b"], [('say "hi"', "x,y\nz")]) == b'a,b\r\n"say ""hi""","x,y\nz"\r\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_csv_defuses_text_that_a_spreadsheet_would_run(text: str) -> None:
    (_, row) = csv.reader(io.StringIO(csv_bytes(["a"], [(text,)]).decode(), newline=""))
    assert row == ["'" + text]


def test_csv_leaves_numbers_and_plain_text_alone() -> None:
    assert (
        csv_bytes(["a", "b", "c", "d"], [(-5, -0.25, "a=b", "naïve 中文")])
        == "a,b,c,d\r\n-5,-0.25,a=b,naïve 中文\r\n".encode()
    )


def test_csv_writes_nothing_for_what_is_missing_and_times_in_utc() -> None:
    noon = datetime(2026, 11, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert csv_bytes(["a", "b", "c", "d"], [(None, float("nan"), noon, True)]).endswith(
        b"\r\n,,2026-11-01T12:00:00Z,true\r\n"
    )


def test_json_has_title_columns_and_rows(launch: ReportTable) -> None:
    body = json.loads(json_file.render(launch))
    assert body["title"] == "Autumn launch"
    assert body["subtitle"] == "24 to 26 October 2026, UTC"
    assert body["columns"][3] == {"key": "watch", "label": "Average watch time", "kind": "number", "unit": "seconds"}
    assert body["rows"][0] == ["2026-10-24T00:00:00Z", "Spring hero 15s", 200, 5.5]


def _from_stream(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _from_parquet(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


@pytest.mark.parametrize(("write", "read"), [(arrow_bytes, _from_stream), (parquet_bytes, _from_parquet)])
def test_columnar_files_keep_values_types_and_units(write, read) -> None:
    columns = (DAY, NAME, VIEWS, WATCH)
    rows = [(FIRST, "=1+1", 2**60, 1.5), (FIRST, None, None, None)]
    table = read(write(columns, rows))
    assert table.to_pylist()[0] == {"time": FIRST, "name": "=1+1", "views": 2**60, "watch": 1.5}
    assert table.to_pylist()[1] == {"time": FIRST, "name": None, "views": None, "watch": None}
    assert table.field("watch").metadata[b"unit"] == b"seconds"
    assert read(write(columns, [])).schema.types == table.schema.types


def test_columnar_times_are_utc() -> None:
    table = _from_stream(arrow_bytes([Column("t", "T", "time")], [(FIRST.astimezone(timezone(timedelta(hours=5))),)]))
    assert table.schema.types == [pa.timestamp("us", tz="UTC")]
    assert table["t"].to_pylist() == [FIRST.astimezone(UTC)]
