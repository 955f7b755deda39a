"""The seeded facts in every place a question can be answered from, each made once."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import pytest_asyncio

from headwater.query.run import Engine
from headwater.storage.port import Store
from tests.clickhouse import opened_clickhouse
from tests.conformance.facts import engine, opened

from .seeded import COMMITS, TREES, commits

MERGED_AFTER = {"fresh": 0, "half": COMMITS // 2, "merged": COMMITS}


class Places(NamedTuple):
    """An engine for each place, and the raw facts for the hand-written SQL."""

    engines: dict[str, Engine]
    raw: duckdb.DuckDBPyConnection


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def places(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Places]:
    folder = tmp_path_factory.mktemp("oracles")
    async with AsyncExitStack() as open_stores:
        for name, merged_after in MERGED_AFTER.items():
            async with opened(folder / f"{name}.duckdb") as store:
                await _fill(store, merged_after)
        raw = open_stores.enter_context(duckdb.connect(str(_copy(folder / "half.duckdb"))))
        engines = {}
        for name, merged_after in MERGED_AFTER.items():
            clickhouse = await open_stores.enter_async_context(opened_clickhouse())
            await _fill(clickhouse, merged_after)
            engines[f"clickhouse, {name}"] = engine(clickhouse, TREES)
            store = await open_stores.enter_async_context(opened(folder / f"{name}.duckdb"))
            engines[name] = engine(store, TREES)
        yield Places(engines, raw)


async def _fill(store: Store, merged_after: int) -> None:
    for number, commit in enumerate(commits(), start=1):
        await store.append(commit)
        if number == merged_after:
            await store.compact()


def _copy(path: Path) -> Path:
    """Its own file, since an open store keeps its own to itself."""
    return Path(shutil.copy(path, path.with_name("raw.duckdb")))
