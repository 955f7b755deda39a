"""Daily sums that are yet to be made: those of small commits wait until a question reads them, or for a second.

To a commit of a few rows each rollup costs as much as the facts do, and a decision is such a
commit. So its rows are kept in memory as well, and the sums of all that wait are added at once:
before a statement runs that names one of their rollups, else soon after. Every answer is that of
all commits before it. What a process that was killed had not added is made good when the file is
opened, by the counts of the facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import duckdb
import pyarrow as pa

from headwater.catalogue.model import CountRows, RowDataset, RowRollup
from headwater.storage import schema
from headwater.storage.duckdb import tallies

_ROWS_AT_ONCE = 500_000


class Unsummed(NamedTuple):
    """Stored rows of a dataset that are not in its daily rollups yet, and the name of the records they came in."""

    name: str
    dataset: RowDataset
    rows: pa.Table


class Waiting:
    """What waits in one store. Only the store's writer changes it."""

    def __init__(self) -> None:
        self._waiting: list[Unsummed] = []
        self._rollups: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._rollups)

    def keep(self, unsummed: Iterable[Unsummed]) -> None:
        """Take in what a commit has stored."""
        for one in unsummed:
            self._waiting.append(one)
            self._rollups |= {rollup.name for rollup in schema.daily_rollups(one.dataset)}

    def wanted_by(self, sql: str) -> bool:
        """Whether a statement names a rollup that lacks some sums."""
        return any(name in sql for name in self._rollups)

    def add(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Add all of it within the open transaction; how many rows of sums they are, by the records' name."""
        tables: dict[tuple[str, str], list[Unsummed]] = {}
        for one in self._waiting:
            tables.setdefault((one.name, one.dataset.name), []).append(one)
        added: dict[str, int] = {}
        for (name, _), parts in tables.items():
            # In one piece: many small ones take several times as long to sum and to store.
            rows = pa.concat_tables([part.rows for part in parts]).combine_chunks()
            added[name] = added.get(name, 0) + tallies.add_daily(connection, parts[0].dataset, rows)
        return added

    def clear(self) -> None:
        """Forget what was added, once that is committed."""
        self._waiting, self._rollups = [], frozenset()


def make_good(connection: duckdb.DuckDBPyConnection, dataset: RowDataset) -> None:
    """Sum the days anew, each an organisation's, of which the rollups do not hold all facts.

    Sums of a commit are added all together, children's as well, so one count tells.
    """
    if not any(schema.daily_rollups(one) for one in schema.with_child(dataset)):
        return
    days = _days_that_differ(connection, dataset)
    if not days:
        return
    wrong = ", ".join(f"({organisation}, DATE '{day}')" for organisation, day in days)
    connection.begin()
    for one in schema.with_child(dataset):
        for rollup in schema.daily_rollups(one):
            connection.execute(
                f"DELETE FROM {rollup.name} WHERE ({schema.ORGANISATION}, {schema.DAY}) IN (VALUES {wrong})"
            )
        _sum_days(connection, one, wrong)
    connection.commit()


def _days_that_differ(connection: duckdb.DuckDBPyConnection, dataset: RowDataset) -> list[tuple[int, date]]:
    rollup, count = _counted(dataset)
    facts = (
        f"SELECT {schema.ORGANISATION}, {dataset.time_column}::DATE AS {schema.DAY}, count(*) AS n"
        f" FROM {dataset.table} GROUP BY ALL"
    )
    sums = f"SELECT {schema.ORGANISATION}, {schema.DAY}, sum({count}) AS n FROM {rollup.name} GROUP BY ALL"
    days: list[tuple[int, date]] = connection.execute(
        f"SELECT {schema.ORGANISATION}, {schema.DAY} FROM ({facts}) AS fact"
        f" FULL JOIN ({sums}) AS summed USING ({schema.ORGANISATION}, {schema.DAY})"
        " WHERE fact.n IS DISTINCT FROM summed.n"
    ).fetchall()
    return days


def _counted(dataset: RowDataset) -> tuple[RowRollup, str]:
    """A daily rollup, and its measure that counts every fact."""
    for rollup in schema.daily_rollups(dataset):
        for name in rollup.measures:
            if dataset.measure(name).formula == CountRows():
                return rollup, name
    raise ValueError(f"No daily rollup of {dataset.name} counts every fact, so none could be made good.")


def _sum_days(connection: duckdb.DuckDBPyConnection, dataset: RowDataset, wrong: str) -> None:
    """Add the facts of these days, read beside the transaction that adds them."""
    reading = connection.cursor()
    facts = reading.sql(
        f"SELECT * FROM {dataset.table} WHERE ({schema.ORGANISATION}, {dataset.time_column}::DATE) IN (VALUES {wrong})"
    )
    for batch in facts.to_arrow_reader(_ROWS_AT_ONCE):
        tallies.add_daily(connection, dataset, pa.Table.from_batches([batch]))
    reading.close()
