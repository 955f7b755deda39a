"""``python -m benchmarks``: measure, print a table, keep it under ``benchmarks/.work``."""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import (
    cold,
    console,
    creators,
    creators_data,
    data,
    decisions,
    decisions_data,
    intake,
    recommend,
    servers,
    shared,
    stores,
    warm,
)
from benchmarks.asking import Connection

Rows = list[tuple[str, str, str]]
_LARGE = 10_000


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000, help="events behind the questions")
    parser.add_argument(
        "--growth", default="", help="more sizes to ask the same questions of, for instance 1000000,100000000"
    )
    parser.add_argument("--batches", type=int, default=3000, help="batches of 500 events to send")
    parser.add_argument(
        "--only",
        choices=("ads", "creators", "decisions", "console", "shared", "stores"),
        help="measure only these, and no intake",
    )
    arguments = parser.parse_args()
    rows: Rows = []
    if arguments.only in (None, "ads"):
        rows += _ads(arguments.events, [int(size) for size in arguments.growth.split(",") if size])
    if arguments.only in (None, "creators"):
        rows += _creators()
    if arguments.only in (None, "decisions"):
        rows += [*_decisions(), *_recommend()]
    if arguments.only in (None, "console"):
        rows += _console()
    if arguments.only in (None, "stores"):
        rows += _stores(arguments.events)
    if arguments.only in (None, "shared"):
        rows += _shared(arguments.events)
    if arguments.only is None:
        rows += _intake(arguments.events, arguments.batches)
        rows += _start(arguments.events)
    _write(rows)


def _ads(events: int, more: list[int]) -> Rows:
    rows = _warm(events)
    for size in sorted([events, *more]):
        rows += _cold(size)
    return rows


def _warm(events: int) -> Rows:
    path = data.directory(events)
    known = data.facts(path)
    rows: Rows = []
    ids = ",".join(map(str, cold.chosen(known.creatives, 1)))
    with servers.bare_app() as floor, servers.headwater(path, jobs=False) as (url, _, _):
        for question, (query, _) in cold.QUESTIONS.items():
            target = f"{url}/v2/aggregation-api/{query}&id={ids}"
            rows += _warm_question(question, target, known.key, floor)
    return rows


def _warm_question(question: str, target: str, key: str, floor: str) -> Rows:
    rows: Rows = []
    with Connection(target, key) as connection:
        size = len(connection.get(urlsplit(target)._replace(scheme="", netloc="").geturl()))
    warm.load(target, 1, key, seconds=1)
    for connections in (1, 16):
        base = warm.load(floor, connections)
        ours = warm.load(target, connections, key)
        floor_words = f"bare ASGI ({base.per_second:,.0f}/s, p99 {base.p99_ms:.2f} ms)"
        share = f"{ours.per_second / base.per_second:.0%} of {floor_words}"
        if size > _LARGE:
            like = warm.load(f"{floor}/{size}", connections)
            share += f", {ours.per_second / like.per_second:.0%} of one that sends {size // 1000} kB, too"
        tail = f"p50 {ours.p50_ms:.2f} ms, p99 {ours.p99_ms:.2f} ms"
        rows.append((f"warm {question}, {connections} conn.", f"{ours.per_second:,.0f} req/s, {tail}", share))
    return rows


def _shared(events: int) -> Rows:
    """Kept answers of one process on its own and of one that shares a server, turn by turn on one core."""
    path = data.directory(events)
    known = data.facts(path)
    query = f"{cold.QUESTIONS['counts'][0]}&id={','.join(map(str, cold.chosen(known.creatives, 1)))}"
    rows: Rows = []
    with shared.server() as cache_url:
        idle, busy = shared.catch_up_ms(cache_url)
        rows.append(("catch-up, nothing new", f"p50 {idle:.3f} ms", f"{busy:.3f} ms with one change to apply"))
        for connections in (1, 16):
            seen = []
            for url_of_cache in ("", cache_url):
                with servers.headwater(path, jobs=False, cache_url=url_of_cache) as (url, _, _):
                    target = f"{url}/v2/aggregation-api/{query}"
                    warm.load(target, 1, known.key, seconds=1)
                    seen.append(warm.load(target, connections, known.key))
            alone, ours = seen
            words = f"{ours.per_second:,.0f} req/s, p50 {ours.p50_ms:.2f} ms, p99 {ours.p99_ms:.2f} ms"
            against = f"{ours.per_second / alone.per_second:.0%} of one on its own ({alone.per_second:,.0f}/s)"
            rows.append((f"warm counts with cache_url, {connections} conn.", words, against))
    return rows


def _stores(events: int) -> Rows:
    return [
        (
            f"cold {question}, {events:,} events, ClickHouse in process",
            f"p50 {found.clickhouse_ms:.2f} ms",
            f"{found.clickhouse_ms / found.duckdb_ms:.2f} × on DuckDB ({found.duckdb_ms:.2f} ms),"
            f" {found.filled} answers that hold something, all the same",
        )
        for question, found in stores.compare(data.directory(events), events).items()
    ]


def _creators() -> Rows:
    path = creators_data.directory()
    known = creators_data.facts(path)
    creators_data.bare_copy(path)
    size = f"{creators_data.VIDEOS:,} videos × {creators_data.DAYS} days"
    rows: Rows = []
    with servers.bare_app() as floor, servers.headwater(path, jobs=False) as (url, _, _):
        for question in creators.QUESTIONS:
            rows += _warm_question(question, creators.target(url, known, question, 0), known.key, floor)
    with servers.headwater(path, "0,1", jobs=False) as (url, _, _):
        for question in creators.QUESTIONS:
            found = creators.cold(url, path, question)
            ratio = f"{found.endpoint_ms / found.bare_ms:.2f} × bare DuckDB ({found.bare_ms:.2f} ms)"
            rows.append((f"cold {question}, {size}", f"p50 {found.endpoint_ms:.2f} ms", ratio))
    return rows


def _decisions() -> Rows:
    path = decisions_data.directory()
    known = decisions_data.facts(path)
    asked = decisions.statements(path)
    rows: Rows = []
    with servers.bare_app() as floor, servers.headwater(path, jobs=False) as (url, _, _):
        for question in decisions.QUESTIONS:
            rows += _warm_question(question, decisions.target(url, question, 0), known.key, floor)
    with servers.headwater(path, "0,1", jobs=False) as (url, _, _):
        for question in decisions.QUESTIONS:
            found = decisions.cold(url, path, question, asked[question])
            ratio = "no statement"
            if any(asked[question]):
                ratio = f"{found.endpoint_ms / found.bare_ms:.2f} × its statements ({found.bare_ms:.2f} ms)"
            rows.append((f"cold {question}", f"p50 {found.endpoint_ms:.2f} ms", ratio))
    return rows


def _recommend() -> Rows:
    data.WORK.mkdir(exist_ok=True)
    folder = tempfile.TemporaryDirectory(dir=data.WORK)
    with folder as path, servers.headwater(Path(path), "0,1", jobs=False) as (url, _, _):
        return recommend.rows(url)


def _console() -> Rows:
    data.WORK.mkdir(exist_ok=True)
    folder = tempfile.TemporaryDirectory(dir=data.WORK)
    with folder as path:
        with servers.headwater(Path(path), "0,1", jobs=False, demo=True):
            pass  # The demo is made at the first start; pages are measured on the second, whose caches are empty.
        with servers.headwater(Path(path), "0", jobs=False) as (url, _, _):
            pages, assets = console.walk(url, Path(path))
    rows = [
        (
            f"page {one.path}",
            f"first {one.first_ms:.0f} ms, then p50 {one.again_ms:.1f} ms",
            f"{one.weight / 1000:.0f} kB",
        )
        for one in pages
    ]
    return [*rows, ("style and scripts of the console, with charts", "loaded once, gzip", f"{assets / 1000:.0f} kB")]


def _cold(events: int) -> Rows:
    path = data.directory(events)
    known = data.facts(path)
    copy = data.bare_copy(path)
    rows: Rows = []
    with servers.headwater(path, "0,1", jobs=False) as (url, _, _):
        for question in cold.QUESTIONS:
            found = cold.cold(url, known.key, copy, known.creatives, question)
            ratio = f"{found.endpoint_ms / found.bare_ms:.2f} × bare DuckDB ({found.bare_ms:.2f} ms)"
            rows.append((f"cold {question}, {events:,} events", f"p50 {found.endpoint_ms:.2f} ms", ratio))
    return rows


def _intake(events: int, batches: int) -> Rows:
    source = data.directory(events)
    known = data.facts(source)
    creatives = known.creatives
    rows: Rows = []
    with tempfile.TemporaryDirectory(dir=data.WORK) as folder:
        path = Path(folder) / "data"
        shutil.copytree(source, path, ignore=shutil.ignore_patterns("bare.duckdb"))
        with servers.headwater(path, "0,1") as (url, pid, _):
            for connections in (16, 64):
                before = servers.memory_mib(pid)
                sent = intake.bodies(creatives, batches, connections + int(time.time()))
                found = intake.intake(url, known.key, sent, connections)
                words = f"{found.per_second:,.0f} events/s, p50 {found.p50_ms:.0f} ms a batch, {found.refused} refused"
                memory = f"memory {before:.0f} → {servers.memory_mib(pid):.0f} MiB"
                rows.append((f"ingest onto {events:,} events, {connections} conn.", words, memory))
    return rows


def _start(events: int) -> Rows:
    path = data.directory(events)
    known = data.facts(path)
    began = time.perf_counter()
    with servers.headwater(path, "0,1") as (url, pid, healthy):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        first = known.creatives[0]
        path_ = f"/v2/aggregation-api/counts?resource=creative&id={first}"
        connection.request("GET", path_, headers={"Authorization": f"Bearer {known.key}"})
        connection.getresponse().read()
        answered = time.perf_counter() - began
        time.sleep(2)
        memory = servers.memory_mib(pid)
    return [
        (
            f"start, {events:,} events",
            f"first answer after {answered:.2f} s (healthy {healthy:.2f} s)",
            f"idle {memory:.0f} MiB",
        )
    ]


def _write(rows: Rows) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [f"## {datetime.now(UTC):%Y-%m-%d}, {machine}", "", "| what | measured | against |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    text = "\n".join(lines) + "\n"
    (data.WORK / "last.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
