"""Recommend and respond over one connection, durable: two hundred offers, twenty policies, customers with a past."""

from __future__ import annotations

import http.client
import json
import random
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

OFFERS, POLICIES, CUSTOMERS = 200, 20, 20_000
INTERACTIONS = 200_000
_BATCH = 5_000
_CATEGORIES = 8
CHANNELS = {"explicit": "ch_mail", "implicit": "ch_web"}
"""Where an impression is reported, and where recommending is one."""


class Waits(NamedTuple):
    """How long a request waited for its answer."""

    p50_ms: float
    p99_ms: float


class Client:
    """One connection with a new company's key."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._headers = {"Content-Type": "application/json"}
        owner = {
            "email": f"{secrets.token_hex(6)}@example.com",
            "password": secrets.token_urlsafe(16),
            "full_name": "Benchmark",
            "company_name": "Benchmark",
        }
        token = self.post("/api/v1/auth/register", owner)["token"]
        self._headers["Authorization"] = f"Bearer {token}"
        made = self.post("/api/v1/account/api-keys", {"name": "benchmark", "permissions": ["read", "write"]})
        self._headers["Authorization"] = f"Bearer {made['api_key']['key']}"

    def post(self, path: str, body: object) -> Any:
        """The answer to a request that must be done."""
        self._connection.request("POST", path, json.dumps(body).encode(), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{path} answered {answer.status}: {content.decode()}")
        return json.loads(content)


def fill(client: Client, drawn: random.Random) -> None:
    """Make the company's entities and what its customers did in the last month."""
    for kind, entity in _entities(drawn):
        client.post(f"/api/v1/{kind}", entity)
    now = datetime.now(UTC)
    for _ in range(INTERACTIONS // _BATCH):
        rows = [
            {
                "at": (now - timedelta(seconds=drawn.randrange(30 * 86_400))).isoformat(),
                "customer_id": f"customer_{drawn.randrange(CUSTOMERS)}",
                "offer_id": f"off_{drawn.randrange(OFFERS)}",
                "channel_id": drawn.choice(list(CHANNELS.values())),
                "outcome": drawn.choices(("impression", "click", "accept"), (90, 9, 1))[0],
            }
            for _ in range(_BATCH)
        ]
        client.post("/api/v1/ingest/interactions", rows)


def _entities(drawn: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    for mode, channel in CHANNELS.items():
        yield "channels", {"id": channel, "name": channel, "channelType": mode, "impressionMode": mode}
    for number in range(_CATEGORIES):
        yield "categories", {"id": f"cat_{number}", "name": f"Category {number}"}
    adult = {"ruleType": "attribute_condition", "config": {"attribute": "age", "operator": "gte", "value": 18}}
    for number in range(OFFERS):
        yield (
            "offers",
            {
                "id": f"off_{number}",
                "name": f"Offer {number}",
                "status": "active",
                "priority": drawn.randrange(101),
                "businessValue": drawn.randrange(101),
                "categoryId": f"cat_{number % _CATEGORIES}",
                "eligibility": [adult] if number % 4 == 0 else [],
            },
        )
        for channel in CHANNELS.values():
            yield "creatives", {"name": "As is", "offerId": f"off_{number}", "channelId": channel}
    yield "decision-flows", {"key": "likely", "name": "Likely", "config": {"scoring": {"method": "propensity"}}}
    for number in range(POLICIES):
        yield "contact-policies", {"name": f"Policy {number}", **_policy(number)}


def _policy(number: int) -> dict[str, Any]:
    kinds: tuple[dict[str, Any], ...] = (
        {
            "ruleType": "frequency_cap",
            "scope": "offer",
            "scopeId": f"off_{number}",
            "config": {"maxContacts": 3, "windowDays": 7},
        },
        {"ruleType": "cross_channel_cap", "config": {"maxContacts": 100, "windowDays": 30}},
        {
            "ruleType": "cooldown",
            "scope": "category",
            "scopeId": f"cat_{number % _CATEGORIES}",
            "config": {"cooldownHours": 24},
        },
        {"ruleType": "mutual_exclusion", "config": {"offerIds": [f"off_{number + step}" for step in (0, 50, 100)]}},
        {"ruleType": "time_window", "config": {"days": [1, 2, 3, 4, 5, 6, 7]}},
    )
    return kinds[number % len(kinds)]


def recommend(client: Client, channel: str, drawn: random.Random, requests: int) -> Waits:
    """Recommendations for customers drawn at random; each answer means that its trace is on disk."""
    return _timed(
        client,
        "/api/v1/recommend",
        [
            {
                "customerId": f"customer_{drawn.randrange(CUSTOMERS)}",
                "channelId": channel,
                "decisionFlowKey": "likely",
                "attributes": {"age": drawn.randrange(16, 80)},
            }
            for _ in range(requests)
        ],
    )


def respond(client: Client, drawn: random.Random, requests: int) -> Waits:
    """Responses of customers drawn at random, each under a key of its own."""
    return _timed(
        client,
        "/api/v1/respond",
        [
            {
                "customerId": f"customer_{drawn.randrange(CUSTOMERS)}",
                "offerId": f"off_{drawn.randrange(OFFERS)}",
                "channelId": CHANNELS["implicit"],
                "outcome": "click",
                "idempotencyKey": secrets.token_hex(12),
            }
            for _ in range(requests)
        ],
    )


def _timed(client: Client, path: str, bodies: list[dict[str, Any]]) -> Waits:
    waits = []
    for body in bodies:
        began = time.perf_counter()
        client.post(path, body)
        waits.append((time.perf_counter() - began) * 1000)
    waits.sort()
    return Waits(waits[len(waits) // 2], waits[len(waits) * 99 // 100])


def rows(url: str, requests: int = 1_000) -> list[tuple[str, str, str]]:
    """What was measured of a server."""
    drawn = random.Random(17)
    client = Client(url)
    fill(client, drawn)
    recommend(client, CHANNELS["explicit"], drawn, 100)
    found = {
        f"recommend, {OFFERS} offers, {POLICIES} policies, {mode}": recommend(client, channel, drawn, requests)
        for mode, channel in CHANNELS.items()
    }
    found["respond"] = respond(client, drawn, requests)
    return [(what, f"p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms", "durable") for what, one in found.items()]
