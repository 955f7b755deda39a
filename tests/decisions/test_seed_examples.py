"""The seed's example of each type, from facts that give its figures.

Where an example is abridged (a list shorter than its total), its rows are looked for. One figure
contradicts its own row: ``avgRank`` 2.3, where ``rankDistribution`` has the mean 2.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, repeat
from typing import Any

from headwater.control.decisions.book import Book, Channel, Counts, Creative, Model, Offer
from headwater.ingest.problems import Known
from headwater.query.decisions.dashboard import DashboardQuestion
from headwater.storage.port import Store
from tests.decisions.world import NOW, body_of, interaction, send, trace
from tests.ingest.samples import Roster, Tree

CARD, PREMIUM, GOLD, STARTER, EMAIL = "off_001", "off_premium_card", "off_gold_plus", "off_starter", "ch_001"
AT = "2026-03-25T10:00:00Z"
RANKS = [48, 112, 85, 42, 30, 15, 6, 2, 0, 0]
_NAMES = {CARD: "Premium Card Upgrade", PREMIUM: "Premium Card Upgrade", GOLD: "Gold Plus", STARTER: "Starter Card"}


def book() -> Book:
    """15 active offers of 25, 12 of them with creatives, 34 creatives in all; four active channels."""
    ids = [CARD, PREMIUM, GOLD, STARTER, *(f"off_{number:03}" for number in range(5, 26))]
    offers = [
        Offer(
            number,
            public_id,
            _NAMES.get(public_id, f"Offer {number}"),
            "active" if number <= 15 else "draft",
            priority=90,
            allocated=Decimal(10_000) if public_id == CARD else None,
        )
        for number, public_id in enumerate(ids, 1)
    ]
    shown = chain(repeat(1, 3), range(2, 13), range(16, 26), repeat(16, 10))
    creatives = [Creative(number, f"cr_{number}", "", "active", offer=offer) for number, offer in enumerate(shown, 100)]
    channels = [
        Channel(51, EMAIL, "Marketing Email", "active"),
        *(Channel(n, f"ch_{n}", "", "active") for n in (52, 53, 54)),
    ]
    models = [Model(61, "model_a", "Propensity to Buy", "active"), Model(62, "model_b", "Other", "active")]
    return Book(
        offers=offers,
        creatives=creatives,
        channels=channels,
        models=models,
        counts=Counts(active_experiments=2, journeys=3, active_triggers=5, pending_approvals=1),
    )


BOOK = book()
KNOWN = Known(Tree(), Roster(), BOOK)


async def given(store: Store, dataset: str, records: Sequence[dict[str, Any]]) -> None:
    """Facts about the seed's entities."""
    await send(store, dataset, records, known=KNOWN)


async def told(store: Store, type_: Any, now: datetime = NOW, **more: Any) -> dict[str, Any]:
    """The answer of one type."""
    return await body_of(store, DashboardQuestion(type_, **more), book=BOOK, now=now)


def without(row: dict[str, Any], *beyond: str) -> dict[str, Any]:
    """A row without what goes beyond the seed."""
    return {name: value for name, value in row.items() if name not in beyond}


def performance(offer: str = CARD, channel: str = EMAIL) -> list[dict[str, Any]]:
    """1,250 impressions, 87 accepted for 50 each, 45 dismissed."""
    return [
        *repeat(interaction(AT, offer, channel, "impression"), 1250),
        *repeat(interaction(AT, offer, channel, "accept", revenue=50), 87),
        *repeat(interaction(AT, offer, channel, "dismiss"), 45),
    ]


async def test_summary(store: Store) -> None:
    assert await told(store, "summary") == {
        "activeOffers": 15,
        "activeChannels": 4,
        "activeExperiments": 2,
        "totalJourneys": 3,
        "activeTriggers": 5,
        "pendingApprovals": 1,
    }


async def test_acceptance_rate(store: Store) -> None:
    await given(store, "interactions", performance())
    found = await told(store, "acceptance_rate")
    assert found["data"][0] == {
        "offerId": "off_001",
        "offerName": "Premium Card Upgrade",
        "impressions": 1250,
        "positive": 87,
        "negative": 45,
        "acceptanceRate": 0.0696,
    }
    assert len(found["data"]) == found["total"] == 15
    assert found["period"] == {"days": 7, "since": "2026-03-23T00:00:00.000Z"}
    assert set(found) == {"data", "total", "period"}


async def test_offer_performance(store: Store) -> None:
    await given(store, "interactions", performance())
    found = await told(store, "offer_performance")
    assert without(found["data"][0], "converts") == {
        "offerId": "off_001",
        "name": "Premium Card Upgrade",
        "priority": 90,
        "creativeCount": 3,
        "impressions": 1250,
        "conversions": 87,
        "revenue": 4350.00,
        "conversionRate": "7.0",
    }
    assert found["data"][0]["converts"] == 0


async def test_channel_effectiveness(store: Store) -> None:
    shown = repeat(interaction(AT, CARD, EMAIL, "impression"), 5000)
    await given(store, "interactions", [*shown, *repeat(interaction(AT, CARD, EMAIL, "click"), 350)])
    found = await told(store, "channel_effectiveness")
    assert without(found["data"][0], "converts") == {
        "channelId": "ch_001",
        "channelName": "Marketing Email",
        "impressions": 5000,
        "conversions": 350,
        "effectiveness": "7.0",
    }


async def test_budget_burn(store: Store) -> None:
    await given(store, "interactions", [interaction("2025-01-01T00:00:00Z", CARD, EMAIL, "impression", cost=4500)])
    assert await told(store, "budget_burn") == {
        "data": [{"offerId": "off_001", "allocated": 10000, "spent": 4500, "remaining": 5500, "burnRate": "45.0"}]
    }


async def test_funnel(store: Store) -> None:
    assert await told(store, "funnel") == {
        "stages": [
            {"label": "Total Offers", "count": 25},
            {"label": "Active Offers", "count": 15},
            {"label": "With Creatives", "count": 12},
            {"label": "Creatives", "count": 34},
        ]
    }


async def test_attribution_summary(store: Store) -> None:
    one = {"at": AT, "model": "last_touch", "offer_id": CARD, "channel_id": EMAIL, "value": 300}
    await given(store, "attribution-results", [{**one, "id": f"r{number}"} for number in range(150)])
    assert await told(store, "attribution_summary") == {
        "data": [{"model": "last_touch", "conversions": 150, "totalValue": 45000.00, "avgValue": 300.00}],
        "totalConversions": 150,
    }


async def test_daily_trend(store: Store) -> None:
    days = {"24": (340, 22), "25": (420, 31), "26": (380, 28)}
    await given(
        store,
        "interactions",
        [
            interaction(f"2026-03-{day}T08:00:00Z", CARD, EMAIL, outcome)
            for day, counts in days.items()
            for outcome, count in zip(("impression", "click"), counts, strict=True)
            for _ in range(count)
        ],
    )
    found = await told(store, "daily_trend", datetime(2026, 3, 26, 20, tzinfo=UTC), days=3)
    assert [without(row, "date", "converts") for row in found["data"]] == [
        {"name": "Mar 24", "impressions": 340, "conversions": 22},
        {"name": "Mar 25", "impressions": 420, "conversions": 31},
        {"name": "Mar 26", "impressions": 380, "conversions": 28},
    ]
    assert [row["date"] for row in found["data"]] == ["2026-03-24", "2026-03-25", "2026-03-26"]


async def test_model_metrics_trend(store: Store) -> None:
    weights = {"monthly_spend": 0.28, "tenure_months": 0.32}
    one = {"model_id": "model_a", "feature_importance": weights}
    measured = [{**one, "at": f"2026-03-{day}T03:00:00Z", "auc": auc} for day, auc in ((15, 0.82), (16, 0.84))]
    await given(store, "model-metrics", measured)
    found = await told(store, "model_metrics_trend", days=30)
    assert [without(row, "date") for row in found.pop("aucTrend")] == [
        {"name": "Mar 15", "auc": 0.82},
        {"name": "Mar 16", "auc": 0.84},
    ]
    assert found == {
        "featureImportance": [{"name": "tenure_months", "value": 0.32}, {"name": "monthly_spend", "value": 0.28}],
        "modelCount": 2,
        "modelName": "Propensity to Buy",
    }


async def test_latency_trend(store: Store) -> None:
    # Of 101 values the 51st is the median and the 100th the 99th percentile.
    days = {"30": [*repeat(45, 99), 220, 220], "31": [*repeat(42, 99), 195, 195]}
    runs = [
        {"at": f"2026-03-{day}T09:00:00Z", "duration_ms": value} for day, values in days.items() for value in values
    ]
    await given(store, "run-latencies", runs)
    found = await told(store, "latency_trend", datetime(2026, 3, 31, 12, tzinfo=UTC), days=2)
    assert [without(row, "date") for row in found["data"]] == [
        {"name": "Mon", "p50": 45, "p99": 220},
        {"name": "Tue", "p50": 42, "p99": 195},
    ]
    assert found["hasRealData"] is True


async def test_offer_performance_grouped(store: Store) -> None:
    await given(store, "interactions", performance())
    found = await told(store, "offer_performance_grouped", group_by="channel")
    assert without(found["groups"][0]["offers"][0], "converts") == {
        "offerId": "off_001",
        "name": "Premium Card Upgrade",
        "impressions": 1250,
        "conversions": 87,
        "revenue": 4350.00,
        "conversionRate": "7.0",
    }
    assert found["groups"][0]["groupName"] == "Marketing Email"
    assert found["groups"][0]["groupId"] == "ch_001"
    assert found["groupBy"] == "channel"


async def test_revenue_trend(store: Store) -> None:
    days = {"1": 1200.5, "2": 980}
    await given(
        store,
        "interactions",
        [interaction(f"2026-03-0{day}T09:00:00Z", CARD, EMAIL, "accept", revenue=value) for day, value in days.items()],
    )
    found = await told(store, "revenue_trend", datetime(2026, 3, 2, 12, tzinfo=UTC), days=2)
    assert [without(row, "date") for row in found["data"]] == [
        {"name": "Mar 1", "revenue": 1200.50},
        {"name": "Mar 2", "revenue": 980.00},
    ]
    assert found["hasRealData"] is True


async def test_policy_impact(store: Store) -> None:
    one = {"at": AT, "customer_id": "c1", "expires_at": "2026-04-30T00:00:00Z"}
    types = [*repeat("frequency_cap", 45), *repeat("cooldown", 12)]
    await given(store, "suppressions", [{**one, "policy_type": type_} for type_ in types])
    assert await told(store, "policy_impact") == {
        "data": [{"policyType": "frequency_cap", "count": 45}, {"policyType": "cooldown", "count": 12}],
        "totalActive": 57,
    }


def scored(channel: str, score: float, offer: str = CARD) -> dict[str, Any]:
    """A decision about one offer."""
    return trace(AT, channel, [offer], scoring_results=[{"offer_id": offer, "score": score, "rank": 1}])


async def test_score_distribution(store: Store) -> None:
    counts = [15, 22, 38, 45, 52, 67, 48, 35, 20, 8]
    by_email = [3, 8, 16, 24, 32, 42, 34, 24, 12, 5]
    middle = [place / 10 + 0.05 for place in range(10)]
    shift = 0.542 - sum(count * at for count, at in zip(by_email, middle, strict=True)) / 200
    traces = [
        scored(EMAIL if number < email else "ch_52", at + (shift if number < email else 0))
        for count, email, at in zip(counts, by_email, middle, strict=True)
        for number in range(count)
    ]
    await given(store, "decision-traces", traces)
    found = await told(store, "score_distribution")
    assert found["data"] == [
        {"name": "0.0-0.1", "count": 15},
        {"name": "0.1-0.2", "count": 22},
        {"name": "0.2-0.3", "count": 38},
        {"name": "0.3-0.4", "count": 45},
        {"name": "0.4-0.5", "count": 52},
        {"name": "0.5-0.6", "count": 67},
        {"name": "0.6-0.7", "count": 48},
        {"name": "0.7-0.8", "count": 35},
        {"name": "0.8-0.9", "count": 20},
        {"name": "0.9-1.0", "count": 8},
    ]
    assert (found["totalScores"], found["hasRealData"], found["groupBy"]) == (350, True, None)
    assert found["dimensionBuckets"][0] == {
        "name": "ch_001",
        "dimName": "Marketing Email",
        "count": 200,
        "avgScore": 0.542,
    }


async def test_degraded_scoring(store: Store) -> None:
    traces = [{**scored(EMAIL, 0.5), "degraded": number < 3} for number in range(1250)]
    await given(store, "decision-traces", traces)
    assert await told(store, "degraded_scoring") == {
        "degradedCount": 3,
        "totalCount": 1250,
        "days": 7,
        "hasData": True,
    }


def considered() -> Iterator[dict[str, Any]]:
    """340 decisions about the card with these ranks, 48 of them for it, and 72 about others."""
    ranks = chain.from_iterable(repeat(rank, count) for rank, count in enumerate(RANKS, 1))
    fates = [*repeat("unqualified", 27), *repeat("held back", 45), *repeat(GOLD, 102), *repeat(STARTER, 48)]
    for number, rank in enumerate(ranks):
        fate = "" if number < 48 else (fates[number - 48] if number - 48 < len(fates) else "nobody")
        score = {"offer_id": PREMIUM, "score": 0.432, "rank": rank}
        made = trace(AT, EMAIL, [PREMIUM, GOLD, STARTER], scoring_results=[score])
        if fate == "unqualified":
            made["qualification_results"] = [{"offer_id": PREMIUM, "passed": False, "reason": "segment_required"}]
        if fate == "held back":
            made["contact_policy_results"] = [{"offer_id": PREMIUM, "passed": False, "policy_type": "cooldown"}]
        winner = PREMIUM if not fate else fate if fate in (GOLD, STARTER) else None
        made["selected_offers"] = [{"offer_id": winner, "rank": 1}] if winner else []
        yield made
    yield from repeat(trace(AT, EMAIL, [GOLD]), 72)


async def test_selection_frequency(store: Store) -> None:
    await given(store, "decision-traces", list(considered()))
    found = await told(store, "selection_frequency")
    row = next(row for row in found["data"] if row["offerId"] == PREMIUM)
    assert row == {
        "offerId": "off_premium_card",
        "offerName": "Premium Card Upgrade",
        "eligibleCount": 340,
        "scoredCount": 340,
        "selectedCount": 48,
        "selectionRate": 0.141,
        "avgRank": 2.9,
        "rankDistribution": RANKS,
    }
    assert found["totalTraces"] == 412
    assert found["period"] == {"days": 7, "since": "2026-03-23T00:00:00.000Z"}


async def test_anomaly_candidates(store: Store) -> None:
    def outcomes(day: str, shown: int, accepted: int) -> list[dict[str, Any]]:
        at = f"2026-03-{day}T08:00:00Z"
        impressions = repeat(interaction(at, PREMIUM, EMAIL, "impression"), shown)
        return [*impressions, *repeat(interaction(at, PREMIUM, EMAIL, "accept"), accepted)]

    await given(store, "interactions", outcomes("20", 500, 51) + outcomes("25", 1500, 276))
    found = await told(store, "anomaly_candidates")
    assert next(row for row in found["data"] if row["dimension"] == "offer") == {
        "metric": "acceptance_rate",
        "dimension": "offer",
        "dimensionKey": "off_premium_card",
        "dimensionName": "Premium Card Upgrade",
        "baseline": 0.102,
        "current": 0.184,
        "deltaPct": 80.4,
        "zscore": 4.3,
        "severity": "critical",
    }
    assert found["period"] == {"currentDays": 7, "baselineDays": 7, "since": "2026-03-23T00:00:00.000Z"}


async def test_why_not_ranked(store: Store) -> None:
    await given(store, "decision-traces", list(considered()))
    assert await told(store, "why_not_ranked", offer=2) == {
        "offerId": "off_premium_card",
        "offerName": "Premium Card Upgrade",
        "timesEligible": 340,
        "timesSelected": 48,
        "missRate": 0.859,
        "missReasons": {
            "scoredTooLow": 220,
            "filteredByContactPolicy": 45,
            "filteredByQualification": 27,
            "beatenBy": [
                {"offerId": "off_gold_plus", "offerName": "Gold Plus", "count": 102},
                {"offerId": "off_starter", "offerName": "Starter Card", "count": 48},
            ],
        },
        "rankDistribution": RANKS,
        "avgScore": 0.432,
        "period": {"days": 7, "since": "2026-03-23T00:00:00.000Z"},
        "sampleSize": 412,
        "sampleCap": 1000,
    }
