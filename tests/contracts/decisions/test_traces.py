"""``GET /api/v1/decision-traces``: what was considered, what fell out and why, newest first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts.decisions.shop import Shop, opened
from tests.serving import Company, Server


@pytest.fixture
async def shop(company: Company) -> Shop:
    return await opened(company)


async def test_a_trace_explains_a_recommendation(shop: Shop) -> None:
    config = {"offerIds": ["off_gold", "off_silver"]}
    await shop.make("contact-policies", name="One card", ruleType="mutual_exclusion", config=config)
    found = await shop.recommend(decisionFlowKey="likely", debug=True)
    trace = await shop.ask(f"decision-traces/{found['meta']['traceId']}")
    gold, silver = ({"offerId": f"off_{name.lower()}", "offerName": name} for name in ("Gold", "Silver"))
    vip = {"offerId": "off_vip", "offerName": "Vip"}
    assert trace == {
        "id": found["meta"]["traceId"],
        "at": "2025-05-03T12:30:00Z",
        "requestId": found["recommendationId"],
        "customerId": "c1",
        "channelId": "ch_web",
        "channelName": "Web",
        "decisionFlowId": "flow_1",
        "decisionFlowKey": "likely",
        "candidates": ["off_vip", "off_gold", "off_silver"],
        "qualificationResults": [
            {**vip, "passed": False, "reason": "The customer is not in the segment 'seg_vip'."},
            {**gold, "passed": True, "reason": None},
            {**silver, "passed": True, "reason": None},
        ],
        "contactPolicyResults": [
            {**gold, "passed": True, "policyType": None},
            {**silver, "passed": False, "policyType": "mutual_exclusion"},
        ],
        "scoringResults": [{**gold, "score": 0.5, "rank": 1, "modelId": None}],
        "selectedOffers": [{**gold, "rank": 1, "creativeId": "cr_gold_web"}],
        "degraded": False,
        "latencyMs": trace["latencyMs"],
        "explanation": found["meta"]["explanation"],
    }
    assert trace["latencyMs"] == pytest.approx(found["meta"]["latencyMs"], abs=0.001)
    (row,) = (await shop.ask("decision-traces"))["data"]
    assert row == {name: value for name, value in trace.items() if name != "explanation"}


async def test_traces_are_listed_newest_first_and_by_page(server: Server, shop: Shop) -> None:
    ids = []
    for second in range(5):
        server.clock.now = server.clock.now.replace(second=second)
        ids.append((await shop.recommend("c2" if second == 1 else "c1"))["recommendationId"])
    page = await shop.ask("decision-traces", limit=2, offset=1)
    assert [row["requestId"] for row in page["data"]] == [ids[3], ids[2]]
    assert page["pagination"] == {"total": 5, "limit": 2, "offset": 1, "hasMore": True}
    last = await shop.ask("decision-traces", limit=2, offset=4)
    assert ([row["requestId"] for row in last["data"]], last["pagination"]["hasMore"]) == ([ids[0]], False)
    assert (await shop.ask("decision-traces", offset=9))["data"] == []
    assert (await shop.ask("decision-traces"))["pagination"]["limit"] == 25


async def test_traces_are_found_by_customer_request_and_offer(shop: Shop) -> None:
    first = (await shop.recommend("c1"))["recommendationId"]
    second = (await shop.recommend("c2", excludeOffers=["off_gold"]))["recommendationId"]

    async def found(**params: Any) -> set[str]:
        page = await shop.ask("decision-traces", **params)
        assert page["pagination"]["total"] == len(page["data"])
        return {row["requestId"] for row in page["data"]}

    assert await found() == {first, second}
    assert await found(customerId="c2") == {second}
    assert await found(requestId=first) == {first}
    assert await found(offerId="off_gold") == {first}
    assert await found(offerId="off_vip", customerId="c2") == {second}
    assert await found(offerId="off_gold", customerId="c2") == set()
    assert await found(offerId="off_none") == await found(customerId="c3") == await found(requestId="x") == set()


async def test_a_trace_that_was_sent_is_explained_too(shop: Shop) -> None:
    trace = {
        "id": "mine",
        "at": "2025-05-01T00:00:00Z",
        "customer_id": "c9",
        "channel_id": "ch_mail",
        "candidates": ["off_gold", "off_silver", "off_vip"],
        "qualification_results": [{"offer_id": "off_gold", "passed": False}],
        "scoring_results": [{"offer_id": "off_vip", "score": 0.25, "rank": 1}],
    }
    sent = await shop.company.request(
        "POST",
        "/api/v1/ingest/decision-traces",
        content=json.dumps(trace),
        headers={"content-type": "application/x-ndjson"},
    )
    assert sent.status_code == 200, sent.text
    found = await shop.ask("decision-traces/mine")
    results = {one["offerId"]: one["result"] for one in found["explanation"]}
    assert results == {"off_gold": "not_qualified", "off_silver": "considered", "off_vip": "ranked"}
    assert (found["requestId"], found["latencyMs"], found["decisionFlowKey"]) == (None, None, None)


async def test_archived_entities_keep_their_names(shop: Shop) -> None:
    found = await shop.recommend()
    await shop.company.request("DELETE", "/api/v1/offers/off_gold")
    trace = await shop.ask(f"decision-traces/{found['meta']['traceId']}")
    assert trace["selectedOffers"][0]["offerName"] == "Gold"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 2**31 + 1}, "offset"),
        ({"customerId": ""}, "customerId"),
        ({"requestId": "r" * 129}, "requestId"),
        ({"offerId": ""}, "offerId"),
        ({"customer": "c1"}, "customer"),
    ],
)
async def test_wrong_parameters_are_named(company: Company, params: dict[str, Any], field: str) -> None:
    answer = await company.get("/api/v1/decision-traces", **params)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]["field"]) == (400, "BAD_REQUEST", field)


@pytest.mark.parametrize("own", ["dt_none", "dt_0", "dt_zzzzzzzzzzzzzzzzzzzzzzzz", "x", "%00", "d" * 500])
async def test_an_unknown_trace_is_not_found(company: Company, own: str) -> None:
    answer = await company.get(f"/api/v1/decision-traces/{own}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_another_companys_traces_are_not_there(server: Server, shop: Shop) -> None:
    found = await shop.recommend()
    other = await opened(await server.company())
    assert (await other.ask("decision-traces"))["pagination"]["total"] == 0
    answer = await other.company.get(f"/api/v1/decision-traces/{found['meta']['traceId']}")
    assert answer.status_code == 404
