"""Columns and rows as an Arrow stream or a Parquet file.

For the analytics endpoints' ``format=arrow`` and ``format=parquet``. Labels and
units travel as field metadata. Types come from the columns' kinds, never guessed
from the values, so an empty answer has the same schema as a full one.

>>> pa.ipc.open_stream(arrow_bytes([Column("views", "Views", "integer")], [(3,)])).read_all()["views"].to_pylist()
[3]
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.reports.table import Column, Kind, Row

_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "time": pa.timestamp("us", tz="UTC"),
}


def arrow_bytes(columns: Sequence[Column], rows: Sequence[Row]) -> bytes:
    """One Arrow IPC stream (``application/vnd.apache.arrow.stream``)."""
    table = _arrow_table(columns, rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def parquet_bytes(columns: Sequence[Column], rows: Sequence[Row]) -> bytes:
    """One Parquet file (``application/vnd.apache.parquet``), zstd-compressed."""
    sink = pa.BufferOutputStream()
    pq.write_table(_arrow_table(columns, rows), sink, compression="zstd")
    return bytes(sink.getvalue())


def _arrow_table(columns: Sequence[Column], rows: Sequence[Row]) -> pa.Table:
    schema = pa.schema(
        [
            pa.field(column.key, _TYPES[column.kind], metadata={"label": column.label, "unit": column.unit})
            for column in columns
        ]
    )
    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.table([pa.array(values, kind) for values, kind in zip(cells, schema.types, strict=True)], schema=schema)
