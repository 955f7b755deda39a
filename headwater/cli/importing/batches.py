"""Records gathered into batches: bodies that ingest takes, of bounded size, each from one file.

A record that cannot be sent keeps its place as a line that ingest refuses, so that
the indexes of its answer are those of the batch; what is wrong with it is put in
afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

import msgspec

from headwater.cli.importing.columns import Columns
from headwater.cli.importing.names import Naming, Row
from headwater.cli.importing.readers import Fault, Record
from headwater.ingest.records import RecordError

MEDIA_TYPE = "application/x-ndjson"
MOST_RECORDS = 50_000
MOST_BYTES = 16 * 1024 * 1024

_REFUSED = b"null"
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Batch(msgspec.Struct, frozen=True):
    """Records of one file; ``first`` is the number of the first of them, from 1."""

    first: int
    lines: list[bytes]
    faults: dict[int, Fault]

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.first + len(self.lines) - 1

    def body(self) -> bytes:
        """What is sent."""
        return b"\n".join(self.lines)

    def numbered(self, error: RecordError) -> RecordError:
        """An error of the answer with the record's number in the file, and what was wrong before it was sent."""
        fault = self.faults.get(error.index)
        if fault is not None:
            return RecordError(self.first + error.index, fault.field, fault.message)
        return RecordError(self.first + error.index, error.field, error.message)


class _Draft:
    """A batch that is being filled; records that name entities wait until all of them can be looked up at once."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.size = 0
        self.lines: list[bytes] = []
        self._faults: dict[int, Fault] = {}
        self._waiting: dict[int, str] = {}
        self._naming: dict[str, Row] = {}

    @property
    def full(self) -> bool:
        return len(self.lines) >= MOST_RECORDS or self.size >= MOST_BYTES

    def add(self, record: Record, columns: Columns, names: Naming) -> None:
        if isinstance(record, Fault):
            self._faults[len(self.lines)] = record
            line = _REFUSED
        elif isinstance(record, bytes):
            row = None if columns.as_they_are(record) else _object(record)
            line = record if row is None else self._line(columns.renamed(row), names)
        else:
            line = self._line(columns.renamed(record), names)
        self.lines.append(line)
        self.size += len(line) + 1

    def _line(self, row: Row, names: Naming) -> bytes:
        key = names.key(row)
        if not key:
            return _encode(row)
        self._waiting[len(self.lines)] = key
        self._naming.setdefault(key, row)
        return _encode(names.without(row))

    async def finished(self, names: Naming) -> Batch:
        found = await names.look_up(self._naming)
        ids = {key: _encode(fields)[1:] for key, fields in found.items() if not isinstance(fields, Fault)}
        for index, key in self._waiting.items():
            fault = found[key]
            if isinstance(fault, Fault):
                self._faults[index] = fault
                self.lines[index] = _REFUSED
            else:
                # Two objects made one: the record's own fields, then those of its ids.
                record = self.lines[index][:-1]
                self.lines[index] = record + (b"," if len(record) > 1 else b"") + ids[key]
        return Batch(self.first, self.lines, self._faults)


async def gathered(records: Iterable[Record], columns: Columns, names: Naming) -> AsyncGenerator[Batch]:
    """The records of one file, in batches."""
    draft = _Draft(1)
    for record in records:
        draft.add(record, columns, names)
        if draft.full:
            yield await draft.finished(names)
            draft = _Draft(draft.first + len(draft.lines))
    if draft.lines:
        yield await draft.finished(names)


def _object(line: bytes) -> Row | None:
    """The record, if it is one: what is wrong with any other is for ingest to say."""
    try:
        value = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
