"""The overview, the pages of ad creatives and the report builder on the demo's data, as people see them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from headwater.catalogue.asked import Kind
from headwater.scope import Role
from headwater.tools.metric_question import Entities, MetricQuestion, Period, read
from tests.console.visitors import Visitor, calls_are_answered, curl, key, visitor
from tests.demoed import NOW, Demoed, demoed

pytestmark = pytest.mark.asyncio(loop_scope="module")
WINTER, FINDER = "Fjell Outdoor: winter jackets", "Jacket finder, 300x600"


class Room:
    """The demo, an editor and a viewer of it, and ids of its things by their names."""

    def __init__(self, demo: Demoed, editor: Visitor, viewer: Visitor, ids: dict[str, int]) -> None:
        self.demo = demo
        self.editor = editor
        self.viewer = viewer
        self.ids = ids

    def draft(self, **more: Any) -> str:
        """A draft of a report about the winter campaign."""
        asked = {"workspace": self.ids["Demo Agency"], "resource": "campaign", "id": self.ids[WINTER]}
        return "&".join(f"{name}={value}" for name, value in {**asked, "metric": "impressions", **more}.items())

    async def report(self, name: str, **more: Any) -> str:
        """A new report's page."""
        saved = await self.editor.post("/ads/reports", name=name, draft=self.draft(**more))
        assert saved.status_code == 303, saved.text
        return saved.headers["location"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with demoed(tmp_path_factory.mktemp("ads")) as demo:
        index = await demo.tools.index(demo.scope)
        ids = {one.name: int(one.id) for one in index.entities if one.id.isdigit()}
        yield Room(demo, await visitor(demo, Role.editor), await visitor(demo, Role.viewer), ids)


async def test_the_tree_has_the_figures_of_its_period(room: Room) -> None:
    page = await room.viewer.get("/ads?period=last_7_days")
    today = NOW.date()
    asked = MetricQuestion(
        Entities("campaign", (room.ids[WINTER],)), ("impressions",), Period(today - timedelta(days=6), today)
    )
    (row,) = (await room.demo.tools.ask_metrics(asked, room.demo.scope)).table.rows
    of_winter = page.split(f">{WINTER}</a>", 1)[1]
    assert f'<td class="right">{row[0]:,}</td>' in of_winter.split("</tr>")[0]
    assert "Rival Secret" not in page


async def test_the_tree_can_be_searched(room: Room) -> None:
    page = await room.viewer.get("/ads?q=quiz&depth=campaign")
    assert "Savings quiz, short" in page
    assert WINTER not in page
    assert "Nothing is called that" in await room.viewer.get("/ads?q=zzzz")


async def test_a_creative_shows_its_headlines_funnel_flow_and_placements(room: Room) -> None:
    page = await room.viewer.get(f"/ads/creatives/{room.ids[FINDER]}?metric=click_rate&granularity=week")
    for words in ("How far people came", "Where the conversation loses people", "weather-today.example", "DV360"):
        assert words in page
    assert '<option value="click_rate" selected>' in page
    assert '<option value="week" selected>' in page
    assert f">{WINTER}</a></li>" in page
    flow = (await room.demo.server.client.get(curl(page, "/flow?"), headers=await key(room.demo))).json()
    assert f"<strong>{flow[str(room.ids[FINDER])][0]['impressions']:,}</strong>" in page


async def test_a_video_shows_its_quartiles_and_no_flow(room: Room) -> None:
    page = await room.viewer.get(f"/ads/creatives/{room.ids['One pan, 15 s']}?period=last_90_days")
    assert "How far videos were watched" in page
    assert "Where the conversation loses people" not in page


async def test_the_call_behind_a_figure_gives_the_same(room: Room) -> None:
    page = await room.viewer.get(f"/ads/campaigns/{room.ids[WINTER]}")
    (body,) = {one for one in re.findall(r"-d '(\{[^\n]*\})'", page) if "headline" in one or "compare" in one}
    question = read(msgspec.json.decode(body)["query"])
    answer = await room.demo.tools.ask_metrics(question, room.demo.scope)
    assert f'title="{answer.table.rows[0][0]:,}"' in page
    buckets = await room.demo.server.client.get(curl(page, "/buckets?"), headers=await key(room.demo))
    for row in buckets.json()[str(room.ids[WINTER])]:
        assert f'<td>{row["time"][:10]}</td><td class="right">{row["impressions"]:,}</td>' in page


async def test_every_call_that_a_page_shows_is_answered(room: Room) -> None:
    at = await room.report("With a call")
    asked: set[str] = set()
    for path in ("/", "/ads", f"/ads/creatives/{room.ids[FINDER]}", "/ads/reports", at):
        asked |= await calls_are_answered(room.demo, await room.viewer.get(path))
    assert len({one.partition("?")[0] for one in asked}) >= 5


async def test_a_chart_can_be_had_as_a_file(room: Room) -> None:
    path = f"/ads/campaigns/{room.ids[WINTER]}"
    file = await room.viewer.get(f"{path}?chart=trend&download=csv")
    assert file.splitlines()[0].lstrip("\ufeff") == "time,impressions"
    await room.viewer.get(f"{path}?chart=nothing&download=csv", status=404)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("metric=clickrate", "click_rate"),
        ("from=2026-11-02&to=2026-11-01", "ends before it begins"),
        ("from=2026-11-02", "required"),
        ("period=last_century", "last_century"),
    ],
)
async def test_filters_that_cannot_be_are_refused_in_words(room: Room, query: str, words: str) -> None:
    page = await room.viewer.get(f"/ads/campaigns/{room.ids[WINTER]}?{query}", status=400)
    assert words in page


async def test_a_period_without_events_says_so(room: Room) -> None:
    page = await room.viewer.get(f"/ads/campaigns/{room.ids[WINTER]}?from=2020-01-01&to=2020-01-07")
    assert "Nothing was measured in these days" in page


async def test_another_companys_things_are_not_there(room: Room) -> None:
    tree = await room.demo.server.services.control.trees.get(room.demo.company.organisation_id)
    for kind, path in (("campaign", "campaigns"), ("creative_group", "groups"), ("creative", "creatives")):
        page = await room.viewer.get(f"/ads/{path}/{tree.of_kind(kind)[0]}", status=404)
        assert "Winter campaign" not in page
    asked = f"workspace={tree.of_kind('workspace')[0]}&id={tree.of_kind('campaign')[0]}&metric=impressions"
    assert "Pick at least one" in await room.viewer.get(f"/ads/reports/preview?{asked}")


async def test_a_report_is_built_saved_changed_and_deleted(room: Room) -> None:
    page = await room.editor.get(f"/ads/reports/new?{room.draft(breakdown='domain', chart='bar')}")
    assert "weather-today.example" in page
    at = await room.report("Winter by domain", breakdown="domain", chart="bar")
    assert "Winter by domain" in await room.viewer.get(at)
    assert '<option value="domain" selected>' in await room.editor.get(f"{at}/edit")
    changed = await room.editor.post(at, name="Winter by DSP", draft=room.draft(breakdown="dsp", chart="bar"))
    assert changed.headers["location"] == at
    assert "Adform" not in await room.viewer.get(at)
    assert "DV360" in await room.viewer.get(at)
    assert "Winter by DSP" in await room.viewer.get("/ads/reports")
    assert (await room.editor.post(f"{at}/delete")).headers["location"] == "/ads/reports"
    await room.viewer.get(at, status=404)


async def test_a_report_that_cannot_be_saved_keeps_what_was_typed(room: Room) -> None:
    answer = await room.editor.post("/ads/reports", name="  ", draft=room.draft(breakdown="dsp"))
    assert answer.status_code == 400
    assert '<option value="dsp" selected>' in answer.text
    assert 'id="p-name"' in answer.text
    nothing = await room.editor.post("/ads/reports", name="Named", draft="metric=plays")
    assert nothing.status_code == 400
    assert 'value="Named"' in nothing.text


async def test_a_preview_says_what_is_missing(room: Room) -> None:
    assert "Pick at least one metric" in await room.viewer.get(f"/ads/reports/preview?{room.draft(metric='')}")
    assert 'id="preview"' in await room.viewer.get(f"/ads/reports/preview?{room.draft()}")


async def test_the_call_behind_a_preview_gives_the_same(room: Room) -> None:
    page = await room.viewer.get(f"/ads/reports/preview?{room.draft(breakdown='domain', chart='bar')}")
    (body,) = re.findall(r"-d '(\{[^\n]*\})'", page)
    answer = await room.demo.tools.ask_metrics(read(msgspec.json.decode(body)["query"]), room.demo.scope)
    for name, _, impressions in answer.table.rows:
        assert f'<td>{name}</td><td class="right">{impressions:,}</td>' in page


async def test_a_viewer_reads_reports_and_can_change_none(room: Room) -> None:
    at = await room.report("For viewers")
    page = await room.viewer.get(at)
    assert "Delete" not in page
    assert "/edit" not in page
    assert "Make a link" not in page
    assert "New report" not in await room.viewer.get("/ads/reports")
    for path in (at, f"{at}/delete", f"{at}/schedule", f"{at}/schedule/delete", f"{at}/share", "/ads/reports"):
        sent = await room.viewer.post(path, name="n", draft=room.draft(), recipients="a@b.example")
        assert sent.status_code == 403, path
    await room.viewer.get(f"{at}/edit", status=403)


async def test_a_report_goes_out_by_mail_until_it_is_stopped(room: Room) -> None:
    at = await room.report("By mail")
    refused = await room.editor.post(f"{at}/schedule", recipients="no address", frequency="daily")
    assert refused.status_code == 400
    assert 'value="no address"' in refused.text
    sent = await room.editor.post(f"{at}/schedule", recipients="client@client.example", frequency="monthly", day="3")
    assert sent.status_code == 303
    page = await room.viewer.get(at)
    assert "monthly, on day 3, at 06:00 UTC as PDF" in page
    assert "has not agreed yet" in page
    await room.editor.post(f"{at}/schedule/delete")
    assert "This report is not mailed." in await room.viewer.get(at)


async def test_a_link_shows_a_report_to_anybody_until_it_ends(room: Room) -> None:
    at, clock = await room.report("Shared"), room.demo.server.clock
    made = await room.editor.post(f"{at}/share", days="7")
    (path,) = set(re.findall(r"/ads/shared/[\w-]+", made.text))
    client = room.demo.server.client
    page = await client.get(path)
    assert page.status_code == 200
    assert "Shared" in page.text
    assert "Sign out" not in page.text
    file = await client.get(f"{path}?chart=report&download=csv")
    assert file.status_code == 200
    looks = [(await client.get(path)).status_code for _ in range(60)]
    assert looks[:50] == [200] * 50
    assert looks[-1] == 429, "a link that many have is no way to keep the server busy"
    later = f"{path[:-3]}{'000' if not path.endswith('000') else '111'}"
    assert (await client.get(later)).status_code == 404
    clock.now = NOW + timedelta(days=7)
    try:
        assert (await client.get(path)).status_code == 404
    finally:
        clock.now = NOW
    await room.editor.post(f"{at}/delete")
    assert (await client.get(path)).status_code == 404


async def test_the_overview_has_yesterdays_figures_of_every_surface(room: Room) -> None:
    page = await room.viewer.get("/")
    yesterday = date(2026, 11, 26)
    shown: tuple[tuple[Kind, str], ...] = (("campaign", "impressions"), ("project", "views"), ("offer", "positive"))
    for kind, metric in shown:
        asked = MetricQuestion(Entities(kind), (metric,), Period(yesterday, yesterday))
        (row,) = (await room.demo.tools.ask_metrics(asked, room.demo.scope)).table.rows
        assert f'title="{row[0]:,}"' in page, metric
    assert "What is not as before" in page
    assert "Newest annotations" in page
    assert "What to do first" not in page


async def test_a_new_companys_overview_says_what_to_do_first(room: Room) -> None:
    company = await room.demo.server.company("Fresh")
    answer = await company.request("GET", "/")
    assert answer.status_code == 200
    assert "What to do first" in answer.text
    assert "No campaigns yet" in (await company.request("GET", "/ads")).text
    assert "No reports yet" in (await company.request("GET", "/ads/reports")).text
