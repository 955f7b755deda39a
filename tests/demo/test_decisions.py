"""The demo's decisions as a user of the API sees them: every type of the dashboard has something to show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headwater.demo.decisions import DecisionsDemo, add_decisions
from headwater.demo.decisions_world import CANDIDATES, CATEGORIES, CHANNELS, DROPPED, JUMPED, LOSER, SEGMENTS
from headwater.query.decisions.dashboard import TYPES
from tests.serving import NOW, Company, Server, serving

APP_OFFERS = CANDIDATES["ch_app"]


@dataclass(frozen=True)
class Filled:
    """A data directory with decisions, and who may ask about them."""

    folder: Path
    key: str
    organisation_id: int
    demo: DecisionsDemo

    def company(self, server: Server) -> Company:
        return Company(server, "owner1@example.com", self.key, self.organisation_id)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    async def work(folder: Path) -> Filled:
        async with serving(folder) as server:
            company = await server.company("Demo Bank")
            services = server.services
            scope = await services.control.access.operator_scope(company.organisation_id)
            demo = await add_decisions(
                services.control, services.ingest, services.segments, scope, server.clock, seed=3
            )
            assert server.clock.now == NOW
            return Filled(folder, company.key, company.organisation_id, demo)

    return asyncio.run(work(tmp_path_factory.mktemp("demo") / "data"))


@pytest.fixture(scope="module")
def answers(filled: Filled) -> dict[str, Any]:
    """What every type says when it is asked with as little as it takes."""

    async def work() -> dict[str, Any]:
        async with serving(filled.folder) as server:
            company = filled.company(server)
            found: dict[str, Any] = {}
            for kind in TYPES:
                more = {"offerId": filled.demo.losing_offer} if kind == "why_not_ranked" else {}
                found[kind] = await ask(company, type=kind, **more)
            return found

    return asyncio.run(work())


async def ask(company: Company, **params: Any) -> Any:
    answer = await company.get("/api/v1/dashboard-data", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_traces_explain_what_was_shown(filled: Filled) -> None:
    """The newest decision about the dropped offer: its parts fit together."""
    async with serving(filled.folder) as server:
        company = filled.company(server)
        answer = await company.get("/api/v1/decision-traces", offerId=DROPPED, limit=20)
        assert answer.status_code == 200, answer.text
        found = answer.json()["data"]
        assert len(found) == 20
        answer = await company.get(f"/api/v1/decision-traces/{found[0]['id']}")
        assert answer.status_code == 200, answer.text


def test_counts_of_what_there_is(answers: dict[str, Any], filled: Filled) -> None:
    assert filled.demo.interactions > 30_000
    assert 3_000 < filled.demo.traces < 5_000
    assert answers["summary"] == {
        "activeOffers": 11,
        "activeChannels": len(CHANNELS),
        "activeExperiments": 2,
        "totalJourneys": 3,
        "activeTriggers": 3,
        "pendingApprovals": 3,
    }
    stages = [stage["count"] for stage in answers["funnel"]["stages"]]
    assert stages[:3] == [13, 11, 11]
    assert stages[3] > 30


def test_offers_and_channels_compare(answers: dict[str, Any]) -> None:
    rates = {row["offerId"]: row["acceptanceRate"] for row in answers["acceptance_rate"]["data"]}
    assert rates[DROPPED] < 0.06 < rates[JUMPED]
    assert rates[LOSER] == 0
    assert all(row["creativeCount"] for row in answers["offer_performance"]["data"])
    channels = {row["channelId"]: float(row["effectiveness"]) for row in answers["channel_effectiveness"]["data"]}
    assert channels.keys() == CHANNELS.keys()
    assert max(channels, key=channels.__getitem__) == "ch_call"
    burnt = {row["offerId"]: float(row["burnRate"]) for row in answers["budget_burn"]["data"]}
    assert len(burnt) == 4
    assert 90 < max(burnt.values()) < 100
    assert min(burnt.values()) < 40


def test_series_have_something_on_every_day(answers: dict[str, Any]) -> None:
    assert all(day["impressions"] > day["conversions"] > 0 for day in answers["daily_trend"]["data"])
    assert all(day["revenue"] for day in answers["revenue_trend"]["data"][:-1])
    assert answers["revenue_trend"]["hasRealData"]
    days = answers["latency_trend"]["data"]
    assert all(day["p50"] < day["p99"] for day in days)
    assert min(day["p99"] for day in days[-3:]) > max(day["p99"] for day in days[:-3])


def test_models_drift_and_disagree(answers: dict[str, Any]) -> None:
    attributed = {row["model"]: row for row in answers["attribution_summary"]["data"]}
    assert len({row["totalValue"] for row in attributed.values()}) == 3
    assert attributed["first_touch"]["conversions"] < attributed["last_touch"]["conversions"]
    models = answers["model_metrics_trend"]
    assert models["modelCount"] == 2
    assert len(models["aucTrend"]) == 8
    assert models["aucTrend"][-1]["auc"] < 0.79
    assert len(models["featureImportance"]) == 7


def test_policies_hold_back_and_scores_spread(answers: dict[str, Any]) -> None:
    assert len(answers["policy_impact"]["data"]) == 4
    assert all(bucket["count"] for bucket in answers["score_distribution"]["data"])
    degraded = answers["degraded_scoring"]
    assert 0.02 < degraded["degradedCount"] / degraded["totalCount"] < 0.15


def test_an_offer_stopped_pleasing_last_week(answers: dict[str, Any]) -> None:
    found = answers["anomaly_candidates"]["data"]
    dropped = next(row for row in found if (row["metric"], row["dimensionKey"]) == ("acceptance_rate", DROPPED))
    assert dropped["severity"] == "critical"
    assert dropped["deltaPct"] < -50
    assert dropped["zscore"] <= -4
    rates = [row for row in found if row["metric"] == "acceptance_rate"]
    assert rates[0] == dropped
    overall = next(row for row in found if row["metric"] == "degraded_scoring_rate")
    assert overall["deltaPct"] > 50


def test_an_offer_never_wins_for_all_three_reasons(answers: dict[str, Any]) -> None:
    why = answers["why_not_ranked"]
    assert (why["offerId"], why["timesSelected"], why["missRate"]) == (LOSER, 0, 1)
    reasons = why["missReasons"]
    counts = [reasons[name] for name in ("scoredTooLow", "filteredByContactPolicy", "filteredByQualification")]
    assert min(counts) > 50
    assert sum(counts) == why["timesEligible"]
    assert len(reasons["beatenBy"]) == 5
    rows = {row["offerId"]: row for row in answers["selection_frequency"]["data"]}
    never = rows.pop(LOSER)
    assert never["eligibleCount"] == answers["selection_frequency"]["totalTraces"]
    assert never["selectedCount"] == 0
    assert all(row["selectedCount"] for row in rows.values())


async def test_groups_and_segments(filled: Filled) -> None:
    """Every way of grouping has groups, every segment has members who did something."""
    async with serving(filled.folder) as server:
        company = filled.company(server)
        for group_by, groups in (("channel", [*CHANNELS]), ("category", [*CATEGORIES]), ("segment", [*SEGMENTS])):
            answer = await ask(company, type="offer_performance_grouped", groupBy=group_by, days=60)
            assert {group["groupId"] for group in answer["groups"]} == set(groups)
        for group_by, groups in (("channel", [*CHANNELS]), ("category", [*CATEGORIES]), ("offer", APP_OFFERS)):
            answer = await ask(company, type="score_distribution", groupBy=group_by)
            assert {bucket["name"] for bucket in answer["dimensionBuckets"]} >= set(groups)
        sizes = [len((await ask(company, type="acceptance_rate", segmentId=one))["data"]) for one in SEGMENTS]
        assert min(sizes) > 5
