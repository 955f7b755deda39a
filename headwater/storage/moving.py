"""Moves facts from the embedded store's file into ClickHouse: what is missing there is added, then both are compared.

Facts go through ``append`` like any others, whole days of organisations in their order of arrival, so
that whatever was cut off is gone on with: a day in the target is the beginning of the same day in the
source, or refused. Sums, segments and groups are made by the target itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from headwater.catalogue.model import Dataset, SnapshotDataset
from headwater.errors import Conflict, InternalError
from headwater.scope import ALL_PERMISSIONS, Role, Scope
from headwater.storage.clickhouse import taking_in
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.duckdb.leaving import FactFile
from headwater.storage.port import FactBatch
from headwater.storage.prints import CHECKSUMS, Day, FactTable, Print, Prints, fact_tables, table_of, total

COMMIT_ROWS: Final = 200_000
_KEYS_AT_ONCE: Final = 1_000_000
Tell = Callable[[str], None]


class Moved(NamedTuple):
    """A table that is the same on both sides."""

    table: str
    days: int
    of: Print


async def move(
    source: FactFile,
    target: ClickHouseStore,
    catalogue: Mapping[str, Dataset],
    tell: Tell = lambda _: None,
    *,
    commit_rows: int = COMMIT_ROWS,
) -> list[Moved]:
    """Copy what the target lacks and compare everything.

    Conflict for a target that holds facts which the source does not; InternalError where both are not the
    same in the end.
    """
    for organisation_id, zone in source.zones().items():
        if target.zone(organisation_id) != zone:
            await target.rezone(organisation_id, zone)
    for dataset in catalogue.values():
        await _move_facts(source, target, dataset, tell, commit_rows)
    await _move_keys(source, target, tell)
    moved = [await _compared(source, target, table) for table in fact_tables(catalogue)]
    for dataset in catalogue.values():
        if isinstance(dataset, SnapshotDataset):
            await _compare_steps(source, target, dataset)
    await target.compact()
    return moved


async def _move_facts(
    source: FactFile, target: ClickHouseStore, dataset: Dataset, tell: Tell, commit_rows: int
) -> None:
    table = table_of(dataset)
    here, there = source.prints(table), await target.on_writer(taking_in.prints, table)
    _check(source, dataset, here, there)
    group: list[FactBatch] = []
    rows = 0
    for batch in _missing(source, dataset, here, there, commit_rows):
        group.append(batch)
        rows += batch.rows.num_rows
        if rows >= commit_rows:
            await target.append(group)
            tell(f"{dataset.name}: {rows:,} more, up to {batch.rows[dataset.time_column][-1].as_py():%Y-%m-%d}")
            group, rows = [], 0
    if group:
        await target.append(group)
        tell(f"{dataset.name}: {rows:,} more")


def _missing(source: FactFile, dataset: Dataset, here: Prints, there: Prints, commit_rows: int) -> Iterator[FactBatch]:
    for of in sorted(here):
        known = there[of].rows if of in there else 0
        if known == here[of].rows:
            continue
        scope = Scope(of.organisation_id, 0, Role.owner, ALL_PERMISSIONS, "operator")
        for rows, children in source.rows(dataset, of, known, commit_rows):
            yield FactBatch(scope, dataset.name, rows, children=children)


def _check(source: FactFile, dataset: Dataset, here: Prints, there: Prints) -> None:
    """Whether the target has nothing but beginnings of the source's days."""
    for of, found in there.items():
        own = here.get(of, Print(0, 0))
        if found != own and source.first_rows(dataset, of, found.rows) != found:
            raise Conflict(
                f"The target holds {dataset.name} of organisation {of.organisation_id} on {of.day} that are not those"
                " of the data directory. Move into an empty database.",
                field="to",
            )


async def _move_keys(source: FactFile, target: ClickHouseStore, tell: Tell) -> None:
    """What is kept of records that are gone, and of requests; of those that are there, ``append`` has kept it."""
    parts = source.key_count() // _KEYS_AT_ONCE + 1
    kept = 0
    for part in range(parts):
        low, high = CHECKSUMS * part // parts, CHECKSUMS * (part + 1) // parts - 1
        kept += await target.on_writer(taking_in.keep_keys, source.keys(low, high), low, high)
    kept += await target.on_writer(taking_in.keep_append_keys, source.append_keys())
    tell(f"keys of records and requests: {kept:,} more")


async def _compared(source: FactFile, target: ClickHouseStore, table: FactTable) -> Moved:
    here, there = source.prints(table), await target.on_writer(taking_in.prints, table)
    _must_be_same(table.name, here, there)
    return Moved(table.name, len(here), total(here))


async def _compare_steps(source: FactFile, target: ClickHouseStore, dataset: SnapshotDataset) -> None:
    there = await target.on_writer(taking_in.steps, dataset)
    _must_be_same(f"what is booked of {dataset.name}", source.steps(dataset), there)


def _must_be_same(what: str, here: Mapping[Day, object], there: Mapping[Day, object]) -> None:
    if here != there:
        days = sorted(of for of in {*here, *there} if here.get(of) != there.get(of))
        first = f"organisation {days[0].organisation_id} on {days[0].day}"
        raise InternalError(f"Not the same on both sides: {what}, {first} and {len(days) - 1} days more.")
