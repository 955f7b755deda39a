"""What a source holds and what a query of it gave, whatever engine keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal

import msgspec

Cell = str | int | float | bool | Decimal | datetime | date | time | None
Dialect = Literal["postgres", "mysql", "sqlite", "duckdb", "clickhouse", "tsql", "bigquery", "snowflake"]
"""The names by which sqlglot knows the dialects."""


class SourceColumn(msgspec.Struct, frozen=True):
    """One column of a table; ``type`` is in the engine's own words."""

    name: str
    type: str
    nullable: bool = True
    primary_key: bool = False


class ForeignKey(msgspec.Struct, frozen=True):
    """``columns`` of the table that has it name rows of ``table`` by its columns ``referred``."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


class SourceTable(msgspec.Struct, frozen=True):
    """One table or view, with a few of its rows."""

    name: str
    columns: tuple[SourceColumn, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    row_estimate: int | None = None
    sample: tuple[tuple[Cell, ...], ...] = ()


class Schema(msgspec.Struct, frozen=True):
    """All that can be queried of a source, and the SQL that it speaks."""

    dialect: Dialect
    tables: tuple[SourceTable, ...]


class ResultColumn(msgspec.Struct, frozen=True):
    """One column of a result; ``type`` is in the engine's own words."""

    name: str
    type: str


class Rows(msgspec.Struct, frozen=True):
    """What a query gave; ``truncated`` when there was more than the caller's limit."""

    columns: tuple[ResultColumn, ...]
    rows: Sequence[tuple[Cell, ...]]
    truncated: bool = False
