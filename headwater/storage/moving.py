"""Moves facts from the embedded store's file into ClickHouse: what is missing there is added, then both are compared.

Facts go through ``append`` like any others, in their order of arrival, so that whatever was cut off is gone
on with: what the target has of a day is the beginning of the same day in the source, or refused. Sums,
segments and groups are made by the target itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from headwater.catalogue.model import Dataset, SnapshotDataset
from headwater.errors import Conflict
from headwater.scope import ALL_PERMISSIONS, Role, Scope
from headwater.storage.clickhouse import taking_in
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.duckdb.leaving import FactFile, Part
from headwater.storage.port import FactBatch
from headwater.storage.prints import CHECKSUMS, NOTHING, Day, FactTable, Print, Prints, fact_tables, table_of, total

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
    """Copy what the target lacks and compare everything; ``tell`` hears how far it is.

    Conflict for a target that holds what is not the beginning of the source's days, and where both are not the
    same in the end, as when somebody writes to the target meanwhile.
    """
    for organisation_id, zone in source.zones().items():
        if target.zone(organisation_id) != zone:
            await target.rezone(organisation_id, zone)
    prints: dict[str, Prints] = {}
    for dataset in catalogue.values():
        prints[dataset.table] = await _move_facts(source, target, dataset, tell, commit_rows)
    await _move_keys(source, target, tell)
    moved = [await _compared(source, target, table, prints.get(table.name)) for table in fact_tables(catalogue)]
    for dataset in catalogue.values():
        if isinstance(dataset, SnapshotDataset):
            there = await target.on_writer(taking_in.steps, dataset)
            _must_be_same(f"what is booked of {dataset.name}", source.steps(dataset), there)
    await target.compact()
    return moved


async def _move_facts(
    source: FactFile, target: ClickHouseStore, dataset: Dataset, tell: Tell, commit_rows: int
) -> Prints:
    """Copy what is missing of a dataset; what both sides then hold, if they are the same."""
    table = table_of(dataset)
    here, there = source.prints(table), await target.on_writer(taking_in.prints, table)
    if here == there:
        return here
    _check(source, dataset, here, there)
    waiting: list[Part] = []
    moved = 0
    for part in source.parts(dataset, there):
        waiting.append(part)
        if sum(one.size for one in waiting) >= commit_rows:
            moved += await _commit(target, dataset, waiting)
            waiting = []
            tell(f"{dataset.name}: {moved:,} rows, up to {part.rows[dataset.time_column][-1].as_py():%Y-%m-%d}")
    moved += await _commit(target, dataset, waiting)
    tell(f"{dataset.name}: {moved:,} rows")
    _must_be_same(table.name, here, await target.on_writer(taking_in.prints, table))
    return here


async def _commit(target: ClickHouseStore, dataset: Dataset, parts: list[Part]) -> int:
    """Store some parts at once; how many rows these were, their children apart."""
    if parts:
        scopes = [Scope(one.organisation_id, 0, Role.owner, ALL_PERMISSIONS, "operator") for one in parts]
        batches = [
            FactBatch(scope, dataset.name, one.rows, children=one.children)
            for scope, one in zip(scopes, parts, strict=True)
        ]
        await target.append(batches)
    return sum(one.rows.num_rows for one in parts)


def _check(source: FactFile, dataset: Dataset, here: Prints, there: Prints) -> None:
    """Whether the target has nothing but beginnings of the source's days."""
    for of, found in there.items():
        if found != here.get(of, NOTHING) and source.first_rows(table_of(dataset), of, found.rows) != found:
            raise Conflict(
                f"The target holds {dataset.name} of organisation {of.organisation_id} on {of.day} that are not those"
                " of the data directory, or not any more: where a plan's retention has taken some away since the last"
                " move, for instance. Move into an empty database.",
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
    tell(f"keys of records and requests: {kept:,}")


async def _compared(source: FactFile, target: ClickHouseStore, table: FactTable, known: Prints | None) -> Moved:
    """A table; children are compared only now, those of datasets were as they were moved."""
    here = known
    if here is None:
        here = source.prints(table)
        _must_be_same(table.name, here, await target.on_writer(taking_in.prints, table))
    return Moved(table.name, len(here), total(here))


def _must_be_same(what: str, here: Mapping[Day, object], there: Mapping[Day, object]) -> None:
    if here != there:
        days = sorted(of for of in {*here, *there} if here.get(of) != there.get(of))
        first = f"organisation {days[0].organisation_id} on {days[0].day}"
        raise Conflict(
            f"Not the same on both sides: {what}, {first} and {len(days) - 1} days more. Does another process write to"
            " the target? Move into an empty database that nobody else uses.",
            field="to",
        )
