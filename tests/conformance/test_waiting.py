"""Daily sums of small commits come later; no answer shows it, and no end of the process loses them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pytest

from headwater.catalogue.decisions import DECISION_TRACES, INTERACTIONS, TRACE_OFFERS
from headwater.catalogue.model import CountRows, RowDataset
from headwater.catalogue.registry import ROWS
from headwater.query.decisions.compile import compile_tally
from headwater.query.decisions.tally import Tally
from headwater.scope import Scope
from headwater.storage import schema
from headwater.storage.duckdb import store as store_module
from headwater.storage.duckdb import tallies
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import FactBatch, Row, Store
from tests.conformance.facts import opened
from tests.decisions.random_facts import interactions, traces
from tests.decisions.world import ELSEWHERE, SCOPE, batch, interaction, send

DAY = "2026-03-29"
TALLIES = [
    Tally(INTERACTIONS, ("impressions", "positive", "interactions", "revenue"), ("offer", "channel", "day")),
    Tally(DECISION_TRACES, ("traces", "scored"), ("channel", "flow", "day")),
    Tally(TRACE_OFFERS, ("scores", "score_sum"), ("offer", "bucket", "day")),
]


def shown(times: int = 1, day: str = DAY, scope: Scope = SCOPE) -> FactBatch:
    return batch("interactions", [interaction(day, "off_gold", "ch_mail", "impression")] * times, scope=scope)


async def impressions(store: Store) -> int:
    tally = Tally(INTERACTIONS, ("impressions",), ())
    ((count,),) = await store.fetch(compile_tally(tally, SCOPE, store.dialect))
    return int(count)


async def tallied(store: Store) -> list[list[Row]]:
    return [
        await store.fetch(compile_tally(tally, scope, store.dialect))
        for tally in TALLIES
        for scope in (SCOPE, ELSEWHERE)
    ]


async def in_rollup(store: DuckDBStore) -> int:
    """What the rollup holds after all that the writer was given."""

    def read() -> int:
        (count,) = store._root.execute("SELECT coalesce(sum(impressions), 0) FROM interaction_day").fetchone() or (0,)
        return int(count)

    return await store._write(read)


async def test_a_commit_of_many_is_summed_at_once_and_one_of_few_when_asked_for() -> None:
    async with opened() as store:
        await store.append([shown(300)])
        assert await in_rollup(store) == 300
        await store.append([shown(256)])
        assert await in_rollup(store) == 300
        assert await impressions(store) == 556
        assert await in_rollup(store) == 556


async def test_it_is_summed_soon_though_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_SETTLE_SECONDS", 0)
    async with opened() as store:
        for total in (1, 2):
            await store.append([shown()])
            await asyncio.sleep(0.01)
            assert await in_rollup(store) == total


async def test_what_is_rolled_back_is_not_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as store:
        await store.append([shown()])
        with monkeypatch.context() as broken:
            broken.setattr(store_module.appending, "_remember", _fails)
            with pytest.raises(duckdb.Error):
                await store.append([shown(3)])
        assert await impressions(store) == 1


async def test_sums_that_fail_wait_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as store:
        await store.append([shown(2)])
        with monkeypatch.context() as broken:
            broken.setattr(tallies, "add_daily", _fails)
            with pytest.raises(duckdb.Error):
                await impressions(store)
        assert await impressions(store) == 2


async def test_they_are_there_after_a_stop(tmp_path: Path) -> None:
    async with opened(tmp_path / "facts.duckdb") as store:
        await store.append([shown(5)])
    with duckdb.connect(str(tmp_path / "facts.duckdb")) as connection:
        assert connection.execute("SELECT sum(impressions) FROM interaction_day").fetchone() == (5,)


async def test_a_killed_process_s_are_made_good(tmp_path: Path) -> None:
    """Some days have none of their sums then, some have some, and some all."""
    random = Random(4)
    async with opened(tmp_path / "facts.duckdb") as store:
        for scope in (SCOPE, ELSEWHERE, SCOPE):
            await send(store, "interactions", interactions(random, 300), scope=scope)
            await send(store, "decision-traces", traces(random, 300), scope=scope)
            await store.compact()
        for scope in (SCOPE, ELSEWHERE):
            await send(store, "interactions", interactions(random, 20), scope=scope)
            await send(store, "decision-traces", traces(random, 4), scope=scope)
        _killed(tmp_path)
        expected = await tallied(store)
    async with opened(tmp_path / "killed" / "facts.duckdb") as again:
        assert not again._waiting
        assert await tallied(again) == expected
        await again.compact()
        assert await tallied(again) == expected


async def test_days_that_are_whole_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path / "facts.duckdb") as store:
        await store.append([shown(300), shown(300, "2026-03-01", ELSEWHERE)])
        await store.append([shown(2, "2026-03-01")])
        _killed(tmp_path)
    summed: list[list[tuple[int, str]]] = []

    def seen(_: object, dataset: RowDataset, rows: pa.Table) -> int:
        summed.append([(row[schema.ORGANISATION], str(row[dataset.time_column].date())) for row in rows.to_pylist()])
        return 0

    monkeypatch.setattr(tallies, "add_daily", seen)
    async with opened(tmp_path / "killed" / "facts.duckdb"):
        assert summed == [[(1, "2026-03-01")] * 2]


@pytest.mark.parametrize("dataset", [one for one in ROWS.values() if one.rollups], ids=lambda one: one.name)
def test_a_count_of_every_fact_tells_whether_all_are_summed(dataset: RowDataset) -> None:
    counted = [name for one in schema.daily_rollups(dataset) for name in one.measures]
    assert any(dataset.measure(name).formula == CountRows() for name in counted)


def _killed(folder: Path) -> None:
    """What the disk holds now, as a process that is killed leaves it."""
    (folder / "killed").mkdir()
    for file in folder.glob("facts.duckdb*"):
        shutil.copy(file, folder / "killed" / file.name)


def _fails(*_: object) -> None:
    raise duckdb.OutOfMemoryException("no more")
