"""Metrics: what was answered is counted under its route, for this machine or a token, and nothing of callers shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from headwater.storage.port import StoreHealth
from tests.promises.routes import Ids
from tests.serving import Company, Server, event, serving

LABELS = ("dataset", "route", "method", "status", "result", "le")
TOKEN = "metrics-token-of-the-test"


def samples(answer: httpx.Response) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels, in the order of ``LABELS``."""
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, *(one.labels[label] for label in LABELS if label in one.labels)): one.value
        for family in families
        for one in family.samples
    }


async def measured(server: Server) -> dict[tuple[str, ...], float]:
    return samples(await server.client.get("/metrics"))


def from_elsewhere(server: Server, address: str = "192.0.2.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(server.headwater.app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://headwater.test")


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Server]:
    """A server with a token for its metrics."""
    async with serving(tmp_path, metrics_token=TOKEN) as started:
        yield started


async def test_requests_are_counted_by_route_method_and_status(ids: Ids) -> None:
    company, route = ids.company, "/api/v2/campaigns/{campaign_id}"
    before = await measured(company.server)
    for _ in range(3):
        await company.get(f"/api/v2/campaigns/{ids.campaign}")
    await company.get("/api/v2/campaigns/999999")
    await company.request("HEAD", f"/api/v2/campaigns/{ids.campaign}")
    await company.request("NONSENSE", f"/api/v2/campaigns/{ids.campaign}")
    await company.get("/nowhere/at/all")
    after = await measured(company.server)

    def more(*labels: str) -> float:
        key = ("headwater_http_requests_total", *labels)
        return after.get(key, 0) - before.get(key, 0)

    assert more(route, "GET", "200") == 3
    assert more(route, "GET", "404") == 1
    assert more(route, "HEAD", "200") == 1
    assert more(route, "other", "405") == 1
    assert more("unknown", "GET", "404") == 1
    duration = "headwater_http_request_duration_seconds"
    assert after[f"{duration}_count", route, "GET"] - before.get((f"{duration}_count", route, "GET"), 0) == 4
    assert after[f"{duration}_bucket", route, "GET", "+Inf"] == after[f"{duration}_count", route, "GET"]
    assert after[f"{duration}_sum", route, "GET"] > 0


async def test_kept_responses_are_counted_with_the_others(ids: Ids) -> None:
    path = "/v2/aggregation-api/counts"
    for _ in range(5):
        await ids.company.get(path, resource="campaign", id=ids.campaign)
    found = await measured(ids.company.server)
    assert found["headwater_http_requests_total", path, "GET", "200"] == 5
    assert found["headwater_http_kept_responses_total", path, "GET"] == 4


async def test_refusals_of_a_kept_response_are_counted_under_its_route(ids: Ids) -> None:
    path = "/v2/aggregation-api/counts"
    for tenant in ("", "999999"):
        await ids.company.request(
            "GET", path, params={"resource": "campaign", "id": ids.campaign}, headers={"x-tenant-id": tenant}
        )
    found = await measured(ids.company.server)
    assert found["headwater_http_requests_total", path, "GET", "403"] == 1


async def test_facts_are_counted_by_dataset(company: Company) -> None:
    hierarchy = await company.hierarchy()
    sent = [event(hierarchy.creative, id=f"e{number}") for number in range(3)]
    await company.send(sent)
    await company.send(sent[:2])
    found = await measured(company.server)
    assert found["headwater_ingest_events_total", "ad-events", "stored"] == 3
    assert found["headwater_ingest_events_total", "ad-events", "duplicate"] == 2
    assert found["headwater_ingest_queue_events",] == 0
    assert found["headwater_store_fresh_rows",] > 0
    assert found["process_resident_memory_bytes",] > 0


async def test_a_store_that_does_not_answer_shows(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await measured(server))["headwater_store_responsive",] == 1

    async def silent() -> StoreHealth:
        return StoreHealth(responsive=False, fresh_rows=7)

    monkeypatch.setattr(server.services.store, "health", silent)
    found = await measured(server)
    assert (found["headwater_store_responsive",], found["headwater_store_fresh_rows",]) == (0, 7)


async def test_names_do_not_grow_with_what_callers_write(server: Server) -> None:
    for number in range(20):
        await server.client.get(f"/nowhere/{number}")
        await server.client.request(f"METHOD{number}", "/api/v1/health")
        await server.client.get(f"/api/v2/campaigns/{number}")
    text = (await server.client.get("/metrics")).text
    assert "nowhere" not in text
    assert "METHOD" not in text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
async def test_this_machine_needs_no_token(guarded: Server, address: str) -> None:
    async with from_elsewhere(guarded, address) as client:
        assert (await client.get("/metrics")).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer guess"}, {"authorization": f"Bearer {TOKEN}x"}])
async def test_others_are_refused_without_the_token(guarded: Server, headers: dict[str, str]) -> None:
    async with from_elsewhere(guarded) as client:
        answer = await client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert samples(await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}))


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"authorization": "Bearer x"}])
async def test_without_a_token_others_find_nothing(server: Server, headers: dict[str, str]) -> None:
    async with from_elsewhere(server) as client:
        answer = await client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_who_comes_through_a_proxy_of_this_machine_is_not_this_machine(server: Server) -> None:
    assert (await server.client.get("/metrics", headers={"x-forwarded-for": "192.0.2.7"})).status_code == 404
    assert (await server.client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"})).status_code == 404


async def test_a_credential_of_a_company_opens_nothing(company: Company) -> None:
    async with from_elsewhere(company.server) as client:
        assert (await client.get("/metrics", headers=company.headers)).status_code == 404


async def test_a_route_as_it_is_declared_is_no_path(company: Company) -> None:
    answer = await company.get("/api/v2/campaigns/{campaign_id}")
    assert answer.status_code == 404
