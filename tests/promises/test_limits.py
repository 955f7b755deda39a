"""Promise: an organisation's requests of a clock hour are counted, shown on every answer, refused beyond its plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.openapi.refusals import refusal
from tests.promises import people
from tests.promises.routes import GUARDED, ROUTES, Ids, name
from tests.serving import NOW, Company, Server, serving

LIMIT = 100
# A company has this many requests left when its entities are made.
MOST_AT_ONCE = 40
NEXT_HOUR = int(NOW.replace(minute=0).timestamp()) + 3600
NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Server]:
    """A server whose companies have the plan ``free``."""
    async with serving(tmp_path, default_plan="free") as started:
        yield started


def remaining(answer: httpx.Response) -> int:
    assert answer.headers["x-ratelimit-limit"] == str(LIMIT)
    assert answer.headers["x-ratelimit-reset"] == str(NEXT_HOUR)
    return int(answer.headers["x-ratelimit-remaining"])


async def use_up(company: Company) -> httpx.Response:
    """Ask until nothing is left; the last answer that was given."""
    while True:
        answer = await company.get("/api/v1/auth/me")
        assert answer.status_code == 200
        if not remaining(answer):
            return answer


async def test_every_authenticated_answer_shows_them_and_counts_down(limited: Server) -> None:
    for start in range(0, len(GUARDED), MOST_AT_ONCE):
        ids = await Ids.of(await limited.company())
        left = remaining(await ids.company.get("/api/v1/auth/me"))
        for endpoint in GUARDED[start : start + MOST_AT_ONCE]:
            answer = await ids.right(endpoint).but(content=b"{").send(limited.client, **ids.company.headers)
            left -= 1
            assert remaining(answer) == left, f"{name(endpoint)} {answer.status_code}"


async def test_a_public_answer_shows_none(limited: Server) -> None:
    ids = await Ids.of(await limited.company())
    for endpoint in [one for one in ROUTES if one.access is None]:
        answer = await ids.right(endpoint).send(limited.client)
        assert not set(NAMES) & set(answer.headers), name(endpoint)


async def test_one_too_many_is_refused_on_every_route_until_the_next_clock_hour(limited: Server) -> None:
    ids = await Ids.of(await limited.company())
    await use_up(ids.company)
    limited.clock.advance(timedelta(minutes=9, seconds=59))
    for endpoint in GUARDED:
        answer = await ids.right(endpoint).send(limited.client, **ids.company.headers)
        assert (answer.status_code, refusal(answer).code) == (429, "RATE_LIMIT_EXCEEDED"), name(endpoint)
        assert answer.headers["retry-after"] == str(NEXT_HOUR - int(limited.clock().timestamp()))
        assert remaining(answer) == 0
    limited.clock.advance(timedelta(minutes=20, seconds=1))
    answer = await ids.company.get("/api/v1/auth/me")
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-remaining"] == str(LIMIT - 1)
    assert answer.headers["x-ratelimit-reset"] == str(NEXT_HOUR + 3600)


async def test_kept_answers_count_and_are_refused_too(limited: Server) -> None:
    ids = await Ids.of(await limited.company())
    path = f"/v2/aggregation-api/counts?resource=campaign&id={ids.campaign}"
    seen = [remaining(await ids.company.request("GET", path)) for _ in range(3)]
    assert seen == [seen[0], seen[0] - 1, seen[0] - 2]
    await use_up(ids.company)
    assert (await ids.company.request("GET", path)).status_code == 429


async def test_keys_and_people_of_an_organisation_share_its_limit(limited: Server) -> None:
    company = await limited.company()
    before = remaining(await company.get("/api/v1/auth/me"))
    person = await people.token(company, company.email)
    answers = [
        await limited.client.get("/api/v1/auth/me", headers=person),
        await limited.client.get("/api/v1/auth/me", headers=await people.key(company, "read")),
    ]
    assert [remaining(one) for one in answers] == [before - 1, before - 3]


async def test_organisations_do_not_share_a_limit(limited: Server) -> None:
    one, other = await limited.company(), await limited.company()
    await use_up(one)
    assert (await one.get("/api/v1/auth/me")).status_code == 429
    assert (await other.get("/api/v1/auth/me")).status_code == 200


async def test_unauthenticated_requests_are_not_counted(limited: Server) -> None:
    company = await limited.company()
    before = remaining(await company.get("/api/v1/auth/me"))
    for _ in range(5):
        assert (await limited.client.get("/api/v1/auth/me")).status_code == 401
    assert remaining(await company.get("/api/v1/auth/me")) == before - 1


async def test_a_plan_without_a_limit_shows_none(ids: Ids) -> None:
    for endpoint in ROUTES:
        answer = await ids.right(endpoint).send(ids.company.server.client, **ids.company.headers)
        assert not set(NAMES) & set(answer.headers), name(endpoint)


async def test_a_cap_of_the_plan_answers_402_with_its_name(limited: Server) -> None:
    company = await limited.company()
    await people.key(company, "read")
    for path in ("/api/v2/tokens", "/api/v1/account/api-keys"):
        answer = await company.request("POST", path, json={"name": "third"})
        assert (answer.status_code, answer.json()["code"]) == (402, "PAYMENT_REQUIRED")
        assert answer.json()["details"] == {"cap": "max_api_keys", "limit": 2}
