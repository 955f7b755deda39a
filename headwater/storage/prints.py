"""What two stores must agree in: of each table of facts and each day of an organisation, the rows and their checksum.

A row's checksum is the 64-bit key of its values as text, the same in every engine; that of several
rows is the sum of theirs, whatever their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

from headwater.catalogue.model import Dataset, RowDataset
from headwater.storage import schema

CHECKSUMS: Final = 1 << 64
SEPARATOR: Final = 31
"""The character between the values of a row, which no value has."""
UNKNOWN: Final = "null"
"""What stands for an unknown value."""


class Day(NamedTuple):
    """A day (UTC) of an organisation."""

    organisation_id: int
    day: date


class Print(NamedTuple):
    """How many rows there are, and their checksum."""

    rows: int
    checksum: int


class FactTable(NamedTuple):
    """A table of facts: its columns with their types, and which says when a fact happened."""

    name: str
    columns: list[tuple[str, str]]
    time: str


Prints = Mapping[Day, Print]


def fact_tables(catalogue: Mapping[str, Dataset]) -> Iterator[FactTable]:
    """Every table of facts, those of children too."""
    for dataset in catalogue.values():
        for one in schema.with_child(dataset) if isinstance(dataset, RowDataset) else (dataset,):
            yield table_of(one)


def table_of(dataset: Dataset) -> FactTable:
    """The table of a dataset."""
    return FactTable(dataset.table, schema.columns(dataset), dataset.time_column)


def total(prints: Prints) -> Print:
    """All days together."""
    rows = sum(one.rows for one in prints.values())
    return Print(rows, sum(one.checksum for one in prints.values()) % CHECKSUMS)
