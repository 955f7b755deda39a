"""All datasets in one place, checked when they are collected.

A mistake in a declaration (a name twice, a rollup of an unknown metric, a derived
metric without its parts) stops the import, so it cannot reach an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.creators import CREATOR_SNAPSHOTS, VIDEO_SNAPSHOTS
from headwater.catalogue.decisions import DECISION_DATASETS
from headwater.catalogue.model import CountRows, Dataset, EventDataset, RowDataset, SnapshotDataset

F = TypeVar("F", bound=Dataset)


class CatalogueError(Exception):
    """The declarations contradict themselves."""


def collect(datasets: Iterable[F]) -> Mapping[str, F]:
    """Datasets by name, after every check has passed."""
    by_name: dict[str, F] = {}
    tables: set[str] = set()
    for dataset in datasets:
        if dataset.name in by_name:
            raise CatalogueError(f"Dataset '{dataset.name}' is declared twice.")
        by_name[dataset.name] = dataset
        _check_fields(dataset)
        if isinstance(dataset, EventDataset):
            _check_names(dataset)
            _check_references(dataset)
        if isinstance(dataset, RowDataset):
            _check_rows(dataset)
        for table in _tables(dataset):
            if table in tables:
                raise CatalogueError(f"Table '{table}' is declared twice.")
            tables.add(table)
    return MappingProxyType(by_name)


def _tables(dataset: Dataset) -> list[str]:
    if isinstance(dataset, EventDataset):
        return [dataset.table, *(rollup.name for rollup in dataset.rollups)]
    if isinstance(dataset, SnapshotDataset):
        return [
            dataset.table,
            dataset.ledger,
            dataset.day_rollup,
            *filter(None, [dataset.group_rollup]),
        ]
    if isinstance(dataset, RowDataset):
        below = _tables(dataset.child) if dataset.child else []
        return [dataset.table, *(rollup.name for rollup in dataset.rollups), *below]
    return [dataset.table]


def _check_fields(dataset: Dataset) -> None:
    names = [field.name for field in dataset.fields]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise CatalogueError(f"{dataset.name}: field {sorted(doubled)} is declared twice.")
    counters = dataset.counters if isinstance(dataset, SnapshotDataset) else ()
    for what, named in (
        ("time", (dataset.time,)),
        ("subject", filter(None, [dataset.subject])),
        ("counters", counters),
    ):
        unknown = set(named) - set(names) - {field.stored_as for field in dataset.fields}
        if unknown:
            raise CatalogueError(f"{dataset.name}: {what} names unknown {sorted(unknown)}.")


def _check_names(dataset: EventDataset) -> None:
    for what, names in (
        ("dimension", [dimension.name for dimension in dataset.dimensions]),
        ("metric", [metric.name for metric in dataset.metrics] + [derived.name for derived in dataset.derived]),
        ("rollup", [rollup.name for rollup in dataset.rollups]),
    ):
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise CatalogueError(f"{dataset.name}: {what} {sorted(doubled)} is declared twice.")
    metrics = {metric.name for metric in dataset.metrics} | {derived.name for derived in dataset.derived}
    shadowed = sorted(metrics.intersection(dataset.groups))
    if shadowed:
        raise CatalogueError(f"{dataset.name}: group {shadowed} has the name of a metric.")


def _check_references(dataset: EventDataset) -> None:
    metrics = {metric.name for metric in dataset.metrics}
    dimensions = {dimension.name for dimension in dataset.dimensions}
    fields = {field.stored_as for field in dataset.fields}
    references: list[tuple[str, set[str], set[str]]] = [
        ("session", set(dataset.session), fields),
    ]
    for rollup in dataset.rollups:
        references.append((f"rollup {rollup.name}", set(rollup.metrics), metrics))
        references.append((f"rollup {rollup.name}", set(rollup.dimensions), dimensions))
    for derived in dataset.derived:
        references.append((f"metric {derived.name}", {derived.minuend, derived.subtrahend}, metrics))
    for dimension in dataset.dimensions:
        references.append((f"dimension {dimension.name}", {dimension.column}, fields))
    for group, members in dataset.groups.items():
        references.append((f"group {group}", set(members), metrics))
    for what, named, known in references:
        if named - known:
            raise CatalogueError(f"{dataset.name}: {what} names unknown {sorted(named - known)}.")


def _check_rows(dataset: RowDataset) -> None:
    columns = {field.stored_as for field in dataset.kept}
    dimensions = {dimension.name for dimension in dataset.dimensions}
    measures = {measure.name for measure in dataset.measures}
    references: list[tuple[str, set[str], set[str]]] = [("number", set(filter(None, [dataset.number])), columns)]
    for dimension in dataset.dimensions:
        references.append((f"dimension {dimension.name}", {dimension.column}, columns))
    for measure in dataset.measures:
        optional = isinstance(measure.formula, CountRows) and not measure.formula.column
        references.append((f"measure {measure.name}", set() if optional else {measure.formula.column}, columns))
    for rollup in dataset.rollups:
        references.append((f"rollup {rollup.name}", set(rollup.measures), measures))
        references.append((f"rollup {rollup.name}", {*rollup.dimensions, *filter(None, [rollup.lead])}, dimensions))
    for what, named, known in references:
        if named - known:
            raise CatalogueError(f"{dataset.name}: {what} names unknown {sorted(named - known)}.")
    if dataset.child:
        _check_fields(dataset.child)
        _check_rows(dataset.child)


CATALOGUE: Mapping[str, Dataset] = collect([AD_EVENTS, VIDEO_SNAPSHOTS, CREATOR_SNAPSHOTS, *DECISION_DATASETS])
EVENTS: Mapping[str, EventDataset] = MappingProxyType(
    {name: dataset for name, dataset in CATALOGUE.items() if isinstance(dataset, EventDataset)}
)
SNAPSHOTS: Mapping[str, SnapshotDataset] = MappingProxyType(
    {name: dataset for name, dataset in CATALOGUE.items() if isinstance(dataset, SnapshotDataset)}
)
ROWS: Mapping[str, RowDataset] = MappingProxyType(
    {name: dataset for name, dataset in CATALOGUE.items() if isinstance(dataset, RowDataset)}
)
