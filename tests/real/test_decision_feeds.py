"""Feeds of real and simulated decisions, imported as files, their days counted back from today; compared with SQL."""

from __future__ import annotations

import asyncio
import gzip
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cli.place import EMAIL, Place, found
from tests.serving import NOW, Company, serving

pytestmark = pytest.mark.slow

DAYS_AGO = re.compile(rb'"D(\d+)T')
COFFEE, FASHION, TRACES = (f"feeds/decisions_{name}.ndjson.gz" for name in ("coffee", "fashion", "traces"))
POSITIVE = "count(*) FILTER (outcome IN ('click', 'convert'))"
IMPRESSIONS = "count(*) FILTER (outcome = 'impression')"


class Feed:
    """Feeds in a server, and in SQL."""

    def __init__(self, folder: Path) -> None:
        self.place: Place = found(folder / "data")
        self._folder = folder

    def take(self, dataset: str, source: Path, name: str) -> int:
        """Import a feed under its days; how many records it has. It becomes a table for ``sql``."""
        text = DAYS_AGO.sub(_day, gzip.decompress(source.read_bytes()))
        path = self._folder / f"{name}.ndjson"
        path.write_bytes(text)
        count = text.count(b"\n")
        done = self.place.run(f"import {dataset}", path, "--create-missing")
        assert (done.code, done.err) == (0, "")
        assert done.out == f"{dataset}: {count:,} accepted, 0 duplicates, 0 rejected\n"
        return count

    def make(self, path: str, **body: Any) -> None:
        """An entity that files cannot describe."""

        async def work() -> None:
            async with serving(self.place.folder) as server:
                company = Company(server, EMAIL, self.place.key, self.place.organisation_id)
                answer = await company.request("POST", f"/api/v1/{path}", json=body)
                assert answer.status_code == 201, answer.text

        asyncio.run(work())

    def ask(self, kind: str, **params: Any) -> Any:
        """The dashboard's answer."""
        return self.place.ask("/api/v1/dashboard-data", type=kind, **params)

    def sql(self, name: str, select: str) -> list[tuple[Any, ...]]:
        """What SQL says; ``FEED`` stands for the feed."""
        source = f"read_json('{self._folder}/{name}.ndjson', format = 'newline_delimited')"
        with duckdb.connect() as connection:
            return connection.execute(select.replace("FEED", source)).fetchall()


def _day(match: re.Match[bytes]) -> bytes:
    return f'"{NOW.date() - timedelta(days=int(match[1]))}T'.encode()


@pytest.fixture(scope="module")
def coffee(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Feed:
    feed = Feed(tmp_path_factory.mktemp("coffee"))
    feed.make("outcome-types", key="received", name="Received", classification="neutral")
    assert feed.take("interactions", data / COFFEE, "coffee") == 53_580
    return feed


@pytest.fixture(scope="module")
def fashion(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Feed:
    feed = Feed(tmp_path_factory.mktemp("fashion"))
    assert feed.take("interactions", data / FASHION, "fashion") == 20_115
    assert feed.take("decision-traces", data / TRACES, "traces") == 6_666
    return feed


@pytest.mark.parametrize(("name", "days"), [("coffee", 31), ("fashion", 7)])
def test_offers_channels_and_days(request: pytest.FixtureRequest, name: str, days: int) -> None:
    feed: Feed = request.getfixturevalue(name)
    offers = {
        row["offerId"]: (row["impressions"], row["positive"], row["acceptanceRate"])
        for row in feed.ask("acceptance_rate", days=days)["data"]
    }
    rows = feed.sql(name, f"SELECT offer_id, {IMPRESSIONS} AS i, {POSITIVE} AS p FROM FEED GROUP BY 1")
    assert offers == {
        offer: (shown, positive, pytest.approx(positive / shown if shown else 0, abs=5e-5))
        for offer, shown, positive in rows
    }
    channels = {
        row["channelId"]: (row["impressions"], row["conversions"])
        for row in feed.ask("channel_effectiveness", days=days)["data"]
    }
    rows = feed.sql(name, f"SELECT channel_id, {IMPRESSIONS}, {POSITIVE} FROM FEED GROUP BY 1")
    assert channels == {channel: (shown, positive) for channel, shown, positive in rows}
    trend = feed.ask("daily_trend", days=days + 1)["data"]
    counted = {
        day: (shown, positive)
        for day, shown, positive in feed.sql(
            name, f'SELECT ("at"::TIMESTAMP::DATE)::VARCHAR, {IMPRESSIONS}, {POSITIVE} FROM FEED GROUP BY 1'
        )
    }
    assert {day["date"]: (day["impressions"], day["conversions"]) for day in trend[:-1]} == {
        day["date"]: counted.get(day["date"], (0, 0)) for day in trend[:-1]
    }
    assert sum(day["impressions"] for day in trend) == sum(shown for shown, _ in counted.values())


def test_revenue_by_offer_and_day(coffee: Feed) -> None:
    (total,) = coffee.sql("coffee", "SELECT sum(revenue)::DOUBLE, sum(cost)::DOUBLE FROM FEED")
    days = {day["date"]: day["revenue"] for day in coffee.ask("revenue_trend", days=32)["data"]}
    rows = coffee.sql("coffee", 'SELECT ("at"::TIMESTAMP::DATE)::VARCHAR, coalesce(sum(revenue), 0)::DOUBLE FROM FEED'
                      " GROUP BY 1")  # fmt: skip
    assert {day: revenue for day, revenue in days.items() if revenue} == {day: one for day, one in rows if one}
    assert sum(days.values()) == total[0]
    offers = {
        row["offerId"]: (row["converts"], row["revenue"]) for row in coffee.ask("offer_performance", days=31)["data"]
    }
    rows = coffee.sql(
        "coffee",
        "SELECT offer_id, count(*) FILTER (outcome = 'convert'), coalesce(sum(revenue), 0)::DOUBLE FROM FEED"
        " GROUP BY 1",
    )
    assert offers == {offer: (converts, revenue) for offer, converts, revenue in rows}


@pytest.mark.parametrize("flow", ["flow_bts", "flow_random"])
def test_what_each_policy_selected(fashion: Feed, flow: str) -> None:
    answer = fashion.ask("selection_frequency", days=7, decisionFlowId=flow)
    own = f"FROM FEED WHERE decision_flow_id = '{flow}'"
    assert answer["totalTraces"] == fashion.sql("traces", f"SELECT count(*) {own}")[0][0]
    eligible = dict(fashion.sql("traces", f"SELECT unnest(candidates) AS offer, count(*) {own} GROUP BY 1"))
    selected = dict(
        fashion.sql("traces", f"SELECT unnest(selected_offers).offer_id AS offer, count(*) {own} GROUP BY 1")
    )
    assert {row["offerId"]: (row["eligibleCount"], row["selectedCount"]) for row in answer["data"]} == {
        offer: (count, selected.get(offer, 0)) for offer, count in eligible.items()
    }


def test_scores_and_latencies(fashion: Feed) -> None:
    scores = "SELECT unnest(scoring_results).score AS score FROM FEED"
    counted = dict(
        fashion.sql("traces", f"SELECT least(floor(score * 10), 9)::INT, count(*) FROM ({scores}) GROUP BY 1")
    )
    answer = fashion.ask("score_distribution", days=7)
    assert [bucket["count"] for bucket in answer["data"]] == [counted.get(tenth, 0) for tenth in range(10)]
    assert {(day["p50"], day["p99"]) for day in fashion.ask("latency_trend", days=8)["data"][:-1]} == {(1, 1)}
    assert fashion.ask("degraded_scoring", days=7)["degradedCount"] == 0


def test_why_an_item_was_not_shown(fashion: Feed) -> None:
    """The item that the policies considered most; nothing but scores kept it back, in the newest thousand traces."""
    newest = """(SELECT * FROM FEED WHERE list_contains(candidates, 'item_13') ORDER BY "at" DESC LIMIT 1000)"""
    ((selected,),) = fashion.sql(
        "traces", f"SELECT count(*) FROM {newest} WHERE selected_offers[1].offer_id = 'item_13'"
    )
    answer = fashion.ask("why_not_ranked", days=7, offerId="item_13")
    assert (answer["timesEligible"], answer["timesSelected"]) == (1000, selected)
    reasons = answer["missReasons"]
    assert reasons["scoredTooLow"] == 1000 - selected
    winners = fashion.sql(
        "traces",
        f"SELECT selected_offers[1].offer_id AS winner, count(*) FROM {newest} WHERE winner != 'item_13'"
        " GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
    )
    assert [(row["offerId"], row["count"]) for row in reasons["beatenBy"][:1]] == winners
