"""Tables of the facts, derived from the catalogue: columns, types, and their Arrow schema.

Absent texts are stored as ``''`` and absent ids as ``0``: grouping and comparing
need no null rules, and both engines agree. Amounts and fractions are whole numbers
(see ``catalogue.model.Unit``). Times are UTC at microseconds. Only counters, flags
and fields declared ``nullable`` may be null: unknown is something else there than 0.
"""

from __future__ import annotations

import pyarrow as pa

from headwater.catalogue.model import (
    FRACTION,
    Dataset,
    EventDataset,
    Field,
    FieldKind,
    Rollup,
    RowDataset,
    RowRollup,
    SnapshotDataset,
)

ORGANISATION = "organisation_id"
RECORD_ID = "record_id"
FRESH_TIME, FRESH_COUNT, FRESH_VALUE = "hour", "events", "value"
DAY, READINGS, ARRIVAL, OPENED_AT = "day", "readings", "arrival", "opened_at"
NOT_OPENING = 0
AMOUNT_SCALE = 1_000_000
FRACTION_SCALE = FRACTION.scale
COMMIT = "commit_id"
MERGED = 0
"""The ``commit_id`` of rollup rows that have been merged and sorted."""

_ARROW: dict[FieldKind, pa.DataType] = {
    "time": pa.timestamp("us"),
    "id": pa.int64(),
    "text": pa.string(),
    "amount": pa.int64(),
    "uuid": pa.int64(),
    "counter": pa.int64(),
    "flag": pa.bool_(),
    "ref": pa.int64(),
    "fraction": pa.int64(),
    "json": pa.string(),
}
_SQL: dict[FieldKind, str] = {
    "time": "TIMESTAMP",
    "id": "BIGINT",
    "text": "VARCHAR",
    "amount": "BIGINT",
    "uuid": "BIGINT",
    "counter": "BIGINT",
    "flag": "BOOLEAN",
    "ref": "BIGINT",
    "fraction": "BIGINT",
    "json": "VARCHAR",
}


def may_be_null(field: Field) -> bool:
    """Whether a stored record can lack the field's value."""
    return field.nullable or (field.kind in ("counter", "flag") and not field.required)


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """Columns of a ``FactBatch`` of ``dataset``: one for each field that is kept, under its stored name."""
    return pa.schema([arrow_field(field) for field in dataset.kept])


def arrow_field(field: Field) -> pa.Field:
    """The column of one field."""
    return pa.field(field.stored_as, _ARROW[field.kind], nullable=may_be_null(field))


def columns(dataset: Dataset) -> list[tuple[str, str]]:
    """Name and type of each column of the raw table, the organisation first."""
    return [(ORGANISATION, "BIGINT"), *((field.stored_as, _SQL[field.kind]) for field in dataset.kept)]


def rollup_columns(dataset: EventDataset, rollup: Rollup) -> list[tuple[str, str]]:
    """Name and type of each column of a rollup: organisation, dimensions, time, metrics."""
    types = {field.stored_as: _SQL[field.kind] for field in dataset.fields}
    keys = [dataset.dimension(name).column for name in rollup.dimensions]
    time = [(rollup.grain, "DATE" if rollup.grain == "day" else "TIMESTAMP")] if rollup.grain else []
    return [
        (ORGANISATION, "BIGINT"),
        *((key, types[key]) for key in keys),
        *time,
        *((metric, "BIGINT") for metric in rollup.metrics),
    ]


def fresh_table(dataset: EventDataset) -> str:
    """The table with the sums of single commits, not yet in the rollups."""
    return f"{dataset.table}_fresh"


def fresh_keys(dataset: EventDataset) -> list[str]:
    """What the fresh sums are told apart by: as finely as any rollup needs it, but for the time, which is hours."""
    dimensions = dict.fromkeys(name for rollup in dataset.rollups for name in rollup.dimensions)
    named = [dimension.column for dimension in dataset.dimensions if dimension.name in dimensions]
    return [ORGANISATION, FRESH_TIME, *named, "event"]


def fresh_columns(dataset: EventDataset) -> list[tuple[str, str]]:
    """Name and type of each column of the fresh sums."""
    types = {field.stored_as: _SQL[field.kind] for field in dataset.fields}
    types |= {ORGANISATION: "BIGINT", FRESH_TIME: "TIMESTAMP"}
    keys = [(key, types[key]) for key in fresh_keys(dataset)]
    return [*keys, (FRESH_COUNT, "BIGINT"), (FRESH_VALUE, "BIGINT"), ("commit_id", "BIGINT")]


def rollup_keys(dataset: EventDataset, rollup: Rollup) -> list[str]:
    """Columns that identify a row of a rollup, in its sort order."""
    count = len(rollup_columns(dataset, rollup)) - len(rollup.metrics)
    return [name for name, _ in rollup_columns(dataset, rollup)[:count]]


def has_openings(dataset: SnapshotDataset) -> bool:
    """Whether first readings are told apart, because only a question can say what they book."""
    return dataset.opening == "by_posting"


def has_flag(dataset: SnapshotDataset) -> bool:
    """Whether a reading can say of itself that it is a baseline."""
    return any(field.kind == "flag" for field in dataset.fields)


def step_keys(dataset: SnapshotDataset, time: str) -> list[str]:
    """Columns that identify a row of the ledger or of its daily rollup, in their sort order.

    ``opened_at`` is the time of a first reading that counts as new only for some
    questions, in microseconds since 1970, and ``NOT_OPENING`` in all other rows.
    """
    return [ORGANISATION, dataset.subject, time, *([OPENED_AT] if has_openings(dataset) else [])]


def step_measures(dataset: SnapshotDataset) -> list[str]:
    """The additive columns of a ledger of steps and of its daily rollup.

    For each counter: what readings booked as ``new``, what baselines ``set`` (so that
    the level is the sum of both over all time before), and 1 where it is ``known``
    from then on. ``readings`` counts the readings that are no baselines.
    """
    return [f"{kind}_{counter}" for kind in ("new", "set", "known") for counter in dataset.counters] + [READINGS]


def ledger_columns(dataset: SnapshotDataset) -> list[tuple[str, str]]:
    """Name and type of each column of the ledger; corrections of late readings are further rows."""
    return [*_step_columns(dataset, dataset.time_column), ("commit_id", "BIGINT")]


def day_columns(dataset: SnapshotDataset) -> list[tuple[str, str]]:
    """Name and type of each column of the daily rollup."""
    return _step_columns(dataset, DAY)


def group_day_columns(dataset: SnapshotDataset) -> list[tuple[str, str]]:
    """Name and type of each column of the daily sums of groups."""
    keys = [("group_id", "BIGINT"), (ORGANISATION, "BIGINT"), (DAY, "DATE")]
    return [*keys, *((measure, "BIGINT") for measure in step_measures(dataset))]


def _step_columns(dataset: SnapshotDataset, time: str) -> list[tuple[str, str]]:
    types = {DAY: "DATE", dataset.time_column: "TIMESTAMP"}
    keys = [(key, types.get(key, "BIGINT")) for key in step_keys(dataset, time)]
    return [*keys, *((measure, "BIGINT") for measure in step_measures(dataset))]


def record_field(dataset: Dataset) -> Field | None:
    """The field that holds the sender's id of a record, where the dataset has one."""
    return next((field for field in dataset.fields if field.stored_as == RECORD_ID), None)


def with_child(dataset: RowDataset) -> tuple[RowDataset, ...]:
    """The dataset, and the one that its records unfold into."""
    return (dataset, dataset.child) if dataset.child else (dataset,)


def daily_rollups(dataset: RowDataset) -> tuple[RowRollup, ...]:
    """The rollups that keep days, not the facts' own times."""
    return tuple(rollup for rollup in dataset.rollups if not rollup.exact)


def lead_column(dataset: RowDataset, rollup: RowRollup) -> str:
    """The column with the 64-bit keys of a rollup's leading dimension."""
    return f"{dataset.dimension(rollup.lead).column}_key"


def row_rollup_keys(dataset: RowDataset, rollup: RowRollup) -> list[tuple[str, str]]:
    """Name and type of the columns that identify a row of a rollup, in its sort order; the time is the last."""
    types = {field.stored_as: _SQL[field.kind] for field in dataset.kept}
    columns = [dataset.dimension(name).column for name in rollup.dimensions]
    lead = [(lead_column(dataset, rollup), "UBIGINT")] if rollup.lead else []
    time = (dataset.time_column, "TIMESTAMP") if rollup.exact else (DAY, "DATE")
    return [(ORGANISATION, "BIGINT"), *lead, *((column, types[column]) for column in columns), time]


def row_rollup_columns(dataset: RowDataset, rollup: RowRollup) -> list[tuple[str, str]]:
    """Name and type of each column of a rollup: its keys, its measures, and the commit that it is of."""
    measures = [(name, "BIGINT") for name in rollup.measures]
    return [*row_rollup_keys(dataset, rollup), *measures, (COMMIT, "BIGINT")]
