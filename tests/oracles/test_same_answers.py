"""The same questions over HTTP have byte-equal answers from both stores.

One server with the demo's data, whose facts go to both; it asks the one or the other, and keeps no answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from headwater.catalogue.registry import CATALOGUE
from headwater.demo import fill
from headwater.kit.clock import Clock
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Appended, FactBatch, GroupMember, Store
from tests.clickhouse import drop, new_server
from tests.sampled import about_ads, about_creators, about_decisions
from tests.serving import Server, serving

pytestmark = [pytest.mark.scaled, pytest.mark.asyncio(loop_scope="module")]
NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
BATCHES, IN_A_BATCH = 20, 25


class Twins:
    """Two stores that are told the same; what is asked, one of them answers."""

    def __init__(self, *stores: Store) -> None:
        self.stores = stores
        self.answering = stores[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.answering, name)

    async def start(self) -> None:
        for store in self.stores:
            await store.start()

    async def stop(self) -> None:
        for store in self.stores:
            await store.stop()

    async def append(self, batches: Sequence[FactBatch]) -> list[Appended]:
        first, second = [await store.append(batches) for store in self.stores]
        assert first == second
        return first

    async def rezone(self, organisation_id: int, zone: str) -> None:
        for store in self.stores:
            await store.rezone(organisation_id, zone)

    async def keep_group(
        self, dataset: str, organisation_id: int, number: int, members: Sequence[GroupMember], fingerprint: str
    ) -> None:
        for store in self.stores:
            await store.keep_group(dataset, organisation_id, number, members, fingerprint)

    async def drop_groups(self, organisation_id: int, numbers: Sequence[int]) -> None:
        for store in self.stores:
            await store.drop_groups(organisation_id, numbers)


class Asked(NamedTuple):
    """The server, the key of the demo's company, and what may be asked about."""

    server: Server
    twins: Twins
    key: str
    ids: dict[str, list[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("twins")
    place, made = new_server(), list[Twins]()

    def both(clock: Clock) -> Any:
        embedded = DuckDBStore(folder / "facts.duckdb", CATALOGUE, clock=clock)
        made.append(Twins(embedded, ClickHouseStore(place, CATALOGUE, clock=clock)))
        return made[0]

    async with serving(folder, facts=both, cache_bytes=0) as server:
        server.clock.now = NOW
        demo = await fill.fill(server.services, server.clock, folder, lambda _: None)
        asked = Asked(server, made[0], demo.api_key, {})
        for kind in ("creatives", "creative_groups", "campaigns"):
            asked.ids[kind] = [one["id"] for one in (await got(asked, f"/api/v2/{kind}"))["data"]]
        for kind in ("creators", "videos", "campaigns"):
            found = (await got(asked, f"/api/v1/{kind}"))["data"]
            asked.ids[f"tracked {kind}"] = [one["id"] for one in found]
        yield asked
    drop(place)


async def got(asked: Asked, path: str, **params: Any) -> Any:
    answer = await answered(asked, path, params)
    return answer.json()


async def answered(asked: Asked, path: str, params: dict[str, Any]) -> Any:
    headers = {"authorization": f"Bearer {asked.key}"}
    answer = await asked.server.client.get(path, params=params, headers=headers)
    assert answer.status_code == 200, (path, params, answer.text)
    return answer


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.slow if seed > 3 else ()) for seed in range(BATCHES)]
)
async def test_random_questions_have_the_same_bytes_for_answers(asked: Asked, seed: int) -> None:
    """Five hundred in all, a hundred of them in the fast tests; fresh first, then merged."""
    chance = Random(seed)
    filled = 0
    if seed == 2:
        for store in asked.twins.stores:
            await store.compact()
    for _ in range(IN_A_BATCH):
        path, params = chance.choice([about_ads, about_creators, about_decisions])(chance, asked.ids)
        bodies = []
        for store in asked.twins.stores:
            asked.twins.answering = store
            bodies.append((await answered(asked, path, params)).content)
        assert bodies[0] == bodies[1], (path, params)
        filled += len(bodies[0]) > 100
    assert filled > IN_A_BATCH // 2
