"""Every type against the slow reference, on facts at random, in one store of all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from headwater.kit.rounding import percent, rounded
from headwater.query.decisions.dashboard import DashboardQuestion, Span, span
from headwater.storage.port import Store
from tests.decisions import reference
from tests.decisions.random_facts import OFFERS, Records, fill, interactions, others, traces
from tests.decisions.world import BOOK, NOW, body_of
from tests.stores import Opening

RANDOM = Random(4)
FACTS: Mapping[str, Records] = {
    "interactions": interactions(RANDOM, 1500),
    "decision-traces": traces(RANDOM, 600),
    **others(RANDOM),
}
DAYS = (1, 7, 18, 365)
every_span = pytest.mark.parametrize("days", DAYS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(opening: Opening) -> AsyncIterator[Store]:
    async with opening() as store:
        await fill(store, FACTS)
        yield store


pytestmark = pytest.mark.asyncio(loop_scope="module")


def spanned(days: int) -> Span:
    return span(DashboardQuestion("summary", days), NOW.replace(tzinfo=None))


def told(dataset: str, days: int, segment: str | None = None) -> list[reference.Record]:
    customers = None if segment is None else reference.members(FACTS["segment-members"], segment)
    return reference.in_span(FACTS[dataset], spanned(days), customers)


def cents(amount: Fraction) -> float:
    return float(rounded(amount.numerator, amount.denominator, 2))


async def ask(store: Store, type_: Any, **more: Any) -> dict[str, Any]:
    return await body_of(store, DashboardQuestion(type_, **more))


def number(kind: str, public_id: str) -> int:
    found = BOOK.find(kind, public_id)
    assert found is not None
    return found


@every_span
@pytest.mark.parametrize("segment", [None, "seg_vip"])
async def test_acceptance_is_of_offers_that_are_active_or_had_interactions(
    filled: Store, days: int, segment: str | None
) -> None:
    within = None if segment is None else number("segment", segment)
    found = await ask(filled, "acceptance_rate", days=days, segment=within)
    expected = reference.sums(told("interactions", days, segment), "offer_id", BOOK)
    active = {offer.id for offer in BOOK.offers.values() if offer.active}
    assert {row["offerId"] for row in found["data"]} == active | set(expected)
    for row in found["data"]:
        impressions, positive, negative, *_ = expected.get(row["offerId"], (0, 0, 0, 0, 0))
        assert (row["impressions"], row["positive"], row["negative"]) == (impressions, positive, negative)
        assert row["acceptanceRate"] == float(rounded(positive, impressions, 4))
    order = [(-row["impressions"], row["offerName"]) for row in found["data"]]
    assert order == sorted(order)


@every_span
@pytest.mark.parametrize("segment", [None, "seg_new"])
async def test_channels(filled: Store, days: int, segment: str | None) -> None:
    within = None if segment is None else number("segment", segment)
    found = await ask(filled, "channel_effectiveness", days=days, segment=within)
    expected = reference.sums(told("interactions", days, segment), "channel_id", BOOK)
    for row in found["data"]:
        impressions, positive, _, converts, _ = expected.get(row["channelId"], (0, 0, 0, 0, 0))
        assert (row["impressions"], row["conversions"], row["converts"]) == (impressions, positive, converts)
        assert row["effectiveness"] == percent(positive, impressions)
    assert {row["channelId"] for row in found["data"]} == {"ch_mail", "ch_app", *expected}


@every_span
@pytest.mark.parametrize("group_by", ["channel", "category", "segment"])
async def test_groups_hold_what_their_records_say(filled: Store, days: int, group_by: Any) -> None:
    found = await ask(filled, "offer_performance_grouped", days=days, group_by=group_by)
    records = told("interactions", days)
    for group in found["groups"]:
        match group_by:
            case "channel":
                own = [one for one in records if one["channel_id"] == group["groupId"]]
            case "category":
                own = [one for one in records if category(one["offer_id"]) == group["groupId"]]
            case _:
                listed = reference.members(FACTS["segment-members"], group["groupId"])
                own = [one for one in records if one["customer_id"] in listed]
        expected = reference.sums(own, "offer_id", BOOK)
        rows = {
            row["offerId"]: (row["impressions"], row["conversions"], row["converts"], row["revenue"])
            for row in group["offers"]
        }
        assert rows == {
            offer: (shown, good, converts, cents(revenue))
            for offer, (shown, good, _, converts, revenue) in expected.items()
        }
    covered = {group["groupName"] for group in found["groups"]}
    assert covered or days == 1
    if group_by == "category":
        assert covered <= {"Cards", "Loans", "Uncategorized"}
    if group_by == "segment":
        assert all(row["segmentId"] == group["groupId"] for group in found["groups"] for row in group["offers"])


def category(offer: str) -> str | None:
    of = BOOK.offers[number("offer", offer)].category
    return None if of is None else BOOK.id_of("category", of)


@every_span
@pytest.mark.parametrize("segment", [None, "seg_vip"])
async def test_days_of_both_trends(filled: Store, days: int, segment: str | None) -> None:
    within = None if segment is None else number("segment", segment)
    daily = await ask(filled, "daily_trend", days=days, segment=within)
    revenue = await ask(filled, "revenue_trend", days=days, segment=within)
    records = [{**one, "day": reference.when(one).date().isoformat()} for one in told("interactions", days, segment)]
    expected = reference.sums(records, "day", BOOK)
    assert len(daily["data"]) == len(revenue["data"]) == days
    assert daily["data"][-1]["date"] == "2026-03-30"
    for row, money in zip(daily["data"], revenue["data"], strict=True):
        impressions, positive, _, converts, earned = expected.get(row["date"], (0, 0, 0, 0, Fraction()))
        assert (row["impressions"], row["conversions"], row["converts"]) == (impressions, positive, converts)
        assert money["date"] == row["date"]
        assert money["revenue"] == cents(earned)
    assert revenue["hasRealData"] == bool(records)


@every_span
async def test_attribution(filled: Store, days: int) -> None:
    found = await ask(filled, "attribution_summary", days=days)
    values: defaultdict[str, list[float]] = defaultdict(list)
    for one in told("attribution-results", days):
        values[one["model"]].append(one["value"])
    assert {row["model"]: (row["conversions"], row["totalValue"]) for row in found["data"]} == {
        model: (len(of), round(sum(of), 2)) for model, of in values.items()
    }
    assert found["totalConversions"] == max(map(len, values.values()), default=0)


async def test_budgets_count_all_time(filled: Store) -> None:
    (row,) = (await ask(filled, "budget_burn", days=1))["data"]
    spent = sum(round(one.get("cost", 0) * 1000) for one in FACTS["interactions"] if one["offer_id"] == "off_gold")
    assert row["offerId"] == "off_gold"
    assert row["spent"] == float(rounded(spent, 1000, 2))
    assert row["remaining"] == round(100 - row["spent"], 2)


@every_span
async def test_latencies_of_runs(filled: Store, days: int) -> None:
    found = await ask(filled, "latency_trend", days=days)
    of: defaultdict[str, list[float]] = defaultdict(list)
    for one in told("run-latencies", days):
        of[reference.when(one).date().isoformat()].append(one["duration_ms"])
    for row in found["data"]:
        values = of.get(row["date"])
        expected = [reference.percentile(values, fraction) for fraction in (0.5, 0.99)] if values else [None, None]
        assert [row["p50"], row["p99"]] == expected


async def test_suppressions_that_hold(filled: Store) -> None:
    found = await ask(filled, "policy_impact")
    now = NOW.replace(tzinfo=None)
    held = Counter(
        one["policy_type"]
        for one in FACTS["suppressions"]
        if "expires_at" not in one or reference.when({"at": one["expires_at"]}) > now
    )
    assert {row["policyType"]: row["count"] for row in found["data"]} == dict(held)
    assert found["totalActive"] == held.total()


@every_span
async def test_degraded(filled: Store, days: int) -> None:
    found = await ask(filled, "degraded_scoring", days=days)
    records = told("decision-traces", days)
    assert found["totalCount"] == sum(bool(one["scoring_results"]) for one in records)
    assert found["degradedCount"] == sum(one["degraded"] for one in records)


@every_span
async def test_scores(filled: Store, days: int) -> None:
    found = await ask(filled, "score_distribution", days=days)
    records = told("decision-traces", days)
    assert [row["count"] for row in found["data"]] == reference.score_counts(records)
    for group_by in ("channel", "offer", "category"):
        grouped = await ask(filled, "score_distribution", days=days, group_by=group_by)
        assert sum(row["count"] for row in grouped["dimensionBuckets"]) == grouped["totalScores"]
        for row in grouped["dimensionBuckets"]:
            if row["name"] is not None:
                only = number(group_by, row["name"])
                alone = await ask(filled, "score_distribution", days=days, group_by=group_by, filter=only)
                assert alone["totalScores"] == row["count"]
                assert alone["dimensionBuckets"] == [row]


@every_span
@pytest.mark.parametrize(
    "only",
    [
        {},
        {"channel": "ch_mail"},
        {"flow": "flow_main"},
        {"segment": "seg_vip"},
        {"category": "cat_cards"},
        {"channel": "ch_app", "flow": "flow_test", "segment": "seg_new"},
    ],
    ids=str,
)
async def test_selection(filled: Store, days: int, only: dict[str, str]) -> None:
    kinds = {"flow": "decision_flow"}
    numbers = {name: number(kinds.get(name, name), public_id) for name, public_id in only.items()}
    found = await ask(filled, "selection_frequency", days=days, **numbers)
    records = [
        one
        for one in told("decision-traces", days, only.get("segment"))
        if only.get("channel", one["channel_id"]) == one["channel_id"]
        and only.get("flow", one.get("decision_flow_id")) == one.get("decision_flow_id")
    ]
    assert found["totalTraces"] == len(records)
    rows = {
        row["offerId"]: (
            row["eligibleCount"],
            row["scoredCount"],
            row["selectedCount"],
            row["avgRank"],
            row["rankDistribution"],
        )
        for row in found["data"]
    }
    expected = {
        offer: (eligible, scored, selected, None if mean is None else float(mean), ranks)
        for offer, (eligible, scored, selected, mean, ranks) in reference.selection(records).items()
        if only.get("category", category(offer)) == category(offer)
    }
    assert rows == expected


@every_span
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("segment", [None, "seg_vip"])
async def test_every_miss_has_one_reason(filled: Store, days: int, offer: str, segment: str | None) -> None:
    within = None if segment is None else number("segment", segment)
    found = await ask(filled, "why_not_ranked", days=days, offer=number("offer", offer), segment=within)
    records = told("decision-traces", days, segment)
    with_offer = [one for one in records if offer in one["candidates"]]
    fates = Counter(reference.fate(one, offer) for one in with_offer)
    reasons = found["missReasons"]
    assert found["timesEligible"] == len(with_offer)
    assert found["timesSelected"] == fates["selected"]
    assert reasons["filteredByQualification"] == fates["qualification_results"]
    assert reasons["filteredByContactPolicy"] == fates["contact_policy_results"]
    assert reasons["scoredTooLow"] == fates["outranked"]
    counts = [reasons[name] for name in ("filteredByQualification", "filteredByContactPolicy", "scoredTooLow")]
    assert sum(counts) == found["timesEligible"] - found["timesSelected"]
    winners = Counter(
        chosen["offer_id"]
        for one in with_offer
        if reference.fate(one, offer) == "outranked"
        for chosen in one["selected_offers"]
        if chosen["rank"] == 1
    )
    assert {row["offerId"]: row["count"] for row in reasons["beatenBy"]} == dict(winners)
    assert found["sampleSize"] == len(records)


async def test_an_unknown_list_is_a_warning(filled: Store) -> None:
    for type_ in ("acceptance_rate", "selection_frequency", "why_not_ranked"):
        found = await ask(filled, type_, segment=number("segment", "seg_bare"), offer=1)
        assert found["data"] == []
        assert "refresh" in found["warning"]
    grouped = await ask(filled, "offer_performance_grouped", segment=number("segment", "seg_bare"))
    assert grouped["groups"] == []
    assert grouped["warning"]


async def test_a_trend_of_a_model_is_its_measurements(filled: Store) -> None:
    found = await ask(filled, "model_metrics_trend", days=30, model=number("algorithm_model", "model_b"))
    records = sorted((one for one in told("model-metrics", 30) if one["model_id"] == "model_b"), key=reference.when)
    assert [row["auc"] for row in found["aucTrend"]] == [one["auc"] for one in records]
    weights = [row["value"] for row in found["featureImportance"]]
    assert weights == sorted(weights, reverse=True)
    assert (found["modelCount"], found["modelName"]) == (2, "B")


async def test_an_anomaly_compares_with_the_days_before(filled: Store) -> None:
    found = await ask(filled, "anomaly_candidates", days=7, baseline_days=7)
    current, before = told("interactions", 7), told("interactions", 14)
    earlier = [one for one in before if reference.when(one) < spanned(7).start]
    now, then = (reference.sums(records, "channel_id", BOOK) for records in (current, earlier))
    rows = [row for row in found["data"] if (row["metric"], row["dimension"]) == ("acceptance_rate", "channel")]
    for row in rows:
        (n1, x1, *_), (n2, x2, *_) = now[row["dimensionKey"]], then[row["dimensionKey"]]
        assert (row["current"], row["baseline"]) == (float(rounded(x1, n1, 4)), float(rounded(x2, n2, 4)))
    revenue = [row for row in found["data"] if row["metric"] == "revenue"]
    assert revenue
    for row in revenue:
        earned = sum(one.get("revenue", 0) for one in current if one["offer_id"] == row["dimensionKey"])
        assert row["current"] == pytest.approx(earned / 7, abs=0.006)
    distances = [abs(row["zscore"]) for row in found["data"] if row["zscore"] is not None]
    assert distances == sorted(distances, reverse=True)
    assert spanned(7).start - spanned(14).start == timedelta(days=7)
