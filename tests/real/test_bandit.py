"""A real log of a recommender (Open Bandit Dataset, small edition): its reference answers from the dashboards.

Every decision of the log is a trace of one candidate with its propensity as the score, and an impression;
a click is a click. Offers are the campaigns' items, channels the policies' positions, and each
policy and campaign is a segment of its own customers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import pytest_asyncio

from headwater.control.decisions.book import Book, Category, Channel, Flow, Offer, Segment
from headwater.ingest.problems import Known
from headwater.query.decisions.dashboard import DashboardQuestion
from headwater.storage.port import Store
from tests.conformance.facts import opened
from tests.decisions.world import body_of, interaction, send, trace
from tests.ingest.samples import Roster, Tree

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
NOW = datetime(2019, 12, 1, 0, 30, tzinfo=UTC)
POLICIES, CAMPAIGNS, POSITIONS = ("bts", "random"), ("all", "men", "women"), (1, 2, 3)
_COLUMNS = (
    "policy, campaign, row, timestamp AT TIME ZONE 'UTC', item_id, position, click, propensity_score, user_feature_0"
)
_PER_COMMIT = 20_000
Logged = tuple[Any, ...]


@pytest.fixture(scope="module")
def log(data: Path) -> list[Logged]:
    """The log's rows, in the order of time."""
    connection = duckdb.connect()
    file = data / "decisions" / "obd.parquet"
    return connection.execute(f"SELECT {_COLUMNS} FROM '{file}' ORDER BY timestamp, policy, campaign, row").fetchall()


def made(log: list[Logged]) -> Book:
    """What the log names."""
    items = sorted({(campaign, item) for _, campaign, _, _, item, *_ in log})
    named = [f"{policy}_{campaign}" for policy in POLICIES for campaign in CAMPAIGNS]
    named += sorted({f"random_{feature}" for policy, *_, feature in log if policy == "random"})
    return Book(
        categories=[Category(at, campaign, campaign, "active") for at, campaign in enumerate(CAMPAIGNS, 1)],
        offers=[
            Offer(at, f"{campaign}_{item}", f"{campaign} {item:02}", "active", category=CAMPAIGNS.index(campaign) + 1)
            for at, (campaign, item) in enumerate(items, 1)
        ],
        channels=[
            Channel(at, f"{policy}_{position}", f"{policy} {position}", "active")
            for at, (policy, position) in enumerate(((one, other) for one in POLICIES for other in POSITIONS), 1)
        ],
        flows=[Flow(at, policy, policy, "active", key=policy) for at, policy in enumerate(POLICIES, 1)],
        segments=[Segment(at, name, name, "active") for at, name in enumerate(named, 1)],
    )


def facts(rows: list[Logged]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row's facts."""
    for policy, campaign, row, moment, item, position, click, propensity, feature in rows:
        at, customer = f"{moment.isoformat()}Z", f"{policy}_{campaign}_{row}"
        offer, channel = f"{campaign}_{item}", f"{policy}_{position}"
        yield "interactions", interaction(at, offer, channel, "impression", customer)
        if click:
            yield "interactions", interaction(at, offer, channel, "click", customer)
        yield (
            "decision-traces",
            trace(
                at,
                channel,
                [offer],
                customer,
                decision_flow_id=policy,
                scoring_results=[{"offer_id": offer, "score": propensity, "rank": position}],
                selected_offers=[{"offer_id": offer, "rank": position}],
            ),
        )
        yield "segment-members", {"segment_id": f"{policy}_{campaign}", "customer_id": customer}
        if policy == "random":
            yield "segment-members", {"segment_id": f"random_{feature}", "customer_id": customer}


class Bandit:
    """The loaded log, to be asked about its week."""

    def __init__(self, store: Store, book: Book) -> None:
        self._store = store
        self._book = book

    async def ask(self, type_: Any, segment: str | None = None, **more: Any) -> dict[str, Any]:
        within = None if segment is None else self._book.find("segment", segment)
        question = DashboardQuestion(type_, 7, segment=within, **more)
        return await body_of(self._store, question, book=self._book, now=NOW)

    def number(self, kind: Any, public_id: str) -> int:
        found = self._book.find(kind, public_id)
        assert found is not None
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bandit(log: list[Logged]) -> AsyncIterator[Bandit]:
    book = made(log)
    known = Known(Tree(), Roster(), book)
    async with opened() as store:
        for first in range(0, len(log), _PER_COMMIT):
            of: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
            for dataset, record in facts(log[first : first + _PER_COMMIT]):
                of[dataset].append(record)
            for dataset, records in of.items():
                await send(store, dataset, records, known=known)
        yield Bandit(store, book)


async def test_clicks_per_policy_and_campaign(bandit: Bandit) -> None:
    """D1.1."""
    expected = {
        "bts_all": (42, 0.0042),
        "bts_men": (69, 0.0069),
        "bts_women": (46, 0.0046),
        "random_all": (38, 0.0038),
        "random_men": (46, 0.0046),
        "random_women": (46, 0.0046),
    }
    for segment, (clicks, rate) in expected.items():
        rows = (await bandit.ask("acceptance_rate", segment))["data"]
        shown, positive = sum(row["impressions"] for row in rows), sum(row["positive"] for row in rows)
        assert (shown, positive) == (10_000, clicks)
        assert round(positive / shown, 4) == rate
    groups = (await bandit.ask("offer_performance_grouped", group_by="category"))["groups"]
    clicked = {group["groupId"]: sum(row["conversions"] for row in group["offers"]) for group in groups}
    assert clicked == {"all": 80, "men": 115, "women": 92}


async def test_the_best_offers_of_the_random_policy(bandit: Bandit) -> None:
    """D1.2."""
    rows = (await bandit.ask("acceptance_rate", "random_all"))["data"]
    often = [row for row in rows if row["impressions"] >= 100]
    best = sorted(often, key=lambda row: (-row["positive"] / row["impressions"], row["offerName"]))[:10]
    assert [(row["offerId"], row["impressions"], row["positive"], row["acceptanceRate"]) for row in best] == [
        ("all_49", 114, 3, 0.0263),
        ("all_53", 105, 2, 0.019),
        ("all_58", 112, 2, 0.0179),
        ("all_18", 119, 2, 0.0168),
        ("all_36", 122, 2, 0.0164),
        ("all_6", 131, 2, 0.0153),
        ("all_44", 136, 2, 0.0147),
        ("all_57", 149, 2, 0.0134),
        ("all_61", 104, 1, 0.0096),
        ("all_48", 115, 1, 0.0087),
    ]


async def test_decisions_and_clicks_per_day(bandit: Bandit) -> None:
    """D1.3; the series ends today, which had none."""
    days = (await bandit.ask("daily_trend", "bts_all"))["data"]
    assert [(day["date"], day["impressions"], day["conversions"]) for day in days] == [
        ("2019-11-25", 1161, 4),
        ("2019-11-26", 1325, 11),
        ("2019-11-27", 1594, 6),
        ("2019-11-28", 1665, 6),
        ("2019-11-29", 1457, 5),
        ("2019-11-30", 1281, 3),
        ("2019-12-01", 0, 0),
    ]
    rows = (await bandit.ask("acceptance_rate", "bts_all"))["data"]
    of_the_window = sum(row["impressions"] for row in rows), sum(row["positive"] for row in rows)
    shown = sum(day["impressions"] for day in days), sum(day["conversions"] for day in days)
    assert (of_the_window[0] - shown[0], of_the_window[1] - shown[1]) == (1517, 7)


async def test_positions(bandit: Bandit) -> None:
    """D1.4."""
    rows = (await bandit.ask("channel_effectiveness"))["data"]
    assert {row["channelId"]: (row["impressions"], row["conversions"], row["effectiveness"]) for row in rows} == {
        "bts_1": (9989, 58, "0.6"),
        "bts_2": (9939, 53, "0.5"),
        "bts_3": (10072, 46, "0.5"),
        "random_1": (9935, 38, "0.4"),
        "random_2": (10174, 51, "0.5"),
        "random_3": (9891, 41, "0.4"),
    }


async def test_propensities(bandit: Bandit, log: list[Logged]) -> None:
    """D1.7, as far as a distribution tells: the random policy's are constant."""
    found = await bandit.ask("score_distribution")
    tenths = Counter(min(int(row[7] * 10), 9) for row in log)
    assert [bucket["count"] for bucket in found["data"]] == [tenths[place] for place in range(10)]
    assert found["totalScores"] == 60_000
    for item in ("all_49", "men_13"):
        offer = bandit.number("offer", item)
        alone = await bandit.ask("score_distribution", group_by="offer", filter=offer)
        scores = [row[7] for row in log if f"{row[1]}_{row[4]}" == item]
        (only,) = alone["dimensionBuckets"]
        assert (only["count"], only["avgScore"]) == (len(scores), pytest.approx(sum(scores) / len(scores), abs=0.0005))


async def test_the_offers_that_thompson_sampling_chose(bandit: Bandit) -> None:
    """D1.8."""
    rows = (await bandit.ask("acceptance_rate", "bts_men"))["data"][:10]
    assert [(row["offerId"], row["impressions"], row["positive"]) for row in rows] == [
        ("men_13", 2026, 16),
        ("men_23", 1472, 8),
        ("men_0", 1265, 9),
        ("men_27", 997, 9),
        ("men_6", 590, 3),
        ("men_17", 515, 11),
        ("men_31", 461, 3),
        ("men_10", 411, 2),
        ("men_9", 311, 1),
        ("men_3", 194, 2),
    ]


async def test_segments_of_users(bandit: Bandit) -> None:
    """D1.9."""
    expected = {
        "4ae385d792f81dde128124a925a830de": (153, 0),
        "81ce123cbb5bd8ce818f60fb3586bba5": (19_132, 77),
        "cef3390ed299c09874189c387777674a": (10_715, 53),
    }
    for feature, figures in expected.items():
        rows = (await bandit.ask("acceptance_rate", f"random_{feature}"))["data"]
        assert (sum(row["impressions"] for row in rows), sum(row["positive"] for row in rows)) == figures


async def test_the_newest_ten_thousand_traces(bandit: Bandit, log: list[Logged]) -> None:
    """Of one policy, against the same count of the log."""
    found = await bandit.ask("selection_frequency", flow=bandit.number("decision_flow", "random"))
    assert found["totalTraces"] == 10_000
    newest = [row for row in log if row[0] == "random"]
    oldest = newest[-10_000][3]
    certain = Counter(f"{row[1]}_{row[4]}" for row in newest if row[3] > oldest)
    possible = Counter(f"{row[1]}_{row[4]}" for row in newest if row[3] >= oldest)
    for row in found["data"]:
        assert certain[row["offerId"]] <= row["eligibleCount"] <= possible[row["offerId"]]
        assert row["selectedCount"] == row["scoredCount"] == row["eligibleCount"] == sum(row["rankDistribution"])
    assert sum(row["eligibleCount"] for row in found["data"]) == 10_000
