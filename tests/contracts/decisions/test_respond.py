"""``POST /api/v1/respond`` over HTTP: its answer, its refusals, its key in the body or the header."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.decisions.shop import Shop, offers, opened
from tests.serving import Company, Server

NAMED = {"offerId": "off_gold", "channelId": "ch_web"}


@pytest.fixture
async def shop(company: Company) -> Shop:
    return await opened(company)


async def test_the_answer_is_the_contracts(shop: Shop) -> None:
    found = await shop.recommend()
    answer = await shop.respond("k", recommendationId=found["recommendationId"], rank=2, outcome="accept")
    assert answer == {
        "interactionId": answer["interactionId"],
        "status": "recorded",
        "classification": "positive",
    }
    assert offers(await shop.recommend()) == ["off_gold"]


async def test_an_outcome_of_ones_own_is_recorded(shop: Shop) -> None:
    fields = {"key": "called", "name": "Called", "classification": "negative", "category": "response"}
    await shop.make("outcome-types", **fields)
    assert (await shop.respond("k", outcome="called", **NAMED))["classification"] == "negative"


async def test_an_opt_out_holds_everything_back(shop: Shop) -> None:
    await shop.respond("k", outcome="opt_out", **NAMED)
    for channel in ("Web", "email"):
        answer = await shop.recommend(channel=channel, debug=True, segments=["seg_vip"])
        assert {one["policyType"] for one in answer["meta"]["explanation"]} == {"opt_out"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"customerId": None}, 400, "customerId"),
        ({"customerId": ""}, 400, "customerId"),
        ({"customerId": "c\t"}, 400, "customerId"),
        ({"customerId": "c" * 129}, 400, "customerId"),
        ({"outcome": None}, 400, "outcome"),
        ({"outcome": "clck"}, 400, "outcome"),
        ({"outcome": "c" * 65}, 400, "outcome"),
        ({"recommendationId": "rec_none"}, 400, "rank"),
        ({"recommendationId": "rec_none", "rank": 1}, 404, "recommendationId"),
        ({"recommendationId": 5, "rank": 1}, 400, "recommendationId"),
        ({"recommendationId": "r" * 129, "rank": 1}, 400, "recommendationId"),
        ({"rank": 1}, 400, "recommendationId"),
        ({"rank": 0}, 400, "rank"),
        ({"rank": 1.5}, 400, "rank"),
        ({"offerId": None}, 400, "offerId"),
        ({"channelId": None}, 400, "channelId"),
        ({"offerId": None, "channelId": None}, 400, "recommendationId"),
        ({"offerId": "off_none"}, 404, "offerId"),
        ({"channelId": "ch_none"}, 404, "channelId"),
        ({"conversionValue": -0.01}, 400, "conversionValue"),
        ({"conversionValue": 1_000_000_001}, 400, "conversionValue"),
        ({"conversionValue": "12"}, 400, "conversionValue"),
        ({"timestamp": "yesterday"}, 400, "timestamp"),
        ({"timestamp": 5}, 400, "timestamp"),
        ({"timestamp": "1999-12-31T23:59:59Z"}, 400, "timestamp"),
        ({"timestamp": "2025-05-04T12:30:01Z"}, 400, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-23:59"}, 400, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+23:59"}, 400, "timestamp"),
        ({"idempotencyKey": None}, 400, "idempotencyKey"),
        ({"idempotencyKey": ""}, 400, "idempotencyKey"),
        ({"idempotencyKey": "k" * 256}, 400, "idempotencyKey"),
        ({"idempotencyKey": "k\n"}, 400, "idempotencyKey"),
    ],
)
async def test_wrong_input_is_named_and_not_stored(shop: Shop, body: dict[str, Any], status: int, field: str) -> None:
    good = {"customerId": "c1", "outcome": "dismiss", "idempotencyKey": "k", **NAMED}
    answer = await shop.post("respond", **{**good, **body})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["status"], error["details"]["field"]) == (status, field)
    assert (await shop.ask("dashboard-data", type="policy_impact"))["totalActive"] == 0


async def test_an_outcome_that_is_none_is_told_what_there_is(shop: Shop) -> None:
    answer = await shop.post("respond", customerId="c1", outcome="clck", idempotencyKey="k", **NAMED)
    error = answer.json()["error"]
    assert "Did you mean 'click'?" in error["message"]
    assert {"click", "opt_out", "not_presented"} <= set(error["details"]["allowed"])


async def test_another_customers_recommendation_is_unknown(shop: Shop) -> None:
    found = await shop.recommend("c2")
    body = {"recommendationId": found["recommendationId"], "rank": 1, "outcome": "click", "idempotencyKey": "k"}
    answer = await shop.post("respond", customerId="c1", **body)
    assert answer.status_code == 404
    unknown = await shop.post("respond", **{**body, "customerId": "c2", "rank": 3})
    assert (unknown.status_code, unknown.json()["error"]["details"]["field"]) == (404, "rank")


async def test_another_companys_recommendation_is_unknown(server: Server, shop: Shop) -> None:
    found = await shop.recommend()
    other = await opened(await server.company())
    body = {"recommendationId": found["recommendationId"], "rank": 1, "outcome": "click", "idempotencyKey": "k"}
    assert (await other.post("respond", customerId="c1", **body)).status_code == 404


async def test_the_key_may_stand_in_the_body_or_the_header_or_both(shop: Shop) -> None:
    named = {"customerId": "c1", "outcome": "dismiss", **NAMED}
    header = {"idempotency-key": "k"}
    first = await shop.post("respond", header, **named)
    assert (await shop.post("respond", header, **named)).json() == first.json()
    elsewhere = await shop.post("respond", **named, idempotencyKey="l")
    for headers in ({}, {"idempotency-key": "l"}):
        again = await shop.post("respond", headers, **named, idempotencyKey="l")
        assert (again.status_code, again.json()) == (200, elsewhere.json())
    assert (await shop.ask("dashboard-data", type="policy_impact"))["totalActive"] == 2
    differ = await shop.post("respond", header, **named, idempotencyKey="l")
    assert (differ.status_code, differ.json()["error"]["details"]["field"]) == (400, "idempotencyKey")
    moved = await shop.post("respond", **named, idempotencyKey="k")
    assert (moved.status_code, moved.json()["error"]["code"]) == (409, "CONFLICT")


async def test_a_key_stands_for_one_request(shop: Shop) -> None:
    await shop.respond("k", outcome="dismiss", **NAMED)
    other = await shop.post("respond", customerId="c1", outcome="accept", idempotencyKey="k", **NAMED)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "CONFLICT")
    elsewhere = await shop.post("recommend", {"idempotency-key": "k"}, customerId="c1", channel="Web")
    assert elsewhere.status_code == 409


async def test_money_is_kept_to_the_cent(shop: Shop) -> None:
    for number, value in enumerate((0.1, 0.2, 19.99, 1e-6)):
        await shop.respond(f"k{number}", f"c{number}", outcome="convert", conversionValue=value, **NAMED)
    rows = (await shop.ask("dashboard-data", type="offer_performance"))["data"]
    assert rows[0]["revenue"] == 20.29


async def test_a_past_time_counts_on_its_day(shop: Shop) -> None:
    await shop.respond("k", outcome="impression", timestamp="2025-05-01T23:30:00-02:00", **NAMED)
    days = (await shop.ask("dashboard-data", type="daily_trend"))["data"]
    assert [day["date"] for day in days if day["impressions"]] == ["2025-05-02"]
