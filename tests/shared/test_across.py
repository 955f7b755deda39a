"""What is written through one process is what the other answers with, at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.caching import CacheServer
from tests.contracts.creators.asking import made
from tests.contracts.creators.tracking import Tracking
from tests.contracts.decisions.shop import Shop, opened
from tests.promises import people
from tests.serving import PASSWORD, Company, event
from tests.shared.conftest import Pair, paired

pytestmark = pytest.mark.scaled
COUNTS = "/v2/aggregation-api/counts"
ME, LOGIN, KEYS = "/api/v1/auth/me", "/api/v1/auth/login", "/api/v1/account/api-keys"
APRIL = {"start": "2025-04-20", "end": "2025-05-03"}


async def body(company: Company, path: str, **params: Any) -> Any:
    answer = await company.get(path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_facts_and_what_is_kept_until_they_come(pair: Pair) -> None:
    company = await pair.one.company()
    elsewhere, made = pair.seen_by_other(company), await company.hierarchy()
    lookups = pair.other.services.counted.generations
    for number in (1, 2, 3):
        await company.send([event(made.creative)])
        for _ in range(3):
            counts = await body(elsewhere, COUNTS, resource="campaign", id=made.campaign)
            assert counts[str(made.campaign)]["impressions"] == number
        assert lookups.misses == number, "what nothing has touched is kept"


async def test_many_facts_of_one_commit(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.invalidation._MOST_TOLD", 1)
    company = await pair.one.company()
    elsewhere, made = pair.seen_by_other(company), await company.hierarchy()
    for number in (1, 2):
        await company.send([event(creative) for creative in made.creatives])
        counts = await body(elsewhere, COUNTS, resource="creative", id=made.creative)
        assert counts[str(made.creative)]["impressions"] == number


async def test_entities(pair: Pair) -> None:
    company = await pair.one.company()
    elsewhere, made = pair.seen_by_other(company), await company.hierarchy()
    asked = {"resource": "campaign", "id": made.campaign}
    await company.send([event(made.creative)])
    assert (await body(elsewhere, COUNTS, **asked))[str(made.campaign)]["impressions"] == 1
    other = await company.make("/api/v2/campaigns", name="Summer", workspace_id=made.workspace)
    group = f"/api/v2/creative_groups/{made.group}"
    assert (await company.request("PUT", group, json={"campaign_id": other})).status_code == 200
    assert (await body(elsewhere, COUNTS, **asked))[str(made.campaign)]["impressions"] == 0
    assert (await body(elsewhere, COUNTS, resource="campaign", id=other))[str(other)]["impressions"] == 1


async def test_decisions_and_what_is_decided_about(pair: Pair) -> None:
    company = await pair.one.company()
    shop, elsewhere = await opened(company), Shop(pair.seen_by_other(company))
    before = await elsewhere.ask("dashboard-data", type="offer_performance")
    assert await elsewhere.ask("dashboard-data", type="offer_performance") == before
    await shop.recommend()
    assert await elsewhere.ask("dashboard-data", type="offer_performance") != before
    assert [one["offerId"] for one in (await elsewhere.recommend())["decisions"]] == ["off_gold", "off_silver"]
    await shop.make("offers", id="off_new", name="New", status="active", priority=99)
    await shop.make("creatives", id="cr_new", name="As is", offerId="off_new", channelId="ch_web")
    assert (await elsewhere.recommend())["decisions"][0]["offerId"] == "off_new"


async def test_what_a_job_sums_anew(pair: Pair) -> None:
    company = await pair.one.company()
    tracking = Tracking(company, str((await made(company, "/projects", name="Spring"))["id"]))
    elsewhere = Tracking(pair.seen_by_other(company), tracking.project)
    video = await tracking.video()
    campaign = await tracking.campaign(("video", video))
    await tracking.read(video, ("2025-04-25T10:00:00Z", 100), ("2025-04-26T23:30:00Z", 150))
    first = await elsewhere.ask("campaign", campaign, **APRIL)
    assert (await elsewhere.ask("campaign", campaign, **APRIL))["cached"]
    job = next(one for one in pair.one.headwater.worker.jobs.values() if one.name == "rollup-creators-nightly")
    await job.run()
    again = await elsewhere.ask("campaign", campaign, **APRIL)
    assert again == first
    assert not again["cached"], "it was made of sums that are no more"


async def test_keys_sessions_and_plans(pair: Pair) -> None:
    company = await pair.one.company()
    elsewhere = pair.seen_by_other(company)
    created = await company.request("POST", KEYS, json={"name": "other", "permissions": ["read"]})
    key = {"authorization": f"Bearer {created.json()['api_key']['key']}"}
    cookie, csrf = await people.session(company, company.email)

    async def status(headers: dict[str, str]) -> int:
        return (await pair.other.client.get(ME, headers=headers)).status_code

    assert [await status(key), await status(cookie)] == [200, 200]
    key_id = created.json()["api_key"]["id"]
    assert (await company.request("DELETE", f"{KEYS}/{key_id}")).status_code in (200, 204)
    assert [await status(key), await status(cookie)] == [401, 200]
    left = await pair.one.client.post("/v2/logout", headers={**cookie, "x-csrf-token": csrf})
    assert left.status_code in (200, 204), left.text
    assert await status(cookie) == 401
    assert "x-ratelimit-limit" not in (await elsewhere.get(ME)).headers
    async with pair.one.services.control.unit_of_work() as unit:
        await pair.one.services.control.plans.set(unit, str(company.organisation_id), "free")
    assert (await elsewhere.get(ME)).headers["x-ratelimit-limit"] == "100"


async def test_the_hourly_limit_counts_requests_of_all(tmp_path: Path, cache: CacheServer) -> None:
    async with paired(tmp_path, cache, default_plan="free") as pair:
        company = await pair.one.company()
        elsewhere = pair.seen_by_other(company)

        def left(answer: httpx.Response) -> int:
            return int(answer.headers["x-ratelimit-remaining"])

        first = left(await company.get(ME))
        answers = [await (company if turn % 2 else elsewhere).get(ME) for turn in range(first)]
        assert [left(answer) for answer in answers] == list(range(first - 1, -1, -1))
        refused = [await one.get(ME) for one in (company, elsewhere, company)]
        assert [(answer.status_code, left(answer)) for answer in refused] == [(429, 0)] * 3
        async with pair.other.services.control.unit_of_work() as unit:
            await pair.other.services.control.plans.set(unit, str(company.organisation_id), "starter")
        assert left(await company.get(ME)) == 1000 - 101, "what was refused does not count"


async def test_many_requests_at_once_are_each_counted_once(tmp_path: Path, cache: CacheServer) -> None:
    async with paired(tmp_path, cache, default_plan="free") as pair:
        company = await pair.one.company()
        elsewhere = pair.seen_by_other(company)
        await asyncio.gather(*(one.get(ME) for one in [company, elsewhere] * 60))
        answers = await asyncio.gather(*(one.get(ME) for one in [company, elsewhere] * 5))
        assert {answer.status_code for answer in answers} == {429}


async def test_failed_logins_count_together(pair: Pair) -> None:
    company = await pair.one.company()

    async def log_in(turn: int, password: str) -> int:
        server = pair.one if turn % 2 else pair.other
        answer = await server.client.post(LOGIN, json={"email": company.email, "password": password})
        return answer.status_code

    assert [await log_in(turn, "x") for turn in range(12)] == [401] * 10 + [429] * 2
    assert [await log_in(turn, PASSWORD) for turn in range(2)] == [429, 429]


async def test_requests_that_need_no_data_do_not_catch_up(pair: Pair) -> None:
    counts = pair.other.services.control.shared.feed.counts
    company = pair.seen_by_other(await pair.one.company())
    before = counts.catch_ups
    for path in ("/api/v1/health", "/health/live", "/openapi.json", "/docs/reference.js", "/widget.js", "/metrics"):
        assert (await company.get(path)).status_code == 200, path
        assert (await pair.other.client.get(path)).status_code == 200, path
    assert counts.catch_ups == before
    assert (await company.get(ME)).status_code == 200
    assert counts.catch_ups == before + 1


async def test_health_and_metrics_say_that_it_answers(pair: Pair) -> None:
    health = await pair.other.client.get("/api/v1/health")
    assert (health.status_code, health.json()["status"], health.json()["cache"]) == (200, "ok", {"connected": True})
    metrics = (await pair.other.client.get("/metrics")).text
    assert "headwater_cache_connected 1.0" in metrics
    assert 'headwater_cache_feed_total{what="unpublished"} 0.0' in metrics


async def test_a_job_begins_with_what_is_so_now(pair: Pair) -> None:
    company = await pair.one.company()
    trees = pair.other.services.control.trees
    assert await trees.get(company.organisation_id)
    await company.hierarchy()
    assert trees.cached(company.organisation_id) is not None
    worker = pair.other.headwater.worker
    await worker.turn(worker.jobs["tidy"])
    assert trees.cached(company.organisation_id) is None


async def test_a_key_whose_first_request_is_under_way_elsewhere_is_refused(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await pair.one.company()
    elsewhere, made = pair.seen_by_other(company), await company.hierarchy()
    begun, go_on = asyncio.Event(), asyncio.Event()
    store, control = pair.one.services.store, pair.one.services.control

    def waiting(work: Any) -> Any:
        async def slow(*arguments: Any) -> Any:
            begun.set()
            await go_on.wait()
            return await work(*arguments)

        return slow

    monkeypatch.setattr(store, "remembered", waiting(store.remembered))
    monkeypatch.setattr(control.idempotency, "find", waiting(control.idempotency.find))
    facts = ("POST", "/api/v1/ingest/ad-events", {"json": [event(made.creative)]})
    rows = ("POST", "/api/v2/workspaces", {"json": {"name": "Second"}})
    for method, path, sent in (facts, rows):
        sent["headers"] = {"idempotency-key": "once"}
        begun.clear()
        go_on.clear()
        first = asyncio.create_task(company.request(method, path, **sent))
        await begun.wait()
        assert (await elsewhere.request(method, path, **sent)).status_code == 409
        go_on.set()
        answer = await first
        again = await elsewhere.request(method, path, **sent)
        assert answer.status_code in (200, 201)
        assert again.text.replace('"replayed":true', '"replayed":false') == answer.text


async def test_a_customer_s_turns_are_taken_over_both(pair: Pair) -> None:
    company = await pair.one.company()
    shop, elsewhere = await opened(company), Shop(pair.seen_by_other(company))
    config = {"maxContacts": 1, "windowDays": 1}
    await shop.make("contact-policies", name="Once a day", ruleType="frequency_cap", scope="global", config=config)
    found = await asyncio.gather(*(one.recommend(limit=1) for one in [shop, elsewhere] * 4))
    given = [decision["offerId"] for one in found for decision in one["decisions"]]
    assert len(given) == len(set(given))
