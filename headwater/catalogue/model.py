"""The words in which measurements are declared: datasets, fields, dimensions, metrics, rollups.

Everything here is a frozen value. It holds no SQL of any dialect and does no
I/O: the compiler, the stores, ingest, the API reference and the docs read it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Grain = Literal["hour", "day", "week", "month"]
FieldKind = Literal["time", "id", "text", "amount", "uuid", "counter", "flag", "ref", "fraction", "json"]


class Unit(msgspec.Struct, frozen=True):
    """What a number counts.

    Amounts are stored as whole multiples of ``1 / scale`` so that sums are exact
    whatever their order; answers are divided by ``scale`` once, at the end.
    """

    name: str
    label: str
    scale: int = 1


COUNT = Unit("count", "")
SECONDS = Unit("seconds", "s", scale=1_000_000)
MONEY = Unit("money", "", scale=1_000_000)
FRACTION = Unit("fraction", "", scale=1_000_000_000)


class Field(msgspec.Struct, frozen=True):
    """One field of a record as it is sent to ingest, and the column that keeps it.

    ``entity`` is the kind of entity that an ``id``, ``uuid`` or ``ref`` field names; the
    latter two are stored as that entity's number. A value that is left out is stored as
    an empty text or 0, or as unknown where ``nullable``. A ``derived`` field is never
    sent: ingest fills it in. One that is not ``kept`` is no column: its items become rows
    of the dataset's ``child``.
    """

    name: str
    kind: FieldKind
    description: str
    column: str = ""
    required: bool = False
    max_length: int = 255
    entity: str = ""
    nullable: bool = False
    derived: bool = False
    kept: bool = True

    @property
    def stored_as(self) -> str:
        """The column's name: the field's own unless declared otherwise."""
        return self.column or self.name


RECORD_ID = Field(
    "id",
    "text",
    column="record_id",
    description="The sender's id of the record; one seen before is not stored again.",
    max_length=64,
)


class Dimension(msgspec.Struct, frozen=True):
    """Something answers can be broken down by; ``column`` is the fact's column."""

    name: str
    column: str
    label: str
    kind: Literal["id", "text"]


class CountEvents(msgspec.Struct, frozen=True):
    """Number of events of one kind; at most one a session where ``once_per_session``."""

    event: str
    once_per_session: bool = True


class SumValue(msgspec.Struct, frozen=True):
    """Sum of the ``value`` of events of one kind."""

    event: str


class Metric(msgspec.Struct, frozen=True):
    """A stored, additive measure: it may be summed over time and over resources."""

    name: str
    label: str
    description: str
    formula: CountEvents | SumValue
    unit: Unit = COUNT


class Derived(msgspec.Struct, frozen=True):
    """``minuend`` − ``subtrahend`` of the totals, never below zero."""

    name: str
    label: str
    description: str
    minuend: str
    subtrahend: str
    unit: Unit = COUNT


class Rollup(msgspec.Struct, frozen=True):
    """A kept sum of a dataset's metrics by dimensions and, unless ``grain`` is None, by time.

    Stores keep it sorted by its dimensions and then by time: questions read few
    entities over a span of time.
    """

    name: str
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    grain: Literal["hour", "day"] | None


class Dataset(msgspec.Struct, frozen=True):
    """A kind of fact: what a record of it holds.

    ``subject`` is the column of the entity that it is a fact about, empty where it is about none.
    """

    name: str
    table: str
    description: str
    time: str
    subject: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field called ``name``; KeyError when there is none."""
        return {field.name: field for field in self.fields}[name]

    @property
    def sent(self) -> tuple[Field, ...]:
        """The fields that a record may have."""
        return tuple(field for field in self.fields if not field.derived)

    @property
    def kept(self) -> tuple[Field, ...]:
        """The fields that are columns of the table."""
        return tuple(field for field in self.fields if field.kept)

    @property
    def time_column(self) -> str:
        """The column of the time at which the fact happened."""
        return self.field(self.time).stored_as


class EventDataset(Dataset, frozen=True):
    """Events: what can be counted and summed of them, and which sums are kept."""

    dimensions: tuple[Dimension, ...]
    metrics: tuple[Metric, ...]
    derived: tuple[Derived, ...]
    rollups: tuple[Rollup, ...]
    groups: dict[str, tuple[str, ...]]
    session: tuple[str, ...] = ()
    """Columns that together name one countable happening within a session."""

    def dimension(self, name: str) -> Dimension:
        """The dimension called ``name``; KeyError when there is none."""
        return {dimension.name: dimension for dimension in self.dimensions}[name]

    def metric(self, name: str) -> Metric | Derived:
        """The stored or derived metric called ``name``; KeyError when there is none."""
        known: dict[str, Metric | Derived] = {metric.name: metric for metric in self.metrics}
        known.update({derived.name: derived for derived in self.derived})
        return known[name]


Opening = Literal["baseline", "by_posting"]


class SnapshotDataset(Dataset, frozen=True):
    """Readings of cumulative counters at instants.

    Each reading books its difference to the one before it, on its own instant, in
    ``ledger``; ``day_rollup`` sums the ledger by entity and day in the
    organisation's time zone. What an entity's first reading books is said by
    ``opening``: a ``baseline`` sets the level and books nothing; ``by_posting`` it
    books all of it if the entity was posted within 24 hours before, which only the
    question can know. ``group_rollup`` sums groups of entities by day.
    """

    counters: tuple[str, ...]
    opening: Opening
    ledger: str
    day_rollup: str
    group_rollup: str = ""


class CountRows(msgspec.Struct, frozen=True):
    """Number of rows whose ``column`` has one of ``values``; without values any value, without a column all rows."""

    column: str = ""
    values: tuple[str | bool, ...] = ()


class SumColumn(msgspec.Struct, frozen=True):
    """Sum of a column's values, unknown ones left out."""

    column: str


class Measure(msgspec.Struct, frozen=True):
    """An additive measure of rows: it may be summed over time and over every dimension."""

    name: str
    label: str
    description: str
    formula: CountRows | SumColumn
    unit: Unit = COUNT


class RowRollup(msgspec.Struct, frozen=True):
    """A kept sum of measures by dimensions and day (UTC), sorted by them; rows in which all are 0 are left out.

    An ``exact`` one keeps the facts' own times instead of days. ``lead`` names a text
    dimension whose 64-bit key goes first, so that the rows of one value lie together.
    """

    name: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    exact: bool = False
    lead: str = ""


class RowDataset(Dataset, frozen=True):
    """Facts counted and summed row by row: what may be asked of them, and which sums are kept.

    ``child`` holds what the records unfold into, one row an item, tied by the column
    that both have as ``number``.
    """

    dimensions: tuple[Dimension, ...] = ()
    measures: tuple[Measure, ...] = ()
    rollups: tuple[RowRollup, ...] = ()
    child: RowDataset | None = None
    number: str = ""

    def dimension(self, name: str) -> Dimension:
        """The dimension called ``name``; KeyError when there is none."""
        return {dimension.name: dimension for dimension in self.dimensions}[name]

    def measure(self, name: str) -> Measure:
        """The measure called ``name``; KeyError when there is none."""
        return {measure.name: measure for measure in self.measures}[name]
