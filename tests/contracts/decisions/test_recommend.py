"""``POST /api/v1/recommend`` over HTTP: its answer, its refusals, its key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contracts.decisions.shop import Shop, offers, opened
from tests.serving import Company, Server


@pytest.fixture
async def shop(company: Company) -> Shop:
    return await opened(company)


async def test_the_answer_is_the_contracts(shop: Shop) -> None:
    answer = await shop.recommend(limit=1)
    (decision,) = answer["decisions"]
    assert list(answer) == ["recommendationId", "customerId", "count", "decisions", "meta"]
    assert decision == {
        "rank": 1,
        "offerId": "off_gold",
        "offerName": "Gold",
        "creativeId": "cr_gold_web",
        "channelId": "ch_web",
        "score": 0.9,
        "interactionId": decision["interactionId"],
    }
    meta = answer["meta"]
    assert (answer["customerId"], answer["count"]) == ("c1", 1)
    assert (meta["scoringMethod"], meta["degraded"], meta["decisionFlowKey"]) == ("priority_weighted", False, None)
    assert (meta["candidateCount"], meta["qualifiedCount"], meta["rankedCount"], meta["warnings"]) == (3, 2, 2, [])
    assert "explanation" not in meta


async def test_debug_explains_every_candidate(shop: Shop) -> None:
    answer = await shop.recommend(limit=1, debug=True)
    assert answer["meta"]["explanation"] == [
        {
            "offerId": "off_vip",
            "offerName": "Vip",
            "result": "not_qualified",
            "reason": "The customer is not in the segment 'seg_vip'.",
            "policyType": None,
            "score": None,
            "rank": None,
        },
        {
            "offerId": "off_gold",
            "offerName": "Gold",
            "result": "selected",
            "reason": None,
            "policyType": None,
            "score": 0.9,
            "rank": 1,
        },
        {
            "offerId": "off_silver",
            "offerName": "Silver",
            "result": "ranked",
            "reason": None,
            "policyType": None,
            "score": 0.8,
            "rank": 2,
        },
    ]


async def test_a_channel_is_a_name_a_type_or_an_id(shop: Shop) -> None:
    for named in ({"channel": "marketing email"}, {"channel": "EMAIL"}, {"channelId": "ch_mail"}):
        answer = await shop.post("recommend", customerId="c1", **named)
        assert [one["creativeId"] for one in answer.json()["decisions"]] == ["cr_gold_mail", "cr_silver_mail"]


async def test_the_request_may_say_what_the_customer_is(shop: Shop) -> None:
    assert offers(await shop.recommend(segments=["seg_vip"])) == ["off_vip", "off_gold", "off_silver"]
    assert offers(await shop.recommend("c2", excludeOffers=["off_gold"])) == ["off_silver"]
    warned = await shop.recommend("c3", excludeOffers=["off_none"], segments=["seg_none"])
    assert warned["meta"]["warnings"] == [
        "'excludeOffers' names no offer that exists: 'off_none'.",
        "'segments' names no segment that exists: 'seg_none'.",
    ]


async def test_nulls_are_what_is_left_out(shop: Shop) -> None:
    nothing = ("channelId", "placement", "segments", "attributes", "excludeOffers", "decisionFlowKey")
    assert offers(await shop.recommend(**dict.fromkeys(nothing))) == ["off_gold", "off_silver"]


async def test_a_failed_method_degrades_and_answers(shop: Shop) -> None:
    answer = await shop.recommend(decisionFlowKey="fit", attributes={"relevance": 7})
    meta = answer["meta"]
    assert (meta["degraded"], meta["scoringMethod"], meta["decisionFlowKey"]) == (True, "priority_weighted", "fit")
    assert meta["warnings"][0].endswith("Scored by 'priority_weighted' instead.")
    assert offers(answer) == ["off_gold", "off_silver"]
    dashboard = await shop.ask("dashboard-data", type="degraded_scoring")
    assert (dashboard["degradedCount"], dashboard["totalCount"]) == (1, 1)


async def test_a_cap_holds_when_fifty_ask_at_once(shop: Shop) -> None:
    config = {"maxContacts": 3, "windowDays": 7}
    await shop.make("contact-policies", name="Three a week", ruleType="frequency_cap", config=config)
    found = await asyncio.gather(*(shop.recommend(limit=1) for _ in range(50)))
    assert sum(one["count"] for one in found) == 3
    shown = await shop.ask("dashboard-data", type="offer_performance")
    assert sum(row["impressions"] for row in shown["data"]) == 3


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"customerId": None}, 400, "customerId"),
        ({"customerId": ""}, 400, "customerId"),
        ({"customerId": 7}, 400, "customerId"),
        ({"customerId": "c" * 129}, 400, "customerId"),
        ({"customerId": "c\u0000"}, 400, "customerId"),
        ({"customerId": "c\n"}, 400, "customerId"),
        ({"customerId": "c\u0085"}, 400, "customerId"),
        ({"channel": None}, 400, "channelId"),
        ({"channel": 1}, 400, "channel"),
        ({"channel": ""}, 400, "channel"),
        ({"channel": "Fax"}, 404, "channel"),
        ({"channelId": "ch_fax"}, 404, "channelId"),
        ({"channelId": "ch_mail"}, 400, "channel"),
        ({"channelId": "c" * 65}, 400, "channelId"),
        ({"placement": 1}, 400, "placement"),
        ({"limit": 0}, 400, "limit"),
        ({"limit": 51}, 400, "limit"),
        ({"limit": "5"}, 400, "limit"),
        ({"limit": None}, 400, "limit"),
        ({"segments": "seg_vip"}, 400, "segments"),
        ({"segments": [1]}, 400, "segments[0]"),
        ({"segments": ["s"] * 1_001}, 400, "segments"),
        ({"attributes": []}, 400, "attributes"),
        ({"excludeOffers": {}}, 400, "excludeOffers"),
        ({"excludeOffers": ["off_gold", None]}, 400, "excludeOffers[1]"),
        ({"decisionFlowKey": "nothing"}, 404, "decisionFlowKey"),
        ({"decisionFlowKey": ["likely"]}, 400, "decisionFlowKey"),
        ({"debug": "yes"}, 400, "debug"),
    ],
)
async def test_wrong_input_is_named(shop: Shop, body: dict[str, Any], status: int, field: str) -> None:
    answer = await shop.post("recommend", **{"customerId": "c1", "channel": "Web", **body})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["status"], error["details"]["field"]) == (status, field)
    assert (await shop.ask("decision-traces"))["pagination"]["total"] == 0


async def test_a_missing_customer_is_named(shop: Shop) -> None:
    answer = await shop.post("recommend", channel="Web")
    assert answer.json()["error"]["details"]["field"] == "customerId"


async def test_a_misspelt_flow_or_channel_is_told_the_nearest(shop: Shop) -> None:
    for wrong, hint in (
        ({"decisionFlowKey": "likly"}, "'likely'"),
        ({"channel": "Marketing Emial"}, "'Marketing Email'"),
    ):
        answer = await shop.post("recommend", **{"customerId": "c1", "channel": "Web", **wrong})
        assert f"Did you mean {hint}?" in answer.json()["error"]["message"]


async def test_the_longest_and_strangest_customer_is_a_customer(shop: Shop) -> None:
    for customer in ("c" * 128, "Ünï ✓ 'quoted' \\", "\u200b"):
        answer = await shop.recommend(customer)
        (row,) = (await shop.ask("decision-traces", customerId=customer))["data"]
        assert (answer["customerId"], row["customerId"], row["requestId"]) == (
            customer,
            customer,
            answer["recommendationId"],
        )


async def test_the_same_key_gets_the_same_answer_and_decides_once(shop: Shop) -> None:
    body = {"customerId": "c1", "channel": "Web", "debug": True}
    first = await shop.post("recommend", {"idempotency-key": "k"}, **body)
    again = await shop.post("recommend", {"idempotency-key": "k"}, **body)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await shop.ask("decision-traces"))["pagination"]["total"] == 1
    other = await shop.post("recommend", {"idempotency-key": "k"}, **{**body, "limit": 1})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "CONFLICT")


async def test_what_is_recommended_is_in_the_dashboards_at_once(shop: Shop) -> None:
    before = await shop.ask("dashboard-data", type="acceptance_rate")
    assert {row["impressions"] for row in before["data"]} == {0}
    found = await shop.recommend(limit=1)
    await shop.respond("k", recommendationId=found["recommendationId"], rank=1, outcome="accept", conversionValue=12.5)
    rates = await shop.ask("dashboard-data", type="acceptance_rate")
    gold = next(row for row in rates["data"] if row["offerId"] == "off_gold")
    assert (gold["impressions"], gold["positive"], gold["acceptanceRate"]) == (1, 1, 1)
    performance = await shop.ask("dashboard-data", type="offer_performance")
    assert performance["data"][0]["revenue"] == 12.5
    selected = await shop.ask("dashboard-data", type="selection_frequency")
    counts = {row["offerId"]: (row["eligibleCount"], row["selectedCount"]) for row in selected["data"]}
    assert counts == {"off_gold": (1, 1), "off_silver": (1, 0), "off_vip": (1, 0)}
    missed = await shop.ask("dashboard-data", type="why_not_ranked", offerId="off_vip")
    assert missed["missReasons"]["filteredByQualification"] == 1
    impact = await shop.ask("dashboard-data", type="policy_impact")
    assert impact["data"] == [{"policyType": "accept", "count": 1}]


async def test_propensity_follows_responses(server: Server, shop: Shop) -> None:
    """Rates are half a second old at most; a second is what is promised."""
    found = await shop.recommend(decisionFlowKey="likely", channel="Marketing Email")
    assert {one["score"] for one in found["decisions"]} == {0.5}
    for number in range(60):
        shown = {"offerId": "off_silver", "channelId": "ch_mail"}
        await shop.respond(f"i{number}", f"c{number}", outcome="impression", **shown)
        if number < 45:
            await shop.respond(f"p{number}", f"c{number}", outcome="click", **shown)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 1
    while True:
        found = await shop.recommend("new", decisionFlowKey="likely", channel="Marketing Email")
        scores = {one["offerId"]: one["score"] for one in found["decisions"]}
        if scores["off_silver"] == 0.75:
            break
        assert loop.time() < deadline
    assert offers(found)[0] in ("off_gold", "off_silver")


async def test_a_viewer_may_not_recommend(server: Server, shop: Shop) -> None:
    created = await shop.company.request(
        "POST", "/api/v1/account/api-keys", json={"name": "reading", "permissions": ["read"]}
    )
    headers = {"authorization": f"Bearer {created.json()['api_key']['key']}"}
    for path in ("recommend", "respond"):
        answer = await shop.post(path, headers, customerId="c1", channel="Web", outcome="click")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert (await server.client.get("/api/v1/decision-traces", headers=headers)).status_code == 200
