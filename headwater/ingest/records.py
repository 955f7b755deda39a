"""What passes between the stages of ingest: chunks as read, records as decoded, and what is wrong with them.

Values only; no stage's work is done here.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pyarrow as pa

LISTED_ERRORS = 20


class RecordError(msgspec.Struct, frozen=True):
    """Why one record is refused; ``field`` is None when the record as a whole cannot be read."""

    index: int
    field: str | None
    message: str


class RecordErrors(msgspec.Struct, frozen=True):
    """How many records are refused, and the errors of the first of them."""

    count: int = 0
    first: tuple[RecordError, ...] = ()

    @staticmethod
    def of(count: int, errors: Iterable[RecordError]) -> RecordErrors:
        """The first errors by index, in a stable order."""
        return RecordErrors(count, tuple(sorted(errors, key=lambda error: error.index)[:LISTED_ERRORS]))

    def merged(self, other: RecordErrors) -> RecordErrors:
        """Both together; they must speak of different records."""
        if not other.count:
            return self
        return RecordErrors.of(self.count + other.count, (*self.first, *other.first))


class Chunk(msgspec.Struct, frozen=True):
    """Some records as a format's reader found them: raw columns by field name, all of one length.

    ``index`` counts the body's records from 0; ``unreadable`` holds those that never
    became a row. ``measured`` says that the reader unfolds more than the body's bytes,
    so that the size of the columns has to be held against the limit.
    """

    columns: dict[str, pa.Array]
    index: pa.Array
    unreadable: RecordErrors
    ignored: frozenset[str]
    measured: bool = False


class Decoded(msgspec.Struct, frozen=True):
    """Records in order of arrival, as columns of ``schema.arrow_schema``.

    Until ``check`` has passed them, absent values are null and columns are those that can
    be sent; afterwards they are as stored, and ``children`` hold what rows unfolded into.
    ``index`` is the record index of each row, ``total`` counts all records.
    """

    rows: pa.Table
    index: pa.Array
    errors: RecordErrors
    total: int
    ignored_fields: tuple[str, ...]
    children: pa.Table | None = None
