"""Questions that no cache can answer, beside the same question put to DuckDB by hand, in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from benchmarks.asking import Connection

IDS = 10
_DAYS = ("2026-01-05", "2026-03-01")


class Cold(NamedTuple):
    """Median milliseconds of the endpoint and of the bare query."""

    endpoint_ms: float
    bare_ms: float


def chosen(ids: list[int], turn: int) -> list[int]:
    """Ten ids, others at each turn."""
    return sorted({ids[(turn * 7 + place * 13 + turn * turn) % len(ids)] for place in range(IDS)})


def _marks(ids: list[int]) -> str:
    return ", ".join("?" * len(ids))


def buckets_sql(ids: list[int]) -> str:
    """Daily impressions and clicks, as one would write it."""
    return (
        "SELECT creative_id, day, sum(impressions)::BIGINT, sum(link_clicks)::BIGINT FROM ad_day"
        f" WHERE organisation_id = 1 AND creative_id IN ({_marks(ids)}) AND day >= DATE '{_DAYS[0]}'"
        f" AND day <= DATE '{_DAYS[1]}' GROUP BY 1, 2 ORDER BY 1, 2"
    )


def counts_sql(ids: list[int]) -> str:
    """Lifetime totals."""
    return (
        "SELECT creative_id, sum(impressions)::BIGINT, sum(started)::BIGINT, sum(interacted)::BIGINT FROM ad_lifetime"
        f" WHERE organisation_id = 1 AND creative_id IN ({_marks(ids)}) GROUP BY 1 ORDER BY 1"
    )


def domains_sql(ids: list[int]) -> str:
    """By domain and DSP."""
    return (
        "SELECT creative_id, domain, dsp, sum(impressions)::BIGINT, sum(interacted)::BIGINT, sum(link_clicks)::BIGINT"
        f" FROM ad_placement_day WHERE organisation_id = 1 AND creative_id IN ({_marks(ids)})"
        f" AND day >= DATE '{_DAYS[0]}' AND day <= DATE '{_DAYS[1]}' GROUP BY 1, 2, 3"
    )


_WINDOW = f"time_from={_DAYS[0]}&time_to={_DAYS[1]}"
QUESTIONS: dict[str, tuple[str, Callable[[list[int]], str]]] = {
    "buckets": (f"buckets?resource=creative&time_frame=day&metric=impressions,link_clicks&{_WINDOW}", buckets_sql),
    "counts": ("counts?resource=creative", counts_sql),
    "domains": (f"domains?resource=creative&{_WINDOW}", domains_sql),
}


class Turn(NamedTuple):
    """The same asked twice."""

    target: str
    bare: Callable[[], Any]


def by_turns(url: str, key: str, turns: Iterable[Turn], check: Callable[[bytes, Any], None] | None = None) -> Cold:
    """Endpoint and bare query, in turn; both answers of each are looked at when all have come."""
    ours: list[float] = []
    floor: list[float] = []
    answers: list[tuple[bytes, Any]] = []
    with Connection(url, key) as connection:
        for turn in turns:
            began = time.perf_counter()
            body = connection.get(turn.target)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            rows = turn.bare()
            floor.append(time.perf_counter() - began)
            answers.append((body, rows))
    if check is not None:
        for body, rows in answers:
            check(body, rows)
    return Cold(statistics.median(ours) * 1000, statistics.median(floor) * 1000)


def cold(url: str, key: str, copy: Path, creatives: list[int], question: str, rounds: int = 150) -> Cold:
    """Endpoint and bare query by turns, each time about other ids."""
    path, sql = QUESTIONS[question]
    bare = duckdb.connect(str(copy), read_only=True, config={"threads": 2})

    def turn(number: int) -> Turn:
        ids = chosen(creatives, number)
        target = f"/v2/aggregation-api/{path}&id={','.join(map(str, ids))}"
        return Turn(target, lambda: bare.execute(sql(ids), ids).fetchall())

    with bare:
        return by_turns(url, key, map(turn, range(rounds)))
