"""Events a second over HTTP, durable, in batches of 500: bodies made beforehand, sent over several connections."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

BATCH = 500


class Intake(NamedTuple):
    """What came in, and how long a batch waited for its answer."""

    per_second: float
    p50_ms: float
    refused: int


def bodies(creatives: list[int], count: int, run: int) -> list[bytes]:
    """``count`` batches of the last hour's events, each session new."""
    drawn = random.Random(run)
    now = datetime.now(UTC)
    found = []
    for number in range(count):
        lines = []
        for place in range(BATCH):
            moment = now - timedelta(seconds=drawn.random() * 3600)
            line = {
                "ts": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "creative_id": drawn.choice(creatives),
                "event": "impressions"
                if drawn.random() < 0.9
                else drawn.choice(("interacted", "link_clicks", "plays")),
                "domain": f"site{drawn.randrange(20)}.example",
                "dsp": f"dsp{drawn.randrange(4)}",
                "session_id": f"{run:08x}{number:08x}{place:04x}",
            }
            lines.append(json.dumps(line, separators=(",", ":")))
        found.append("\n".join(lines).encode())
    return found


def intake(url: str, key: str, batches: list[bytes], connections: int) -> Intake:
    """Send all ``batches``; each answer means that its events are on disk."""
    waiting = list(reversed(batches))
    waits: list[float] = []
    refused: list[int] = []
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}

    def send() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        while True:
            try:
                body = waiting.pop()
            except IndexError:
                return
            began = time.perf_counter()
            connection.request("POST", "/api/v1/ingest/ad-events", body, headers)
            answer = connection.getresponse()
            answer.read()
            waits.append(time.perf_counter() - began)
            if answer.status != 200:
                refused.append(answer.status)

    threads = [threading.Thread(target=send) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    stored = (len(batches) - len(refused)) * BATCH
    return Intake(stored / seconds, sorted(waits)[len(waits) // 2] * 1000, len(refused))
