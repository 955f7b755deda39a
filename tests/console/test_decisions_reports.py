"""The pages of reports of decisions on the demo's data: every type of the API, its filters, its files, its call."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from headwater.console.decisions.reports_of import PAGES
from headwater.query.decisions.dashboard import TAKES, TYPES, DashboardType
from headwater.scope import Role
from tests.console.pages import Browser
from tests.console.visitors import Visitor, calls_are_answered, key, visitor
from tests.demoed import Demoed, demoed
from tests.offered import offer

pytestmark = pytest.mark.asyncio(loop_scope="module")
LOSER = "off_bridge_loan"
every_type = pytest.mark.parametrize("kind", TYPES)


class Room(NamedTuple):
    """The demo, a viewer of it, and what the API answers them."""

    demo: Demoed
    viewer: Visitor
    key: dict[str, str]

    async def asked(self, path: str) -> Any:
        """The body of an answer of the API."""
        answer = await self.demo.server.client.get(path, headers=self.key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def rows(self, kind: str, query: str = "", part: str = "") -> list[dict[str, str]]:
        """The rows of the file of a figure."""
        joint = "&" if "?" in path_of_type(kind, query) else "?"
        text = await self.viewer.get(f"{path_of_type(kind, query)}{joint}chart={kind}{part}&download=csv")
        return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with demoed(tmp_path_factory.mktemp("decisions")) as demo:
        viewer = await visitor(demo, Role.viewer)
        yield Room(demo, viewer, await key(demo))


def path_of_type(kind: str, query: str = "") -> str:
    """The page that shows a type."""
    (path,) = [one.path for one in PAGES if kind in one.types]
    given = "&".join(filter(None, (f"offerId={LOSER}" if kind == "why_not_ranked" else "", query)))
    return f"{path}?{given}" if given else path


def call_of(page: str, kind: str) -> str:
    """The path of the API call behind a type."""
    urls = {url for url in re.findall(r"'(http[^']+)'", page) if re.search(rf"type={kind}\b", url)}
    (url,) = urls
    split = urlsplit(url)
    return f"{split.path}?{split.query}"


def section_of(page: str, name: str) -> str:
    """The part of a page that shows a figure."""
    return page.partition(f'<section class="report" id="{name}">')[2].partition("</section>")[0]


@every_type
async def test_every_type_of_the_api_has_a_page_with_its_table_files_and_call(room: Room, kind: DashboardType) -> None:
    page = await room.viewer.get(path_of_type(kind))
    shown = section_of(page, kind)
    assert "<table>" in shown
    assert '<div class="empty">' not in shown
    assert {f"download={form}" for form in ("csv", "png", "svg")} == set(re.findall(r"download=\w+", shown))
    assert await room.asked(call_of(page, kind))
    assert await room.rows(kind)


@every_type
async def test_every_type_can_be_narrowed_by_all_that_it_takes(room: Room, kind: DashboardType) -> None:
    fields = set(re.findall(r'<select id="c-\w+" name="(\w+)"', await room.viewer.get(path_of_type(kind))))
    taken = set(TAKES.get(kind, ()))
    if kind == "score_distribution":
        taken.remove("filterId")
        narrowed = await room.viewer.get(path_of_type(kind, "groupBy=offer"))
        assert 'name="filterId"' in narrowed
    assert taken <= fields


async def test_a_company_with_nothing_is_told_so_of_each(room: Room) -> None:
    browser = await Browser.of(room.demo.company)
    for page in PAGES:
        answer = await browser.get(page.path)
        assert answer.status_code == 200
        assert 'class="empty"' in answer.text or page.path.endswith("funnel")


async def test_a_period_of_days_is_the_same_days_in_sums_and_in_series(room: Room) -> None:
    days = await room.rows("daily_trend", "period=last_7_days")
    offers = await room.rows("acceptance_rate", "period=last_7_days")
    assert [row["time"][:10] for row in (days[0], days[-1])] == ["2026-11-21", "2026-11-27"]
    assert sum(int(row["impressions"]) for row in days) == sum(int(row["impressions"]) for row in offers) > 0
    since = await room.rows("acceptance_rate", "from=2026-11-21")
    assert since == offers


async def test_figures_are_those_of_the_api(room: Room) -> None:
    page = await room.viewer.get("/decisions/offers?segmentId=seg_engaged")
    answered = (await room.asked(call_of(page, "acceptance_rate")))["data"]
    rows = await room.rows("acceptance_rate", "segmentId=seg_engaged")
    assert [(row["id"], int(row["impressions"]), int(row["negative"])) for row in rows] == [
        (one["offerId"], one["impressions"], one["negative"]) for one in answered
    ]
    assert all(
        float(row["rate"]) == pytest.approx(one["acceptanceRate"] * 100)
        for row, one in zip(rows, answered, strict=True)
    )
    everybody = await room.rows("acceptance_rate")
    assert sum(int(row["impressions"]) for row in rows) < sum(int(row["impressions"]) for row in everybody)


async def test_scores_can_be_narrowed_to_one_offer(room: Room) -> None:
    path = f"groupBy=offer&filterId={LOSER}"
    (group,) = await room.rows("score_distribution", path, "-groups")
    page = await room.viewer.get(path_of_type("score_distribution", path))
    body = await room.asked(call_of(page, "score_distribution"))
    assert int(group["count"]) == body["totalScores"] > 0
    buckets = await room.rows("score_distribution", path)
    assert [int(row["count"]) for row in buckets] == [one["count"] for one in body["data"]]
    left_over = await room.rows("score_distribution", f"groupBy=channel&filterId={LOSER}", "-groups")
    assert len(left_over) == 5


async def test_selection_is_that_of_a_channel_category_and_flow(room: Room) -> None:
    query = "channelId=ch_app&categoryId=cat_cards&decisionFlowId=flow_home"
    rows = await room.rows("selection_frequency", query)
    page = await room.viewer.get(path_of_type("selection_frequency", query))
    body = await room.asked(call_of(page, "selection_frequency"))
    assert {row["id"]: int(row["selected"]) for row in rows} == {
        one["offerId"]: one["selectedCount"] for one in body["data"]
    }
    ranks = await room.rows("selection_frequency", query, "-ranks")
    distribution = {one["offerId"]: one["rankDistribution"] for one in body["data"]}
    assert {row["id"]: [int(row[f"rank_{at}"]) for at in range(1, 11)] for row in ranks} == distribution


async def test_why_an_offer_is_not_selected_adds_up(room: Room) -> None:
    nobody = await room.viewer.get("/decisions/why-not")
    assert "Choose an offer above" in nobody
    page = await room.viewer.get(path_of_type("why_not_ranked"))
    body = await room.asked(call_of(page, "why_not_ranked"))
    fates = {row["name"]: int(row["decisions"]) for row in await room.rows("why_not_ranked")}
    assert sum(fates.values()) == body["timesEligible"]
    assert fates["Held back by a contact policy"] == body["missReasons"]["filteredByContactPolicy"]
    winners = await room.rows("why_not_ranked", part="-beaten-by")
    assert [row["id"] for row in winners] == [one["offerId"] for one in body["missReasons"]["beatenBy"]]


async def test_anomalies_are_said_in_their_units(room: Room) -> None:
    page = await room.viewer.get("/decisions/anomalies?period=last_7_days&baselineDays=14")
    shown = section_of(page, "anomaly_candidates")
    assert ">Travel cover (offer)</a>" in shown
    assert re.search(r"\d\.\d\d %</td>", shown)
    assert re.search(r"[\d.,]+ a day</td>", shown)
    assert "Compared with the 14 days before." in shown
    assert "baselineDays=14" in call_of(page, "anomaly_candidates")
    same = await room.viewer.get("/decisions/anomalies?period=last_7_days")
    assert "Compared with the 7 days before." in same


async def test_what_a_filter_does_not_reach_is_said(room: Room) -> None:
    page = await room.viewer.get("/decisions/channels?segmentId=seg_engaged")
    assert "It is not narrowed by segment." in section_of(page, "attribution_summary")
    assert "It is not narrowed" not in section_of(page, "channel_effectiveness")
    assert "segmentId" not in call_of(page, "attribution_summary")


async def test_names_of_offers_lead_to_their_pages(room: Room) -> None:
    for path in ("/decisions/offers", "/decisions/budgets", "/decisions/selection", path_of_type("why_not_ranked")):
        assert '<a href="/decisions/offers/off_gold_card">Gold card</a>' in await room.viewer.get(path), path


async def test_an_offers_page_leads_to_its_decisions(room: Room) -> None:
    page = await room.viewer.get(f"/decisions/offers/{LOSER}")
    assert f'href="/decisions/why-not?offerId={LOSER}"' in page
    assert f'href="/decisions/traces?offerId={LOSER}"' in page


async def test_the_period_goes_along_from_tab_to_tab(room: Room) -> None:
    page = await room.viewer.get("/decisions/offers?period=last_7_days&segmentId=seg_engaged")
    assert 'href="/decisions/channels?period=last_7_days"' in page
    assert 'href="/decisions/offers?segmentId=seg_engaged&period=last_90_days"' in page
    own = await room.viewer.get("/decisions?from=2026-11-01&to=2026-11-27")
    assert 'href="/decisions/channels?from=2026-11-01"' in own
    past = await room.viewer.get("/decisions?from=2026-11-01&to=2026-11-05")
    assert 'href="/decisions/channels"' in past


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/decisions/offers?from=2026-11-27", 400, "2025-11-28 to 2026-11-26"),
        ("/decisions/offers?from=2020-01-01", 400, "2025-11-28 to 2026-11-26"),
        ("/decisions/offers?from=yesterday", 400, "is not a day"),
        ("/decisions/offers?period=last_century", 400, "last_century"),
        ("/decisions/offers?groupBy=moon", 400, "Allowed: channel, category, segment"),
        ("/decisions/models?groupBy=segment", 400, "Allowed: channel, offer, category"),
        ("/decisions/anomalies?baselineDays=0", 400, "a whole number from 1 to 365"),
        ("/decisions/anomalies?baselineDays=²", 400, "a whole number from 1 to 365"),
        ("/decisions/offers?segmentId=seg_nobody", 404, "There is no segment"),
        ("/decisions/why-not?offerId=%F0%9F%99%82", 404, "There is no offer"),
        ("/decisions/models?groupBy=offer&filterId=nothing", 404, "no such channel, offer or category"),
        ("/decisions/offers?chart=nothing&download=csv", 404, "no such chart"),
    ],
)
async def test_filters_that_cannot_be_are_refused_in_words(room: Room, path: str, status: int, words: str) -> None:
    assert words in await room.viewer.get(path, status=status)


async def test_what_others_have_can_be_filtered_by_nobody_else(room: Room) -> None:
    theirs = await offer(room.demo.company)
    named = {
        "/decisions/offers?segmentId=": theirs["segmentId"],
        "/decisions/selection?channelId=": theirs["channelId"],
        "/decisions/selection?categoryId=": theirs["categoryId"],
        "/decisions/selection?decisionFlowId=": theirs["decisionFlowId"],
        "/decisions/models?modelId=": theirs["modelId"],
        "/decisions/models?groupBy=offer&filterId=": theirs["offerId"],
        "/decisions/why-not?offerId=": theirs["offerId"],
        "/decisions/traces?offerId=": theirs["offerId"],
    }
    own = await Browser.of(room.demo.company)
    for path, public_id in named.items():
        await room.viewer.get(path + public_id, status=404)
        assert (await own.get(path + public_id)).status_code == 200, path
    unlisted = await own.get(f"/decisions/offers?segmentId={theirs['segmentId']}")
    assert "has no list of members yet" in unlisted.text


async def test_every_picture_is_one(room: Room) -> None:
    for kind, form, begins in (("score_distribution", "svg", "<svg"), ("summary", "svg", "<svg")):
        path = path_of_type(kind)
        assert (await room.viewer.get(f"{path}?chart={kind}&download={form}")).startswith(begins)


async def test_every_call_that_a_page_shows_is_answered(room: Room) -> None:
    asked: set[str] = set()
    for path in ("/decisions", *(one.path for one in PAGES)):
        asked |= await calls_are_answered(room.demo, await room.viewer.get(path))
    assert len(asked) > len(PAGES)
