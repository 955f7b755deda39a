"""All datasets in one place, checked when they are collected.

A mistake in a declaration (a name twice, a rollup of an unknown metric, a derived
metric without its parts) stops the import, so it cannot reach an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.model import Dataset


class CatalogueError(Exception):
    """The declarations contradict themselves."""


def collect(datasets: Iterable[Dataset]) -> Mapping[str, Dataset]:
    """Datasets by name, after every check has passed."""
    by_name: dict[str, Dataset] = {}
    tables: set[str] = set()
    for dataset in datasets:
        if dataset.name in by_name:
            raise CatalogueError(f"Dataset '{dataset.name}' is declared twice.")
        by_name[dataset.name] = dataset
        _check_names(dataset)
        _check_references(dataset)
        for table in (dataset.table, *(rollup.name for rollup in dataset.rollups)):
            if table in tables:
                raise CatalogueError(f"Table '{table}' is declared twice.")
            tables.add(table)
    return MappingProxyType(by_name)


def _check_names(dataset: Dataset) -> None:
    for what, names in (
        ("field", [field.name for field in dataset.fields]),
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


def _check_references(dataset: Dataset) -> None:
    metrics = {metric.name for metric in dataset.metrics}
    dimensions = {dimension.name for dimension in dataset.dimensions}
    fields = {field.stored_as for field in dataset.fields}
    references: list[tuple[str, set[str], set[str]]] = [
        ("session", set(dataset.session), fields),
        ("time", {dataset.time}, fields),
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


CATALOGUE: Mapping[str, Dataset] = collect([AD_EVENTS])
