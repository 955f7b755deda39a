"""CSV bodies (RFC 4180, UTF-8, a header line with the fields' names) to chunks of columns.

Cells stay texts here; what they mean is for ``columns`` to say. An empty cell is an
absent value, empty lines are skipped without taking an index, and a row with too
few or too many cells is a bad record.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.csv as arrow_csv

from headwater.catalogue.model import Dataset
from headwater.errors import InvalidRequest
from headwater.ingest.records import LISTED_ERRORS, Chunk, RecordError, RecordErrors

_BLOCK = 1024 * 1024
_HEADER_BYTES = 64 * 1024


def read_csv(body: bytes, dataset: Dataset) -> Iterator[Chunk]:
    """Chunks of a CSV body."""
    body = body.lstrip(b"\r\n")
    header, rest = _header(body)
    known = [field.name for field in dataset.sent if field.name in header]
    if header and not known:
        fields = ", ".join(field.name for field in dataset.sent)
        raise InvalidRequest(f"The CSV header names no field of {dataset.name}; its fields are {fields}.")
    ignored = frozenset(header).difference(known)
    if not rest.strip(b"\r\n"):
        return
    ragged = _Ragged()
    try:
        for batch in _batches(rest, header, known, ragged):
            columns = {name: batch.column(name) for name in known}
            index = ragged.index(batch.num_rows)
            yield Chunk(columns, index, ragged.taken(), ignored)
    except pa.ArrowInvalid:
        message = f"The CSV cannot be read: cells must be UTF-8 and rows shorter than {_BLOCK} bytes."
        raise InvalidRequest(message) from None
    yield Chunk({}, pa.array([], pa.int64()), ragged.taken(), ignored)


def _header(body: bytes) -> tuple[list[str], bytes]:
    end = min((at for at in (body.find(b"\n"), body.find(b"\r")) if at >= 0), default=len(body))
    if end > _HEADER_BYTES:
        raise InvalidRequest(f"The CSV header is longer than {_HEADER_BYTES} bytes.")
    try:
        names = next(csv.reader([body[:end].decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        raise InvalidRequest("The CSV header is not one line of UTF-8 with the fields' names.") from None
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidRequest(f"The CSV header names {', '.join(map(repr, doubled))} twice.", field=doubled[0])
    return names, body[end:]


def _batches(rest: bytes, header: list[str], known: list[str], ragged: _Ragged) -> Iterator[pa.RecordBatch]:
    batches: Iterator[pa.RecordBatch] = arrow_csv.open_csv(
        pa.BufferReader(rest),
        arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=header),
        arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=ragged),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(known, pa.string()), include_columns=known),
    )
    return batches


class _Ragged:
    """Rows whose cells do not match the header, as the reader meets them, and the indexes of all others.

    A row is met before or together with the batch that follows it, so the indexes
    of a batch can be told when it comes. Positions lie in a compact array: a hostile
    body has millions.
    """

    def __init__(self) -> None:
        self._positions = array("q")
        self._passed = 0
        self._next = 0
        self._errors: list[RecordError] = []
        self._taken = 0

    def __call__(self, row: arrow_csv.InvalidRow) -> str:
        position = row.number - 1
        self._positions.append(position)
        if len(self._errors) < LISTED_ERRORS:
            message = f"The row has {row.actual_columns} cells; the header has {row.expected_columns}."
            self._errors.append(RecordError(position, None, message))
        return "skip"

    def index(self, rows: int) -> pa.Array:
        """Indexes of the next ``rows`` good rows."""
        return pa.array(islice(self._good(), rows), pa.int64(), size=rows)

    def _good(self) -> Iterator[int]:
        while True:
            position = self._next
            self._next += 1
            if self._passed < len(self._positions) and self._positions[self._passed] == position:
                self._passed += 1
            else:
                yield position

    def taken(self) -> RecordErrors:
        """The bad rows met since the last call."""
        count, self._taken = len(self._positions) - self._taken, len(self._positions)
        errors, self._errors = self._errors, []
        return RecordErrors.of(count, errors)
