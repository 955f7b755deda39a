"""What is derived from a dataset's raw facts, and how it is kept: sums of events, steps of snapshots, tallies of rows.

``store`` goes through a ``Keeper`` and need not know which kind a dataset is of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import duckdb

from headwater.catalogue.model import Dataset, EventDataset, RowDataset, SnapshotDataset
from headwater.storage.duckdb import rollups, steps, tallies, waiting

_Connection = duckdb.DuckDBPyConnection


class Keeper(NamedTuple):
    """The work of one dataset, each step on a connection.

    ``merge`` builds the next sorted tables beside the writer and answers the last
    commit that they hold; ``swap`` puts them in place. ``recover`` drops or makes good what
    a process that was killed left undone.
    """

    merge: Callable[[_Connection], int]
    swap: Callable[[_Connection, int], None]
    recover: Callable[[_Connection], None]
    largest: Callable[[_Connection], int]
    fresh_count: Callable[[_Connection], int]


def keeper(dataset: Dataset) -> Keeper:
    """The keeper of a dataset's kind."""
    if isinstance(dataset, EventDataset):
        return _of_events(dataset)
    if isinstance(dataset, SnapshotDataset):
        return _of_snapshots(dataset)
    if isinstance(dataset, RowDataset):
        return _of_rows(dataset)
    raise TypeError(f"{dataset.name} is of no kind that can be kept.")


def _of_events(dataset: EventDataset) -> Keeper:
    return Keeper(
        merge=lambda connection: rollups.merge(connection, dataset),
        swap=lambda connection, upto: rollups.swap(connection, dataset, upto),
        recover=lambda connection: rollups.drop_unfinished(connection, dataset),
        largest=lambda connection: rollups.largest(connection, dataset),
        fresh_count=lambda connection: rollups.fresh_count(connection, dataset),
    )


def _of_snapshots(dataset: SnapshotDataset) -> Keeper:
    return Keeper(
        merge=lambda connection: steps.merge(connection, dataset),
        swap=lambda connection, upto: steps.swap(connection, dataset, upto),
        recover=lambda connection: steps.drop_unfinished(connection, dataset),
        largest=lambda connection: steps.largest(connection, dataset),
        fresh_count=lambda connection: steps.fresh_count(connection, dataset),
    )


def _of_rows(dataset: RowDataset) -> Keeper:
    def recover(connection: _Connection) -> None:
        tallies.drop_unfinished(connection, dataset)
        waiting.make_good(connection, dataset)

    return Keeper(
        merge=lambda connection: tallies.merge(connection, dataset),
        swap=lambda connection, upto: tallies.swap(connection, dataset, upto),
        recover=recover,
        largest=lambda connection: tallies.largest(connection, dataset),
        fresh_count=lambda connection: tallies.fresh_count(connection, dataset),
    )
