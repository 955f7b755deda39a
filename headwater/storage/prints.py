"""What two stores must agree in: of each table of facts and each day of an organisation, the rows and their checksum.

A row's checksum is the 64-bit key of its values as text, the same in every engine; that of several
rows is the sum of theirs, whatever their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from headwater.catalogue.model import Dataset, RowDataset, SnapshotDataset
from headwater.storage import schema
from headwater.storage.port import Dialect

CHECKSUMS: Final = 1 << 64
_SEPARATOR: Final = "\x1f"
"""Stands between the values of a row; a value that has it only makes the checksum weaker."""
_UTC: Final = "UTC"


class Day(NamedTuple):
    """A day (UTC) of an organisation."""

    organisation_id: int
    day: date


class Print(NamedTuple):
    """How many rows there are, and their checksum."""

    rows: int
    checksum: int


Prints = Mapping[Day, Print]
Sums = Mapping[Day, Sequence[int]]
NOTHING: Final = Print(0, 0)


class FactTable(NamedTuple):
    """A table of facts: its columns with their types, and which says when a fact happened."""

    name: str
    columns: list[tuple[str, str]]
    time: str

    def statement(self, dialect: Dialect, source: str, text: Callable[[str, str], str]) -> str:
        """What finds the prints of the rows in ``source``; ``text`` of a column and its type is never null."""
        texts = f", '{_SEPARATOR}', ".join(text(*column) for column in self.columns)
        day, key = dialect.local_day(self.time, _UTC), dialect.text_key(f"concat({texts})")
        return f"SELECT {schema.ORGANISATION}, {day}, count(*), sum({key}) FROM {source} GROUP BY 1, 2"


def fact_tables(catalogue: Mapping[str, Dataset]) -> Iterator[FactTable]:
    """Every table of facts, those of children too."""
    for dataset in catalogue.values():
        for one in schema.with_child(dataset) if isinstance(dataset, RowDataset) else (dataset,):
            yield table_of(one)


def table_of(dataset: Dataset) -> FactTable:
    """The table of a dataset."""
    return FactTable(dataset.table, schema.columns(dataset), dataset.time_column)


def read_prints(rows: Iterable[Sequence[Any]]) -> dict[Day, Print]:
    """What ``FactTable.statement`` has found."""
    return {Day(own, day): Print(int(count), int(checksum) % CHECKSUMS) for own, day, count, checksum in rows}


def steps_statement(dataset: SnapshotDataset, dialect: Dialect, source: str) -> str:
    """What finds the sums of all that is booked of snapshots, by organisation and day."""
    day, sums = dialect.local_day(dataset.time_column, _UTC), map(dialect.sum, schema.step_measures(dataset))
    return f"SELECT {schema.ORGANISATION}, {day}, {', '.join(sums)} FROM {source} GROUP BY 1, 2"


def read_sums(rows: Iterable[Sequence[Any]]) -> dict[Day, Sequence[int]]:
    """What ``steps_statement`` has found; days on which nothing is booked are left out."""
    return {Day(own, day): tuple(sums) for own, day, *sums in rows if any(sums)}


def total(prints: Prints) -> Print:
    """All days together."""
    rows = sum(one.rows for one in prints.values())
    return Print(rows, sum(one.checksum for one in prints.values()) % CHECKSUMS)
