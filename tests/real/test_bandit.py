"""The Open Bandit log, 60,000 decisions with their propensities, against the reference answers beside it.

Every row is a trace, an impression and, where it was clicked, a click. An offer is an item
of one policy and campaign, which are its category; a channel is a position of one policy.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.serving import Company, serving

pytestmark = pytest.mark.slow

AFTER = datetime(2019, 12, 1, 6, tzinfo=UTC)
DAYS = 8
ITEMS = {"all": 80, "men": 34, "women": 46}
POLICIES = ("bts", "random")
GROUPS = [f"{policy}_{campaign}" for policy in POLICIES for campaign in ITEMS]
LOG = """
    CREATE TABLE log AS SELECT policy || '_' || campaign AS grp, policy || '_' || campaign || '_' || item_id AS offer,
        policy || '_' || position AS channel, position, click, propensity_score AS score,
        strftime("timestamp" AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS "at", user_feature_0 AS feature,
        policy || '_' || campaign || '_' || md5(concat(user_feature_0, user_feature_1, user_feature_2, user_feature_3))
            AS customer
    FROM '{path}'
"""

# D1.1: decisions and clicks; D1.4: by position; D1.3: by day under bts, all.
BY_GROUP = {
    "bts_all": (10_000, 42),
    "bts_men": (10_000, 69),
    "bts_women": (10_000, 46),
    "random_all": (10_000, 38),
    "random_men": (10_000, 46),
    "random_women": (10_000, 46),
}
BY_POSITION = {
    "bts_1": (9_989, 58),
    "bts_2": (9_939, 53),
    "bts_3": (10_072, 46),
    "random_1": (9_935, 38),
    "random_2": (10_174, 51),
    "random_3": (9_891, 41),
}
BY_DAY = [(1_517, 7), (1_161, 4), (1_325, 11), (1_594, 6), (1_665, 6), (1_457, 5), (1_281, 3), (0, 0)]
# D1.2: the best of random, all with 100 decisions or more, by item; D1.8: the most shown under bts, men.
BEST = [
    (49, 114, 3, 0.02631579),
    (53, 105, 2, 0.01904762),
    (58, 112, 2, 0.01785714),
    (18, 119, 2, 0.01680672),
    (36, 122, 2, 0.01639344),
    (6, 131, 2, 0.01526718),
    (44, 136, 2, 0.01470588),
    (57, 149, 2, 0.01342282),
    (61, 104, 1, 0.00961538),
    (48, 115, 1, 0.00869565),
]
MOST_SHOWN = [(13, 2026, 16), (23, 1472, 8), (0, 1265, 9), (27, 997, 9), (6, 590, 3), (17, 515, 11), (31, 461, 3),
              (10, 411, 2), (9, 311, 1), (3, 194, 2)]  # fmt: skip
# D1.7: smallest and largest propensity; D1.9: by the first feature of customers, random.
PROPENSITY = {
    "bts_all": (4.5e-05, 0.95424),
    "bts_men": (0.000165, 0.72529),
    "bts_women": (1e-06, 0.9628),
    "random_all": (0.0125, 0.0125),
    "random_men": (0.029411764705882353, 0.029411764705882353),
    "random_women": (0.021739130434782608, 0.021739130434782608),
}
BY_FEATURE = {
    "4ae385d792f81dde128124a925a830de": (153, 0),
    "81ce123cbb5bd8ce818f60fb3586bba5": (19_132, 77),
    "cef3390ed299c09874189c387777674a": (10_715, 53),
}


@dataclass(frozen=True)
class Bandit:
    """The log in a server's data directory, and in SQL."""

    folder: Path
    key: str
    organisation_id: int
    reference: duckdb.DuckDBPyConnection

    def ask(self, *questions: dict[str, Any]) -> list[Any]:
        """The dashboard's answers just after the log's end."""

        async def work() -> list[Any]:
            async with serving(self.folder) as server:
                server.clock.now = AFTER
                company = Company(server, "owner1@example.com", self.key, self.organisation_id)
                return [await _asked(company, days=DAYS, **one) for one in questions]

        return asyncio.run(work())

    def sql(self, select: str) -> list[tuple[Any, ...]]:
        """What SQL says of ``log``."""
        return self.reference.execute(select).fetchall()


async def _asked(company: Company, **params: Any) -> Any:
    answer = await company.get("/api/v1/dashboard-data", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def bandit(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bandit]:
    folder = tmp_path_factory.mktemp("bandit") / "data"
    with duckdb.connect() as reference:
        reference.execute("SET TimeZone = 'UTC'")
        reference.execute(LOG.format(path=data / "decisions" / "obd.parquet"))

        async def work() -> Bandit:
            async with serving(folder) as server:
                server.clock.now = AFTER
                company = await server.company("Shop")
                loaded = Bandit(folder, company.key, company.organisation_id, reference)
                await _make(company)
                await _send(company, loaded)
                return loaded

        yield asyncio.run(work())


async def _make(company: Company) -> None:
    async def post(path: str, **body: Any) -> None:
        answer = await company.request("POST", f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text

    for policy in POLICIES:
        for position in (1, 2, 3):
            name = f"{policy}_{position}"
            await post("channels", id=name, name=name, channelType="web")
        for campaign, items in ITEMS.items():
            group = f"{policy}_{campaign}"
            await post("categories", id=group, name=group)
            await post("decision-flows", id=group, key=group, name=group)
            for item in range(items):
                offer = f"{group}_{item}"
                await post("offers", id=offer, name=offer, status="active", categoryId=group)
    for segment in ("bts_all", *BY_FEATURE):
        await post("segments", id=segment, name=segment)


async def _send(company: Company, loaded: Bandit) -> None:
    rows = loaded.sql('SELECT grp, offer, channel, position, click, score, "at", customer FROM log')
    await _ingest(company, "interactions", _interactions, rows)
    await _ingest(company, "decision-traces", _trace, rows)
    members = loaded.sql(
        "SELECT DISTINCT 'bts_all', customer FROM log WHERE grp = 'bts_all'"
        " UNION ALL SELECT DISTINCT feature, customer FROM log WHERE grp LIKE 'random%'"
    )
    await _ingest(company, "segment-members", _member, members)


def _interactions(row: tuple[Any, ...]) -> list[dict[str, Any]]:
    _, offer, channel, _, click, _, at, customer = row
    shown = {"at": at, "customer_id": customer, "offer_id": offer, "channel_id": channel}
    return [{**shown, "outcome": outcome} for outcome in (("impression", "click") if click else ("impression",))]


def _member(row: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [{"segment_id": row[0], "customer_id": row[1]}]


def _trace(row: tuple[Any, ...]) -> list[dict[str, Any]]:
    group, offer, channel, position, _, score, at, customer = row
    decided = {"at": at, "customer_id": customer, "channel_id": channel, "decision_flow_id": group}
    scoring = [{"offer_id": offer, "score": score, "rank": 1}]
    selected = [{"offer_id": offer, "rank": position}]
    return [{**decided, "candidates": [offer], "scoring_results": scoring, "selected_offers": selected}]


async def _ingest(
    company: Company,
    dataset: str,
    make: Callable[[tuple[Any, ...]], list[dict[str, Any]]],
    rows: list[tuple[Any, ...]],
) -> None:
    records = [record for row in rows for record in make(row)]
    answer = await company.request(
        "POST",
        f"/api/v1/ingest/{dataset}",
        content="\n".join(map(json.dumps, records)),
        headers={"content-type": "application/x-ndjson"},
    )
    receipt = answer.json()
    assert (receipt["accepted"], receipt["ignored_fields"]) == (len(records), [])


def test_clicks_by_policy_and_campaign(bandit: Bandit) -> None:
    """D1.1."""
    (answer,) = bandit.ask({"type": "offer_performance_grouped", "groupBy": "category"})
    found = {
        group["groupId"]: tuple(
            sum(offer[what] for offer in group["offers"]) for what in ("impressions", "conversions")
        )
        for group in answer["groups"]
    }
    assert found == BY_GROUP


def test_the_best_items_of_a_random_policy(bandit: Bandit) -> None:
    """D1.2, and all items of all campaigns against SQL."""
    (answer,) = bandit.ask({"type": "acceptance_rate"})
    rows = {row["offerId"]: (row["impressions"], row["positive"]) for row in answer["data"]}
    assert answer["total"] == len(POLICIES) * sum(ITEMS.values())
    rates = {row["offerId"]: row["acceptanceRate"] for row in answer["data"]}
    for item, decisions, clicks, rate in BEST:
        assert rows[f"random_all_{item}"] == (decisions, clicks)
        assert rates[f"random_all_{item}"] == round(rate, 4)
    expected = {offer: (count, clicks) for offer, count, clicks in bandit.sql(
        "SELECT offer, count(*), sum(click)::BIGINT FROM log GROUP BY 1"
    )}  # fmt: skip
    assert {offer: counts for offer, counts in rows.items() if counts[0]} == expected


def test_clicks_by_day(bandit: Bandit) -> None:
    """D1.3: one campaign's customers are a segment."""
    (answer,) = bandit.ask({"type": "daily_trend", "segmentId": "bts_all"})
    days = [(day["impressions"], day["conversions"]) for day in answer["data"]]
    assert days == BY_DAY
    assert answer["data"][0]["date"] == (AFTER.date() - timedelta(days=7)).isoformat()


def test_clicks_by_position(bandit: Bandit) -> None:
    """D1.4."""
    (answer,) = bandit.ask({"type": "channel_effectiveness"})
    assert {row["channelId"]: (row["impressions"], row["conversions"]) for row in answer["data"]} == BY_POSITION
    assert {row["channelId"]: row["effectiveness"] for row in answer["data"]} == {
        channel: f"{100 * clicks / shown:.1f}" for channel, (shown, clicks) in BY_POSITION.items()
    }


def test_propensities_by_policy_and_campaign(bandit: Bandit) -> None:
    """D1.7: the tenths from the smallest to the largest, and their mean."""
    answers = bandit.ask(
        *({"type": "score_distribution", "groupBy": "category", "filterId": group} for group in GROUPS)
    )
    for group, answer in zip(GROUPS, answers, strict=True):
        tenths = [bucket["count"] for bucket in answer["data"]]
        own = f"FROM log WHERE grp = '{group}'"
        counted = dict(bandit.sql(f"SELECT (round(score * 1e9)::BIGINT // 100000000)::INT, count(*) {own} GROUP BY 1"))
        assert tenths == [counted.get(tenth, 0) for tenth in range(10)]
        lowest, highest = PROPENSITY[group]
        filled = [tenth for tenth, count in enumerate(tenths) if count]
        assert (filled[0], filled[-1]) == (int(lowest * 10), int(highest * 10))
        ((mean,),) = bandit.sql(f"SELECT avg(score) {own}")
        (bucket,) = answer["dimensionBuckets"]
        assert bucket["avgScore"] == pytest.approx(mean, abs=0.0005)
        assert answer["totalScores"] == 10_000


def test_the_items_shown_most(bandit: Bandit) -> None:
    """D1.8: as the traces have it; a flow has as many as are read."""
    chosen, accepted = bandit.ask(
        {"type": "selection_frequency", "decisionFlowId": "bts_men"}, {"type": "acceptance_rate"}
    )
    assert chosen["totalTraces"] == 10_000
    clicks = {row["offerId"]: row["positive"] for row in accepted["data"]}
    found = [(row["offerId"], row["selectedCount"], clicks[row["offerId"]]) for row in chosen["data"]]
    assert found[: len(MOST_SHOWN)] == [(f"bts_men_{item}", shown, click) for item, shown, click in MOST_SHOWN]


def test_clicks_by_a_feature_of_customers(bandit: Bandit) -> None:
    """D1.9."""
    answers = bandit.ask(*({"type": "acceptance_rate", "segmentId": feature} for feature in BY_FEATURE))
    for counts, answer in zip(BY_FEATURE.values(), answers, strict=True):
        assert tuple(sum(row[what] for row in answer["data"]) for what in ("impressions", "positive")) == counts
