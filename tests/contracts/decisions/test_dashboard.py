"""``GET /api/v1/dashboard-data`` over HTTP: parameters, what is refused, and answers that are never stale."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headwater.query.decisions.dashboard import TAKES, TYPES
from tests.contracts.decisions.shop import Shop, opened
from tests.serving import Company, Server

PATH = "/api/v1/dashboard-data"
GIVEN = {
    "modelId": "model_x",
    "groupBy": "channel",
    "filterId": "ch_web",
    "segmentId": "seg_vip",
    "channelId": "ch_web",
    "categoryId": "cat_cards",
    "decisionFlowId": "flow_1",
    "offerId": "off_gold",
    "baselineDays": "7",
}


@pytest.fixture
async def shop(company: Company) -> Shop:
    return await opened(company)


async def ask(shop: Shop, type_: str, **params: Any) -> dict[str, Any]:
    return await shop.ask("dashboard-data", type=type_, **params)


async def send(shop: Shop, dataset: str, *records: dict[str, Any]) -> None:
    answer = await shop.company.request(
        "POST",
        f"/api/v1/ingest/{dataset}",
        content="\n".join(map(json.dumps, records)),
        headers={"content-type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == 0, answer.text


async def refused(shop: Shop, status: int, **params: Any) -> dict[str, Any]:
    answer = await shop.company.get(PATH, **params)
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["status"] == status
    return error


@pytest.mark.parametrize("type_", TYPES)
async def test_every_type_answers_where_nothing_has_happened(shop: Shop, type_: str) -> None:
    more = {"offerId": "off_gold"} if type_ == "why_not_ranked" else {}
    found = await ask(shop, type_, **more)
    assert "warning" not in found


async def test_summary_is_the_default(shop: Shop) -> None:
    assert await shop.ask("dashboard-data") == await ask(shop, "summary")
    assert (await ask(shop, "summary"))["activeOffers"] == 3


@pytest.mark.parametrize("type_", TYPES)
async def test_parameters_of_other_types_are_refused(shop: Shop, type_: str) -> None:
    needed = {"offerId": "off_gold"} if type_ == "why_not_ranked" else {}
    for name, value in GIVEN.items():
        if name in TAKES.get(type_, frozenset()):
            continue
        error = await refused(shop, 400, type=type_, **{**needed, name: value})
        assert (error["code"], error["details"]["field"]) == ("BAD_REQUEST", name)
        assert type_ in error["message"]


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"type": "sumary"}, "type", "Did you mean 'summary'?"),
        ({"days": "0"}, "days", "from 1 to 365"),
        ({"days": "366"}, "days", "from 1 to 365"),
        ({"days": "7.5"}, "days", "whole number"),
        ({"type": "anomaly_candidates", "baselineDays": "999"}, "baselineDays", "from 1 to 365"),
        ({"type": "offer_performance_grouped", "groupBy": "offer"}, "groupBy", "channel, category, segment"),
        ({"type": "score_distribution", "groupBy": "segment"}, "groupBy", "channel, offer, category"),
        ({"type": "score_distribution", "filterId": "ch_web"}, "filterId", "needs 'groupBy'"),
        ({"type": "why_not_ranked"}, "offerId", "required"),
        ({"type": "summary", "dayz": "7"}, "dayz", "Did you mean 'days'?"),
    ],
    ids=str,
)
async def test_wrong_parameters_are_named(shop: Shop, params: dict[str, str], field: str, words: str) -> None:
    error = await refused(shop, 400, **params)
    assert error["code"] == "BAD_REQUEST"
    assert error["details"]["field"] == field
    assert words in error["message"]


@pytest.mark.parametrize(
    "params",
    [
        {"type": "why_not_ranked", "offerId": "off_none"},
        {"type": "model_metrics_trend", "modelId": "model_none"},
        {"type": "selection_frequency", "channelId": "ch_none"},
        {"type": "selection_frequency", "categoryId": "cat_none"},
        {"type": "selection_frequency", "decisionFlowId": "flow_none"},
        {"type": "score_distribution", "groupBy": "offer", "filterId": "ch_web"},
    ],
    ids=str,
)
async def test_ids_that_are_none_are_not_found(shop: Shop, params: dict[str, str]) -> None:
    error = await refused(shop, 404, **params)
    assert error["code"] == "NOT_FOUND"
    assert error["details"]["field"] in params


async def test_an_unknown_segment_is_an_empty_answer(shop: Shop) -> None:
    for segment in ("seg_none", "seg_vip"):
        found = await ask(shop, "acceptance_rate", segmentId=segment)
        assert (found["data"], bool(found["warning"])) == ([], True)
        grouped = await ask(shop, "offer_performance_grouped", segmentId=segment)
        assert (grouped["groups"], bool(grouped["warning"])) == ([], True)


async def test_another_tenant_s_header_is_forbidden(shop: Shop, server: Server) -> None:
    other = await server.company()
    answer = await shop.company.request("GET", PATH, headers={"x-tenant-id": str(other.organisation_id)})
    assert answer.status_code == 403
    own = await shop.company.request("GET", PATH, headers={"x-tenant-id": str(shop.company.organisation_id)})
    assert own.status_code == 200


async def test_a_decision_and_its_response_are_there_at_once(shop: Shop) -> None:
    empty = await ask(shop, "acceptance_rate")
    assert [row["impressions"] for row in empty["data"]] == [0, 0, 0]
    given = await shop.recommend("c1")
    first = given["decisions"][0]
    shown = {row["offerId"]: row for row in (await ask(shop, "acceptance_rate"))["data"]}
    assert shown[first["offerId"]]["impressions"] == 1
    answer = {"recommendationId": given["recommendationId"], "rank": 1, "outcome": "convert", "conversionValue": 12.5}
    await shop.respond("k1", "c1", **answer)
    answered = {row["offerId"]: row for row in (await ask(shop, "offer_performance"))["data"]}
    assert answered[first["offerId"]]["conversions"] == answered[first["offerId"]]["converts"] == 1
    assert answered[first["offerId"]]["revenue"] == 12.5
    assert (await ask(shop, "revenue_trend"))["data"][-1]["revenue"] == 12.5
    assert (await ask(shop, "policy_impact"))["data"] == [{"policyType": "convert", "count": 1}]
    chosen = (await ask(shop, "selection_frequency"))["data"]
    assert {row["offerId"]: row["selectedCount"] for row in chosen}[first["offerId"]] == 1
    why = await ask(shop, "why_not_ranked", offerId="off_vip")
    assert why["missReasons"]["filteredByQualification"] == 1
    assert (await ask(shop, "score_distribution"))["totalScores"] == given["count"]


async def test_a_changed_entity_changes_the_answer(shop: Shop) -> None:
    assert (await ask(shop, "summary"))["activeOffers"] == 3
    answer = await shop.company.request("PUT", "/api/v1/offers/off_gold", json={"status": "paused", "name": "Golden"})
    assert answer.status_code == 200
    assert (await ask(shop, "summary"))["activeOffers"] == 2
    await send(shop, "interactions", seen("off_gold"))
    assert (await ask(shop, "acceptance_rate"))["data"][0]["offerName"] == "Golden"


async def test_an_archived_offer_keeps_its_history(shop: Shop) -> None:
    await send(shop, "interactions", seen("off_gold"))
    gone = await shop.company.request("DELETE", "/api/v1/offers/off_gold")
    assert gone.status_code == 204
    rows = (await ask(shop, "acceptance_rate"))["data"]
    assert (rows[0]["offerId"], rows[0]["impressions"]) == ("off_gold", 1)
    assert "off_gold" not in {row["offerId"] for row in (await ask(shop, "offer_performance"))["data"]}


def seen(offer: str, customer: str = "c1", outcome: str = "impression", **more: Any) -> dict[str, Any]:
    """An interaction of yesterday."""
    at = "2025-05-02T10:00:00Z"
    return {"at": at, "customer_id": customer, "offer_id": offer, "channel_id": "ch_web", "outcome": outcome, **more}


async def test_a_refreshed_segment_is_who_meets_its_filters(shop: Shop) -> None:
    spends = {"measure": "revenue", "operator": "gte", "value": 100, "days": 30, "offerId": "off_gold"}
    await shop.make("segments", id="seg_spends", name="Spends", filters=[spends])
    bought = [seen("off_gold", "c1", "accept", revenue=60), seen("off_gold", "c1", "accept", revenue=40.5)]
    less = [seen("off_gold", "c2", "accept", revenue=99.99), seen("off_silver", "c2", "accept", revenue=500)]
    await send(shop, "interactions", *bought, *less, seen("off_gold"), seen("off_gold", "c2"))
    unmade = await shop.ask("segments/seg_spends")
    assert (unmade["memberCount"], unmade["materializedAt"]) == (0, None)
    made = await shop.company.request("POST", "/api/v1/segments/seg_spends/refresh")
    assert made.status_code == 200, made.text
    assert (made.json()["memberCount"], bool(made.json()["materializedAt"])) == (1, True)
    found = await ask(shop, "acceptance_rate", segmentId="seg_spends")
    assert {row["offerId"]: row["impressions"] for row in found["data"]}["off_gold"] == 1
    assert found["data"][0]["positive"] == 2
    members = [{"segment_id": "seg_spends", "customer_id": "c2"}, {"segment_id": "seg_spends", "customer_id": "c1"}]
    await send(shop, "segment-members", members[0], {**members[1], "op": "remove"})
    assert (await shop.ask("segments/seg_spends"))["memberCount"] == 1
    assert (await ask(shop, "acceptance_rate", segmentId="seg_spends"))["data"][0]["positive"] == 1
    again = await shop.company.request("POST", "/api/v1/segments/seg_spends/refresh")
    assert again.json()["memberCount"] == 1
    assert (await ask(shop, "acceptance_rate", segmentId="seg_spends"))["data"][0]["positive"] == 2


async def test_a_segment_without_filters_cannot_be_refreshed(shop: Shop) -> None:
    bare = await shop.company.request("POST", "/api/v1/segments/seg_vip/refresh")
    assert bare.status_code == 400
    assert "ingest/segment-members" in bare.json()["error"]["message"]
    unknown = await shop.company.request("POST", "/api/v1/segments/seg_none/refresh")
    assert unknown.status_code == 404
