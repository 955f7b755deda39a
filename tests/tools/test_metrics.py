"""Metric questions: figures against others that are made another way, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from headwater.errors import InvalidRequest, NotFound, RetentionExceeded
from headwater.scope import Scope
from headwater.tools.metric_question import MetricQuestion, canonical, read
from headwater.tools.metrics import MetricAnswer
from tests.demoed import Demoed, demoed
from tests.serving import event

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEEK = {"from": "2026-11-16", "to": "2026-11-22"}
BEFORE = {"from": "2026-11-09", "to": "2026-11-15"}
CREATIVE = {"kind": "creative"}
OFFER = {"kind": "offer"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demoed]:
    """The demo, and another company with two creatives of which every event is known."""
    async with demoed(tmp_path_factory.mktemp("demo") / "data") as filled:
        first, second = (await filled.tools.index(filled.other)).search("slider", kind="creative")
        events: list[dict[str, Any]] = []
        for creative, day, name, count, domain in (
            (first, "2026-11-10", "impressions", 10, "a.example"),
            (first, "2026-11-17", "impressions", 20, "a.example"),
            (first, "2026-11-17", "link_clicks", 1, "a.example"),
            (second, "2026-11-17", "impressions", 4, "b.example"),
            (second, "2026-11-18", "link_clicks", 2, "b.example"),
        ):
            made = range(count)
            events += [
                event(int(creative.entity.id), name, f"{day}T10:00:00Z", session_id=f"{name}{day}{n}", domain=domain)
                for n in made
            ]
        await filled.company.send(events)
        yield filled


def question(**fields: Any) -> MetricQuestion:
    return msgspec.convert({"entity": CREATIVE, **fields}, MetricQuestion)


async def ask(demo: Demoed, scope: Scope | None = None, **fields: Any) -> MetricAnswer:
    return await demo.tools.ask_metrics(question(**fields), scope or demo.scope)


def column(answer: MetricAnswer, key: str) -> list[Any]:
    place = [one.key for one in answer.table.columns].index(key)
    return [row[place] for row in answer.table.rows]


async def test_a_rate_is_the_ratio_of_sums(demo: Demoed) -> None:
    answer = await ask(demo, demo.other, metrics=["click_rate", "link_clicks", "impressions"], period=WEEK)
    # One impression more is the one that the demo's neighbour begins with.
    assert answer.table.rows == [(12, 3, 25)]
    by = await ask(demo, demo.other, metrics=["click_rate"], period=WEEK, breakdown="creative")
    assert sorted(column(by, "click_rate")) == [4.7619, 50]


async def test_a_rate_of_nothing_is_unknown_and_counts_are_zero(demo: Demoed) -> None:
    answer = await ask(
        demo, demo.other, metrics=["click_rate", "impressions"], period={"from": "2026-01-01", "to": "2026-01-02"}
    )
    assert answer.table.rows == [(None, 0)]


async def test_a_compared_period_stands_beside_with_its_change(demo: Demoed) -> None:
    answer = await ask(demo, demo.other, metrics=["impressions", "click_rate"], period=WEEK, compare=BEFORE)
    assert answer.table.rows == [(25, 10, 15, 150, 12, 0, 12, None)]


async def test_buckets_without_events_are_zero(demo: Demoed) -> None:
    answer = await ask(demo, demo.other, metrics=["impressions"], period=WEEK, granularity="day")
    assert column(answer, "impressions") == [0, 24, 1, 0, 0, 0, 0]
    assert [at.date() for at in column(answer, "time")][::6] == [date(2026, 11, 16), date(2026, 11, 22)]


async def test_only_leaves_the_named_placements(demo: Demoed) -> None:
    only = [{"dimension": "domain", "values": ["a.example"]}]
    answer = await ask(demo, demo.other, metrics=["impressions", "link_clicks"], period=WEEK, only=only)
    assert answer.table.rows == [(20, 1)]


async def test_what_is_named_has_a_row_also_without_facts(demo: Demoed) -> None:
    entity = {"kind": "offer", "ids": ["off_gold_card", "off_travel_card"]}
    period = {"from": "2026-01-01", "to": "2026-01-02"}
    answer = await ask(demo, entity=entity, metrics=["revenue"], period=period, breakdown="offer")
    assert [tuple(row) for row in answer.table.rows] == [
        ("Gold card", "off_gold_card", 0),
        ("Travel card", "off_travel_card", 0),
    ]
    only = [{"dimension": "dsp", "values": ["Xandr", "Nobody"]}]
    answer = await ask(demo, metrics=["impressions"], period=WEEK, breakdown="dsp", only=only)
    assert column(answer, "name") == ["Xandr", "Nobody"]


async def test_bounds_and_order_are_exact(demo: Demoed) -> None:
    fields: dict[str, Any] = {"metrics": ["impressions"], "period": WEEK, "breakdown": "domain"}
    having = [{"metric": "impressions", "op": ">", "value": 1}]
    answer = await ask(demo, demo.other, having=having, order={"by": "impressions", "direction": "asc"}, **fields)
    assert column(answer, "impressions") == [4, 20]
    cut = await ask(demo, demo.other, order={"by": "impressions"}, limit=1, **fields)
    assert column(cut, "impressions") == [20]
    assert cut.truncated


async def test_parts_of_ad_events_add_up_to_the_whole(demo: Demoed) -> None:
    whole = await ask(demo, metrics=["impressions", "seconds_in_view"], period=WEEK)
    for breakdown in ("workspace", "campaign", "creative_group", "creative", "domain", "dsp"):
        parts = await ask(demo, metrics=["impressions", "seconds_in_view"], period=WEEK, breakdown=breakdown)
        assert sum(column(parts, "impressions")) == column(whole, "impressions")[0]
        assert sum(column(parts, "seconds_in_view")) == pytest.approx(column(whole, "seconds_in_view")[0])


async def test_decisions_of_any_days_are_those_of_the_daily_trend(demo: Demoed) -> None:
    key = {"authorization": f"Bearer {(await demo_key(demo))}"}
    answer = await demo.server.client.get("/api/v1/dashboard-data?type=daily_trend&days=60", headers=key)
    assert answer.status_code == 200
    days = answer.json()["data"]
    by_day = {row["date"]: row for row in days}
    assert by_day
    found = await ask(demo, entity=OFFER, metrics=["impressions", "positive"], period=WEEK, granularity="day")
    whole = await ask(demo, entity=OFFER, metrics=["impressions", "positive"], period=WEEK)
    labels = [f"2026-11-{16 + back}" for back in range(7)]
    assert column(found, "impressions") == [by_day[label]["impressions"] for label in labels]
    assert column(whole, "impressions") == [sum(by_day[label]["impressions"] for label in labels)]
    parts = await ask(demo, entity=OFFER, metrics=["positive"], period=WEEK, breakdown="category")
    assert sum(column(parts, "positive")) == column(whole, "positive")[0]


async def test_creators_figures_are_those_of_the_time_series(demo: Demoed) -> None:
    key = {"authorization": f"Bearer {(await demo_key(demo))}"}
    found = await ask(demo, entity={"kind": "creator"}, metrics=["views"], period=WEEK, breakdown="creator", limit=3)
    for name, views in zip(column(found, "id"), column(found, "views"), strict=True):
        url = f"/api/v1/analytics?entity=creator&entity_id={name}&metric=views&from=2026-11-16&to=2026-11-22"
        answer = await demo.server.client.get(url, headers=key)
        assert answer.json()["data"]["series"][0]["total"] == views
        one = {"kind": "creator", "ids": [name]}
        days = await ask(demo, entity=one, metrics=["views"], period=WEEK, granularity="day")
        assert sum(column(days, "views")) == views


async def demo_key(demo: Demoed) -> str:
    from headwater.control.tokens.api_keys import ApiKeys

    async with demo.server.services.control.unit_of_work() as unit:
        _, key = await ApiKeys(unit.session, demo.scope).create("Tests", ["read"])
    return key


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"metrics": ["clickrate"]}, "Did you mean 'click_rate'?"),
        ({"metrics": []}, "'metrics' is required"),
        ({"metrics": ["views"]}, "Unknown metric 'views' of a creative."),
        ({"metrics": ["impressions"], "breakdown": "offer"}, "cannot be broken down by 'offer'"),
        ({"metrics": ["impressions"], "order": {"by": "plays"}}, "none of the question's metrics"),
        ({"metrics": ["impressions"], "granularity": "day"}, "needs a 'period'"),
        ({"metrics": ["impressions"], "period": {"from": "2026-11-02", "to": "2026-11-01"}}, "ends before it begins"),
        (
            {"metrics": ["impressions"], "granularity": "day", "period": {"from": "2020-01-01", "to": "2026-01-01"}},
            "too many",
        ),
        ({"metrics": ["views"], "entity": {"kind": "video"}}, "'period' is required"),
        ({"metrics": ["revenue"], "entity": OFFER, "period": {"from": "2020-01-01", "to": "2026-01-01"}}, "365 days"),
        (
            {"entity": OFFER, "report": "why_not_ranked", "period": {"from": "2026-11-20", "to": "2026-11-27"}},
            "one offer",
        ),
        ({"entity": OFFER, "report": "selection", "period": WEEK}, "up to today"),
        ({"entity": CREATIVE, "report": "budgets"}, "of offers"),
    ],
)
async def test_what_cannot_be_asked_is_told_in_words(demo: Demoed, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await ask(demo, **fields)
    assert said in refused.value.message


async def test_an_unknown_field_is_refused(demo: Demoed) -> None:
    with pytest.raises(InvalidRequest, match="unknown field `sql`"):
        read('{"entity":{"kind":"creative"},"metrics":["impressions"],"sql":"SELECT 1"}')
    with pytest.raises(InvalidRequest, match="not JSON"):
        read("SELECT 1")


async def test_an_id_of_another_organisation_is_as_unknown(demo: Demoed) -> None:
    for kind in ("creative", "campaign", "creator", "video", "offer", "channel"):
        metric = {"creative": "impressions", "campaign": "impressions", "creator": "views", "video": "views"}
        for scope, other in ((demo.scope, demo.other), (demo.other, demo.scope)):
            foreign = [one.id for one in (await demo.tools.index(other)).entities if one.kind == kind][:1]
            refused = []
            for ids in filter(None, ([*foreign], ["999999999"])):
                entity = {"kind": kind, "ids": ids}
                with pytest.raises(NotFound) as error:
                    await ask(demo, scope, entity=entity, metrics=[metric.get(kind, "revenue")], period=WEEK)
                refused.append(error.value.message.replace(ids[0], "X"))
            assert len(set(refused)) == 1, kind


async def test_names_are_found_within_the_organisation_only(demo: Demoed) -> None:
    found = await demo.tools.find_entities("feed slidr", demo.other)
    assert found[0].entity.name == "Feed slider"
    assert "Feed slider" not in {one.entity.name for one in await demo.tools.find_entities("feed slider", demo.scope)}
    lisbon = await demo.tools.find_entities("weekend in lisbon", demo.scope, kind="creative")
    assert [one.ambiguous for one in lisbon][:2] == [True, True]
    with pytest.raises(InvalidRequest, match="Did you mean 'creative'"):
        await demo.tools.find_entities("x", demo.scope, kind="creativ")


async def test_the_catalogue_is_found_by_what_people_call_things(demo: Demoed) -> None:
    for text, name in (("ctr", "click_rate"), ("click through", "click_rate"), ("vtr", "view_through_rate")):
        found = await demo.tools.search_catalogue(text, demo.scope, limit=3)
        assert name in [term.name for term in found]
    assert len(await demo.tools.search_catalogue("", demo.scope, limit=1000)) > 40


async def test_a_citation_gives_the_same_again(demo: Demoed) -> None:
    answer = await ask(demo, metrics=["click_rate"], period=WEEK, compare=BEFORE, breakdown="campaign", limit=2)
    again = await demo.tools.ask_metrics(read(answer.citation.query), demo.scope)
    assert again.table == answer.table
    assert again.citation == answer.citation
    assert answer.citation.rows == 2
    assert canonical(again.question) == answer.citation.query


async def test_a_plan_hides_what_is_older(demo: Demoed) -> None:
    short = msgspec.structs.replace(demo.scope, retention_days=30)
    with pytest.raises(RetentionExceeded):
        await ask(
            demo,
            short,
            entity={"kind": "creator"},
            metrics=["views"],
            period={"from": "2026-10-01", "to": "2026-10-31"},
        )
    assert (await ask(demo, short, entity={"kind": "creator"}, metrics=["views"], period=WEEK)).table.rows


async def test_days_are_the_organisations(demo: Demoed) -> None:
    assert await demo.tools.today(demo.scope, "ads") == date(2026, 11, 27)
    demo.server.clock.advance(timedelta(hours=11, minutes=45))
    try:
        assert await demo.tools.today(demo.scope, "ads") == date(2026, 11, 28)
    finally:
        demo.server.clock.advance(-timedelta(hours=11, minutes=45))


async def test_a_question_is_explained_down_to_its_statement(demo: Demoed) -> None:
    explained = await demo.tools.explain_question(question(metrics=["click_rate"], period=WEEK), demo.scope)
    made = "Click rate (link_clicks ÷ impressions, of the sums)"
    assert explained.meaning == f"{made} of all creatives, 16 to 22 Nov 2026 (UTC)."
    assert [heading for heading, _ in explained.stages] == ["Question", "Plan", "SQL"]
    assert "organisation_id" in explained.stages[2][1]
    for fields in ({"metrics": ["revenue"], "period": WEEK}, {"report": "budgets"}):
        explained = await demo.tools.explain_question(question(entity=OFFER, **fields), demo.scope)
        assert explained.stages[-1][0] == "SQL"
    explained = await demo.tools.explain_question(
        question(entity={"kind": "video"}, metrics=["views"], period=WEEK), demo.scope
    )
    assert explained.stages[-1][0] == "Plan"
    with pytest.raises(InvalidRequest, match="of offers"):
        await demo.tools.explain_question(question(report="budgets"), demo.scope)
