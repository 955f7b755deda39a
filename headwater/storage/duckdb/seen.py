"""Which keys earlier commits kept: exact, with a filter in memory so that few commits read the table.

``seen_key`` is only ever appended to, so that a row's number says how old it is:
the filter covers the rows below a number, and a commit whose keys it calls new
reads the rows from there on. ``cover`` moves that number up in the background,
beginning at nothing after a start. It must not decide what a duplicate is.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headwater.storage.duckdb.key_filter import KeyFilter

_FEW_OF_MANY = 16
_HEADROOM = 1.5
_CHUNK = 1_000_000


class _Covered(NamedTuple):
    filter: KeyFilter | None
    upto: int


class SeenKeys:
    """The keys of one store; taken in by its writer, covered by one other thread.

    ``few`` keys are read by each commit rather than covered: half a million cost it a few
    milliseconds, and a background thread half a second.
    """

    def __init__(self, max_bytes: int, few: int) -> None:
        self._most = KeyFilter.capacity_of(max_bytes)
        self._few = few
        # One value, replaced as a whole: the writer never sees a filter with another's number.
        self._covered = _Covered(None, 0)
        self._rows = 0

    def open(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Count what a store holds that was just opened."""
        self._rows = _rows(connection)

    def take(self, connection: duckdb.DuckDBPyConnection, keys: pa.Array) -> pa.Array:
        """Keep ``keys``, each there once, in the open transaction; answers those that were kept before."""
        connection.register("asked", pa.table({"key": keys}))
        try:
            known = self._known(connection, keys)
            new = " ANTI JOIN seen_key USING (key)" if len(known) else ""
            connection.execute(f"INSERT INTO seen_key SELECT key FROM asked{new}")
        finally:
            connection.unregister("asked")
        self._rows += len(keys) - len(known)
        return known

    def _known(self, connection: duckdb.DuckDBPyConnection, keys: pa.Array) -> pa.Array:
        covered = self._covered
        surely_new = covered.filter is not None and not pc.any(covered.filter.perhaps(keys)).as_py()
        found = connection.sql(
            "SELECT key FROM seen_key SEMI JOIN asked USING (key) WHERE seen_key.rowid >= ?",
            params=[covered.upto if surely_new else 0],
        )
        return found.to_arrow_table()["key"].combine_chunks()

    @property
    def due(self) -> bool:
        """Whether so many keys lie outside the filter that covering them pays."""
        upto = self._covered.upto
        return self._rows - upto >= max(self._few, upto // _FEW_OF_MANY)

    def cover(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take the committed keys into the filter, into a larger one where the present one is too small."""
        filter_, upto = self._covered
        rows = _rows(connection)
        if filter_ is None or filter_.capacity < min(rows, self._most):
            filter_, upto = KeyFilter(min(int(rows * _HEADROOM), self._most)), 0
        for start in range(upto, rows, _CHUNK):
            filter_.add(_keys(connection, start, min(start + _CHUNK, rows)))
        self._covered = _Covered(filter_, rows)


def _rows(connection: duckdb.DuckDBPyConnection) -> int:
    # Read to the end, or the connection would not run the next statement.
    ((count,),) = connection.execute("SELECT count(*) FROM seen_key").fetchall()
    return int(count)


def _keys(connection: duckdb.DuckDBPyConnection, start: int, end: int) -> pa.Array:
    found = connection.sql("SELECT key FROM seen_key WHERE rowid >= ? AND rowid < ?", params=[start, end])
    return found.to_arrow_table()["key"].combine_chunks()
