"""The same questions over HTTP have byte-equal answers from both stores.

One server with the demo's data, whose facts go to both; it asks the one or the other, and keeps no answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE
from headwater.demo import fill
from headwater.kit.clock import Clock
from headwater.query.decisions.dashboard import TYPES
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Appended, FactBatch, GroupMember, Store
from tests.clickhouse import drop, new_server
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


def about_ads(chance: Random, ids: dict[str, list[Any]]) -> tuple[str, dict[str, Any]]:
    resource = chance.choice(["creative", "creative_group", "campaign"])
    some = chance.sample(ids[f"{resource}s"], min(len(ids[f"{resource}s"]), chance.randint(1, 5)))
    metrics = chance.sample(AD_EVENTS.groups["base"], chance.randint(1, 6))
    kind = chance.choice(["buckets", "counts", "domains", "flow"])
    start = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(50 * 1440))
    window = {"time_from": start.isoformat(), "time_to": (start + timedelta(hours=chance.randint(1, 400))).isoformat()}
    path = f"/v2/aggregation-api/{kind}"
    if kind == "flow":
        return path, {"creative_id": chance.choice(ids["creatives"])}
    given: dict[str, Any] = {"resource": resource, "id[]": some}
    if kind == "domains":
        return path, {**given, **window}
    given["metric[]"] = metrics
    if kind == "buckets":
        given |= {"time_frame": chance.choice(["hour", "day", "week", "month"]), **window}
        given |= chance.choice([{}, {"fill": "zero"}])
    return path, given


def about_creators(chance: Random, ids: dict[str, list[Any]]) -> tuple[str, dict[str, Any]]:
    kind = chance.choice(["creators", "videos", "campaigns"])
    first = date(2026, 9, 1) + timedelta(days=chance.randrange(60))
    given = {
        "entity": kind.removesuffix("s"),
        "entity_id": chance.choice(ids[f"tracked {kind}"]),
        "metric": chance.choice(["views", "likes", "comments", "shares", "saves"]),
        "mode": chance.choice(["new", "cumulative"]),
        "granularity": chance.choice(["day", "week", "month"]),
        "tz": chance.choice(["UTC", "Europe/Oslo", "Asia/Kathmandu"]),
        "compare": chance.choice(["none", "prior_period"]),
        "from": str(first),
        "to": str(first + timedelta(days=chance.randint(1, 60))),
    }
    if kind != "videos":
        given["breakdown"] = chance.choice(["none", "video"])
    return "/api/v1/analytics", given


def about_decisions(chance: Random, _: dict[str, list[Any]]) -> tuple[str, dict[str, Any]]:
    type_ = chance.choice([one for one in TYPES if one != "why_not_ranked"])
    return "/api/v1/dashboard-data", {"type": type_, "days": chance.randint(1, 90)}


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
