"""The words in which measurements are declared: datasets, fields, dimensions, metrics, rollups.

Everything here is a frozen value. It holds no SQL of any dialect and does no
I/O: the compiler, the stores, ingest, the API reference and the docs read it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Grain = Literal["hour", "day", "week", "month"]
FieldKind = Literal["time", "id", "text", "amount", "uuid", "counter", "flag"]


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


class Field(msgspec.Struct, frozen=True):
    """One field of a record as it is sent to ingest, and the column that keeps it."""

    name: str
    kind: FieldKind
    description: str
    column: str = ""
    required: bool = False
    max_length: int = 255
    entity: str = ""
    """Kind of entity that an ``id`` or ``uuid`` field names; a ``uuid`` is stored as that entity's number."""

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
    """A kind of fact: what a record of it holds. ``subject`` is the column of the entity that it is a fact about."""

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
