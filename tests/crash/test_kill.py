"""Promise: kill -9 at any moment of ingest loses nothing acknowledged, doubles nothing, leaves nothing half-written.

One data directory is killed again and again. Half of the batches carry record ids
and half an ``Idempotency-Key``; after each kill all of a round are sent again, and
then every batch must be there exactly once. In every other round the rollups are
merged all the time, so that merges are killed as well.
"""

from __future__ import annotations

import json
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from headwater.catalogue.ads import AD_EVENTS
from tests.crash.processes import Process, make_creatives, register

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "50"))
SENDERS = 4
EVENTS = 40
SEED = 20_250_503


@dataclass
class Batch:
    """Some events that are to be stored together, and what the server said."""

    name: str
    body: bytes
    acknowledged: bool = False

    @property
    def by_record_id(self) -> bool:
        return self.name.endswith("0")

    def send(self, client: httpx.Client) -> dict[str, Any]:
        """Send it; the receipt."""
        headers = {"content-type": "application/x-ndjson"}
        if not self.by_record_id:
            headers["idempotency-key"] = self.name
        answer = client.post("/api/v1/ingest/ad-events", content=self.body, headers=headers)
        assert answer.status_code == 200, answer.text
        self.acknowledged = True
        return dict(answer.json())


def batch(name: str, creatives: list[int]) -> Batch:
    """Events over several creatives and hours; no two of the run alike."""
    by_record_id = Batch(name, b"").by_record_id
    lines = []
    for number in range(EVENTS):
        line = {
            "ts": f"2025-04-{1 + number % 28:02}T{number % 24:02}:00:00Z",
            "creative_id": creatives[number % len(creatives)],
            "event": "impressions",
            "domain": f"{number % 3}.example",
            "session_id": f"{name}-{number}" if number % 2 else None,
            "id": f"{name}-{number}" if by_record_id else None,
        }
        lines.append(json.dumps({key: value for key, value in line.items() if value is not None}))
    return Batch(name, "\n".join(lines).encode())


def burst(process: Process, headers: dict[str, str], creatives: list[int], round_: int, seconds: float) -> list[Batch]:
    """Send from several threads until the server is killed, ``seconds`` after the first answer."""
    sent: list[Batch] = []
    answered = threading.Event()

    def run(sender: int) -> None:
        with process.client(headers) as client:
            for number in count():
                one = batch(f"r{round_}-{sender}-{number}-{number % 2}", creatives)
                sent.append(one)
                try:
                    one.send(client)
                except httpx.TransportError:
                    return
                answered.set()

    threads = [threading.Thread(target=run, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    assert answered.wait(30)
    threading.Event().wait(seconds)
    process.kill()
    for thread in threads:
        thread.join(30)
    return sent


def check_and_send_again(process: Process, headers: dict[str, str], sent: list[Batch]) -> None:
    """Each batch is there whole or not at all, and those that were acknowledged are there."""

    def again(one: Batch) -> None:
        was_acknowledged = one.acknowledged
        receipt = one.send(client)
        assert receipt["accepted"] + receipt["duplicates"] == EVENTS, one.name
        if one.by_record_id:
            assert receipt["accepted"] in (0, EVENTS), f"{one.name} was half stored"
            assert not (was_acknowledged and receipt["accepted"]), f"{one.name} was lost"
        else:
            assert receipt["accepted"] == EVENTS, one.name

    with process.client(headers) as client, ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(again, sent))


def stored(process: Process, headers: dict[str, str], campaign: int) -> int:
    """How many impressions the server counts."""
    params: dict[str, Any] = {"resource": "campaign", "id": campaign, "metric": "impressions"}
    with process.client(headers) as client:
        answer = client.get("/v2/aggregation-api/counts", params=params)
    return int(answer.json()[str(campaign)]["impressions"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    chance = random.Random(SEED)
    sent: list[Batch] = []
    total = 0
    with Process(folder) as process:
        headers = register(process)
        campaign, creatives = make_creatives(process, headers, 5)
    for round_ in range(ROUNDS):
        compact_after = 50 if round_ % 2 else 200_000
        with Process(folder, compact_after_rows=compact_after) as process:
            known = stored(process, headers, campaign)
            kept = sum(one.acknowledged for one in sent) * EVENTS
            assert total + kept <= known <= total + len(sent) * EVENTS
            check_and_send_again(process, headers, sent)
            total += len(sent) * EVENTS
            assert stored(process, headers, campaign) == total
            sent = burst(process, headers, creatives, round_, chance.uniform(0, 0.25))
            assert any(one.acknowledged for one in sent)
    with Process(folder) as process:
        check_and_send_again(process, headers, sent)
        total += len(sent) * EVENTS
        assert stored(process, headers, campaign) == total
        assert process.terminate() == 0
    _check_tables(folder / "facts.duckdb", total)


def _check_tables(file: Path, total: int) -> None:
    """The raw rows are those that were sent, and every rollup with the fresh sums says the same."""
    with duckdb.connect(str(file), read_only=True) as facts:

        def number(sql: str) -> int:
            row = facts.execute(sql).fetchone()
            assert row
            return int(row[0] or 0)

        assert number("SELECT count(*) FROM ad_event") == total
        with_id = "SELECT count(*) - count(DISTINCT record_id) FROM ad_event WHERE record_id <> ''"
        assert number(with_id) == 0
        fresh = number("SELECT sum(events) FROM ad_event_fresh WHERE event = 'impressions'")
        for rollup in AD_EVENTS.rollups:
            if "impressions" in rollup.metrics:
                assert number(f"SELECT sum(impressions) FROM {rollup.name}") + fresh == total, rollup.name
