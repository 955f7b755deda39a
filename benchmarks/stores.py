"""The same questions of the same events on both fact stores, by turns: ClickHouse in process, so without a network."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks import cold, data
from headwater.app import Headwater
from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE
from headwater.settings import Settings
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.port import FactBatch
from tests.clickhouse import drop, new_server

_CHUNK = 1_000_000
_TURNS = 170


class Both(NamedTuple):
    """Median milliseconds of an uncached answer on each store; the answers were the same."""

    duckdb_ms: float
    clickhouse_ms: float


def compare(path: Path, events: int) -> dict[str, Both]:
    """Each question of ``cold.QUESTIONS``."""
    return asyncio.run(_compare(path, events))


async def _compare(path: Path, events: int) -> dict[str, Both]:
    server = new_server()
    settings = Settings(data_dir=str(path), jobs=False, cache_bytes=0)
    embedded, scaled = Headwater(settings), Headwater(settings, store=ClickHouseStore(server, CATALOGUE))
    for headwater in (embedded, scaled):
        await headwater.start()
    try:
        await _fill(scaled, path, events)
        return {question: await _asked(embedded, scaled, path, question) for question in cold.QUESTIONS}
    finally:
        for headwater in (scaled, embedded):
            await headwater.stop()
        drop(server)


async def _fill(headwater: Headwater, path: Path, events: int) -> None:
    """The events that the directory was made with."""
    services, creatives = headwater.services, data.facts(path).creatives
    scope = await services.control.access.operator_scope(1)
    for first in range(0, events, _CHUNK):
        rows = data.ad_events(first, min(_CHUNK, events - first), events, creatives)
        await services.store.append([FactBatch(scope, AD_EVENTS.name, rows)])
    await services.store.compact()


async def _asked(embedded: Headwater, scaled: Headwater, path: Path, question: str) -> Both:
    known, query = data.facts(path), cold.QUESTIONS[question][0]
    headers = {"authorization": f"Bearer {known.key}"}
    took: tuple[list[float], list[float]] = ([], [])
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(one.app), base_url="http://headwater", headers=headers)
        for one in (embedded, scaled)
    ]
    for turn in range(_TURNS):
        ids = ",".join(map(str, cold.chosen(known.creatives, turn)))
        answers = []
        for client, times in zip(clients, took, strict=True):
            began = time.perf_counter()
            answers.append(await client.get(f"/v2/aggregation-api/{query}&id={ids}"))
            times.append((time.perf_counter() - began) * 1000)
        if len({(answer.status_code, answer.content) for answer in answers}) > 1:
            raise SystemExit(f"The stores do not agree about {query}&id={ids}.")
    for client in clients:
        await client.aclose()
    return Both(*(statistics.median(times) for times in took))
