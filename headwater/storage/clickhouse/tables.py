"""The tables and materialised views of the facts, as the catalogue has them; ``topology`` writes them as SQL.

Every row says of which commit it is, and a reader leaves out those of commits that it must not see
(``sight``). Sums are of two kinds: those of single commits, made by materialised views as the facts
come in, and segments, each the sum of many commits, which ``sums`` makes and drops as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from headwater.catalogue.model import CountRows, Dataset, EventDataset, Measure, RowDataset, RowRollup, SnapshotDataset
from headwater.storage import schema
from headwater.storage.clickhouse.dialect import ClickHouseDialect

SEGMENT = "segment"
_DIALECT = ClickHouseDialect()
_TYPES = {
    "BIGINT": "Int64",
    "UBIGINT": "UInt64",
    "BOOLEAN": "Bool",
    "VARCHAR": "String",
    "DATE": "Date32",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
}
_COMMIT = (schema.COMMIT, "Int64")
_GRANULARITY = 8192
_KEY_GRANULARITY = 512
"""Keys are looked up one by one, all over the table: less is read around each."""

Columns = tuple[tuple[str, str], ...]


class Table(NamedTuple):
    """One table: its columns, in which order rows lie, and on which shard each is."""

    name: str
    columns: Columns
    order: tuple[str, ...]
    shard: str
    engine: tuple[str, str] = ("MergeTree", "")
    partition: str = ""
    ttl: str = ""
    granularity: int = _GRANULARITY

    @property
    def is_of_commits(self) -> bool:
        """Whether its rows come and go with commits."""
        return _COMMIT in self.columns

    @property
    def is_of_segments(self) -> bool:
        """Whether it holds segments of sums."""
        return self.partition == SEGMENT

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(name for name, _ in self.columns)


class View(NamedTuple):
    """A materialised view: what each block inserted into ``source`` adds to ``target``."""

    name: str
    source: str
    target: str
    select: str


def fresh_of(rollup: RowRollup) -> str:
    """The table with the sums of single commits for a rollup of rows."""
    return f"{rollup.name}_fresh"


def tables(catalogue: Mapping[str, Dataset]) -> list[Table]:
    """All of them, those that are written last at the end."""
    return [table for dataset in catalogue.values() for table in tables_of(dataset)] + CONTROL


def tables_of(dataset: Dataset) -> list[Table]:
    """A dataset's facts, sums and segments."""
    if isinstance(dataset, EventDataset):
        return list(_of_events(dataset))
    if isinstance(dataset, SnapshotDataset):
        return list(_of_snapshots(dataset))
    if isinstance(dataset, RowDataset):
        return [table for one in schema.with_child(dataset) for table in _of_rows(one)]
    raise TypeError(f"{dataset.name} is of no kind that can be stored.")


def views(catalogue: Mapping[str, Dataset]) -> list[View]:
    """The views that sum what comes in."""
    found: list[View] = []
    for dataset in catalogue.values():
        if isinstance(dataset, EventDataset):
            found.append(_fresh_events(dataset))
        elif isinstance(dataset, RowDataset):
            found += [_fresh_rows(one, rollup) for one in schema.with_child(dataset) for rollup in one.rollups]
    return found


def _of_events(dataset: EventDataset) -> Iterator[Table]:
    order = (schema.ORGANISATION, dataset.subject, dataset.time)
    shard = _shard(dataset.subject)
    yield Table(dataset.table, (*_facts(dataset), _COMMIT), order, shard)
    keys = (schema.ORGANISATION, dataset.subject, schema.FRESH_TIME)
    yield Table(schema.fresh_table(dataset), _typed(schema.fresh_columns(dataset)), keys, shard)
    for rollup in dataset.rollups:
        yield _segments(
            rollup.name,
            schema.rollup_columns(dataset, rollup),
            schema.rollup_keys(dataset, rollup),
            shard,
        )


def _of_snapshots(dataset: SnapshotDataset) -> Iterator[Table]:
    order, shard = (schema.ORGANISATION, dataset.subject, dataset.time_column), _shard(dataset.subject)
    yield Table(dataset.table, (*_facts(dataset), (schema.ARRIVAL, "Int64"), _COMMIT), order, shard)
    yield Table(dataset.ledger, _typed(schema.ledger_columns(dataset)), order, shard)
    yield _segments(dataset.day_rollup, schema.day_columns(dataset), schema.step_keys(dataset, schema.DAY), shard)
    if dataset.group_rollup:
        keys = (schema.ORGANISATION, "group_id", schema.DAY)
        columns = (*_typed(schema.group_day_columns(dataset)), _COMMIT)
        yield Table(dataset.group_rollup, columns, keys, _shard("group_id"))


def _of_rows(dataset: RowDataset) -> Iterator[Table]:
    subject = (dataset.subject,) if dataset.subject else ()
    shard = _shard(dataset.time_column)
    yield Table(dataset.table, (*_facts(dataset), _COMMIT), (schema.ORGANISATION, *subject, dataset.time_column), shard)
    nullable = _nullable(dataset)
    for rollup in dataset.rollups:
        keys = [name for name, _ in schema.row_rollup_keys(dataset, rollup)]
        columns = schema.row_rollup_columns(dataset, rollup)
        shard = _shard(keys[1])
        yield Table(fresh_of(rollup), _typed(columns, nullable), tuple(keys), shard)
        yield _segments(rollup.name, columns[:-1], keys, shard, nullable)


def _segments(
    name: str,
    columns: Iterable[tuple[str, str]],
    keys: Iterable[str],
    shard: str,
    nullable: frozenset[str] = frozenset(),
) -> Table:
    typed = (*_typed(columns, nullable), (SEGMENT, "Int64"))
    return Table(name, typed, tuple(keys), shard, partition=SEGMENT)


def _facts(dataset: Dataset) -> Columns:
    return _typed(schema.columns(dataset), _nullable(dataset))


def _nullable(dataset: Dataset) -> frozenset[str]:
    return frozenset(field.stored_as for field in dataset.kept if schema.may_be_null(field))


def _typed(columns: Iterable[tuple[str, str]], nullable: frozenset[str] = frozenset()) -> Columns:
    return tuple((name, f"Nullable({_TYPES[type_]})" if name in nullable else _TYPES[type_]) for name, type_ in columns)


def _shard(column: str) -> str:
    return f"cityHash64({schema.ORGANISATION}, {column})"


def _fresh_events(dataset: EventDataset) -> View:
    """Sums by event, as finely as any rollup needs them."""
    keys = {key: f"fact.{key}" for key in schema.fresh_keys(dataset)}
    keys[schema.FRESH_TIME] = _DIALECT.bucket(f"fact.{dataset.time}", "hour")
    keys[schema.COMMIT] = f"fact.{schema.COMMIT}"
    sums = {schema.FRESH_COUNT: _DIALECT.count_if("TRUE"), schema.FRESH_VALUE: _DIALECT.sum("fact.value")}
    fresh = schema.fresh_table(dataset)
    return View(f"{fresh}_of", dataset.table, fresh, _summing(keys, sums))


def _fresh_rows(dataset: RowDataset, rollup: RowRollup) -> View:
    """Sums of a rollup of rows; those in which all are 0 are left out."""
    keys = {name: f"fact.{name}" for name, _ in schema.row_rollup_keys(dataset, rollup)}
    if rollup.lead:
        column = dataset.dimension(rollup.lead).column
        keys[schema.lead_column(dataset, rollup)] = _DIALECT.text_key(f"fact.{column}")
    if not rollup.exact:
        keys[schema.DAY] = f"toDate32(fact.{dataset.time_column})"
    keys[schema.COMMIT] = f"fact.{schema.COMMIT}"
    sums = {name: _measured(dataset.measure(name)) for name in rollup.measures}
    some = " OR ".join(f"{value} <> 0" for value in sums.values())
    return View(f"{fresh_of(rollup)}_of", dataset.table, fresh_of(rollup), f"{_summing(keys, sums)} HAVING {some}")


def _measured(measure: Measure) -> str:
    formula = measure.formula
    if not isinstance(formula, CountRows):
        return _DIALECT.sum(f"fact.{formula.column}")
    column = f"fact.{formula.column}" if formula.column else ""
    return _DIALECT.count_if(_DIALECT.has_one_of(column, formula.values))


def _summing(keys: Mapping[str, str], sums: Mapping[str, str]) -> str:
    columns = [f"{text} AS {name}" for name, text in {**keys, **sums}.items()]
    return f"SELECT {', '.join(columns)} FROM {{source}} AS fact GROUP BY {', '.join(keys.values())}"


# On the first shard: they are small, and what is read of them must be read as one.
_ONE_PLACE = "0"
STATE = Table(
    "fact_state",
    (
        ("epoch", "Int64"),
        ("version", "Int64"),
        ("upto", "Int64"),
        ("closed", "Bool"),
        ("gaps", "Array(Tuple(Int64, Int64))"),
        ("merged", "Array(Tuple(String, Int64))"),
        ("fresh", "Array(Tuple(String, Int64))"),
        ("segments", "Array(Tuple(String, Int64))"),
        ("marked", "Int64"),
        ("arrival", "Int64"),
    ),
    ("epoch",),
    _ONE_PLACE,
    ("ReplacingMergeTree", "version"),
)
CLAIM = Table("fact_claim", (("epoch", "Int64"),), ("epoch",), _ONE_PLACE)
SEEN_KEY = Table("seen_key", (("key", "UInt64"), _COMMIT), ("key",), "key", granularity=_KEY_GRANULARITY)
APPEND_KEY = Table(
    "append_key",
    (
        (schema.ORGANISATION, "Int64"),
        ("key_hash", "String"),
        ("fingerprint", "String"),
        ("accepted", "Int64"),
        ("duplicates", "Int64"),
        ("note", "String"),
        ("kept_at", "DateTime64(6, 'UTC')"),
        ("stored_at", "DateTime DEFAULT now()"),
        _COMMIT,
    ),
    (schema.ORGANISATION, "key_hash"),
    _ONE_PLACE,
    ttl="stored_at + INTERVAL 2 DAY",
)
MARK = Table(
    "organisation_mark",
    (
        (schema.ORGANISATION, "Int64"),
        ("dataset", "String"),
        ("zone", "String"),
        ("before", "DateTime64(6, 'UTC')"),
        ("cut", "Int64"),
        ("floor", "Int64"),
        _COMMIT,
    ),
    (schema.ORGANISATION, "dataset"),
    _ONE_PLACE,
)
MEMBER_GROUP = Table(
    "member_group",
    (
        (schema.ORGANISATION, "Int64"),
        ("dataset", "String"),
        ("number", "Int64"),
        ("group_id", "Int64"),
        ("zone", "String"),
        ("members", "String"),
        _COMMIT,
    ),
    (schema.ORGANISATION, "number"),
    _ONE_PLACE,
)
GROUP_MEMBER = Table(
    "group_member",
    (
        (schema.ORGANISATION, "Int64"),
        ("group_id", "Int64"),
        ("subject", "Int64"),
        ("posted_from", "Int64"),
        ("posted_until", "Int64"),
        _COMMIT,
    ),
    (schema.ORGANISATION, "group_id", "subject"),
    _ONE_PLACE,
)
CONTROL = [SEEN_KEY, APPEND_KEY, MARK, GROUP_MEMBER, MEMBER_GROUP, CLAIM, STATE]
