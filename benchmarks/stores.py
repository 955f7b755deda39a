"""The same questions of the same events on both fact stores, by turns: ClickHouse in process, so without a network."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx

from benchmarks import cold, data
from headwater.app import Headwater
from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE
from headwater.settings import Settings
from headwater.storage.clickhouse.store import ClickHouseStore
from headwater.storage.port import FactBatch
from tests.clickhouse import drop, new_server
from tests.sampled import about_ads

_CHUNK = 1_000_000
_TURNS = 50
_RANDOM_QUESTIONS = 500
_NOTHING_BYTES = 100
"""An answer of so few holds hardly a figure."""


class Both(NamedTuple):
    """Median milliseconds of an uncached answer on each store; all were the same, and so many ``filled``."""

    duckdb_ms: float
    clickhouse_ms: float
    filled: int


class _Question(NamedTuple):
    path: str
    params: dict[str, Any]


def compare(path: Path, events: int) -> dict[str, Both]:
    """Each question of ``cold.QUESTIONS``, about other ids at each turn, and random ones over all that may be asked."""
    return asyncio.run(_compare(path, events))


async def _compare(path: Path, events: int) -> dict[str, Both]:
    server = new_server()
    settings = Settings(data_dir=str(path), jobs=False, cache_bytes=0)
    embedded, scaled = Headwater(settings), Headwater(settings, store=ClickHouseStore(server, CATALOGUE))
    for headwater in (embedded, scaled):
        await headwater.start()
    try:
        await _fill(scaled, path, events)
        async with _client(embedded, path) as here, _client(scaled, path) as there:
            asked = {question: _turns(path, question) for question in cold.QUESTIONS}
            asked[f"{_RANDOM_QUESTIONS} random questions"] = await _random(here, events)
            return {name: await _asked(here, there, questions) for name, questions in asked.items()}
    finally:
        for headwater in (scaled, embedded):
            await headwater.stop()
        drop(server)


def _client(headwater: Headwater, path: Path) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {data.facts(path).key}"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(headwater.app), base_url="http://headwater", headers=headers, timeout=60
    )


async def _fill(headwater: Headwater, path: Path, events: int) -> None:
    """The events that the directory was made with."""
    services, creatives = headwater.services, data.facts(path).creatives
    scope = await services.control.access.operator_scope(1)
    for first in range(0, events, _CHUNK):
        rows = data.ad_events(first, min(_CHUNK, events - first), events, creatives)
        await services.store.append([FactBatch(scope, AD_EVENTS.name, rows)])
    await services.store.compact()


def _turns(path: Path, question: str) -> list[_Question]:
    creatives, (asked, _) = data.facts(path).creatives, cold.QUESTIONS[question]
    kind, _, query = asked.partition("?")
    given = dict(parse_qsl(query))
    turns = (",".join(map(str, cold.chosen(creatives, turn))) for turn in range(_TURNS))
    return [_Question(f"/v2/aggregation-api/{kind}", {**given, "id": ids}) for ids in turns]


async def _random(client: httpx.AsyncClient, events: int) -> list[_Question]:
    """The same ones each time, over the days that events were invented for."""
    kinds = ("creatives", "creative_groups", "campaigns")
    ids = {kind: [one["id"] for one in (await client.get(f"/api/v2/{kind}")).json()["data"]] for kind in kinds}
    chance = Random(events)
    return [_Question(*about_ads(chance, ids, data.START.date(), data.DAYS)) for _ in range(_RANDOM_QUESTIONS)]


async def _asked(here: httpx.AsyncClient, there: httpx.AsyncClient, questions: list[_Question]) -> Both:
    took: tuple[list[float], list[float]] = ([], [])
    filled = 0
    for question in questions:
        answers = []
        for client, times in zip((here, there), took, strict=True):
            began = time.perf_counter()
            answers.append(await client.get(question.path, params=question.params))
            times.append((time.perf_counter() - began) * 1000)
        if len({answer.content for answer in answers}) > 1 or any(answer.status_code != 200 for answer in answers):
            raise SystemExit(f"The stores do not agree about {question}: {[answer.text[:500] for answer in answers]}")
        filled += len(answers[0].content) > _NOTHING_BYTES
    if 2 * filled <= len(questions):
        raise SystemExit(f"Only {filled} of {len(questions)} answers hold anything, which says little of the stores.")
    return Both(*(statistics.median(times) for times in took), filled)
