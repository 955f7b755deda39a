"""The pages of creators on the demo's data: what they show is what the analytics endpoint says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from headwater.scope import Role
from tests.console.visitors import Visitor, curl, key, visitor
from tests.demoed import Demoed, demoed

pytestmark = pytest.mark.asyncio(loop_scope="module")
VIRAL, OTHER = "Oscar Panna", "Mo Adeyemi"


class Room:
    """The demo with an editor and a viewer."""

    def __init__(self, demo: Demoed, editor: Visitor, viewer: Visitor, creators: dict[str, str]) -> None:
        self.demo = demo
        self.editor = editor
        self.viewer = viewer
        self.creators = creators

    def at(self, name: str) -> str:
        """The page of a creator."""
        return f"/creators/people/{self.creators[name]}"

    async def asked(self, page: str, part: str = "/analytics?") -> Any:
        """What the call that a page shows gives."""
        answer = await self.demo.server.client.get(curl(page, part), headers=await key(self.demo))
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def rows(self, path: str) -> list[list[str]]:
        """The figures of a page's chart, as it gives them away."""
        joint = "&" if "?" in path else "?"
        text = await self.viewer.get(f"{path}{joint}chart=trend&download=csv")
        return list(csv.reader(io.StringIO(text)))[1:]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with demoed(tmp_path_factory.mktemp("creators")) as demo:
        index = await demo.tools.index(demo.scope)
        creators = {one.name: one.id for one in index.entities if one.kind == "creator"}
        yield Room(demo, await visitor(demo, Role.editor), await visitor(demo, Role.viewer), creators)


def specification(page: str) -> dict[str, Any]:
    """The chart of a page."""
    (text,) = re.findall(r'class="spec">(.*?)</script>', page, re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize(
    "filters",
    [
        "metric=views",
        "metric=views&mode=cumulative&granularity=week",
        "metric=followers&granularity=month&period=last_90_days",
        "metric=engagement_rate_by_followers&granularity=week",
        "metric=growth_rate_pop.followers&granularity=week&period=last_90_days",
        "metric=posts_per_week&mode=cumulative",
    ],
)
async def test_the_line_is_that_of_the_call_beside_it(room: Room, filters: str) -> None:
    path = f"{room.at(VIRAL)}?{filters}"
    data = await room.asked(await room.viewer.get(path))
    (line,) = data["series"]
    values = [None if point["value"] is None else round(point["value"], 4) for point in line["points"]]
    assert any(values)
    assert [float(value) if value else None for _, value in await room.rows(path)] == values


async def test_the_period_before_stands_beside_the_line(room: Room) -> None:
    path = f"{room.at(VIRAL)}?beside=before&period=last_7_days"
    data = await room.asked(await room.viewer.get(path))
    rows = await room.rows(path)
    before = [int(value) for _, name, value in rows if name == f"{VIRAL}, before"]
    assert before == [point["value"] for point in data["compare_series"][0]["points"]]
    assert before != [int(value) for _, name, value in rows if name == VIRAL]


async def test_a_creators_videos_add_up_to_the_line(room: Room) -> None:
    path = f"{room.at(VIRAL)}?beside=videos"
    page = await room.viewer.get(path)
    data = await room.asked(page)
    whole = {point["date"]: point["value"] for point in data["series"][0]["points"]}
    summed = dict.fromkeys(whole, 0)
    for day, _, value in await room.rows(path):
        summed[day[:10]] += int(value or 0)
    assert summed == whole
    assert len(data["breakdown_series"]) == 11
    assert "are drawn; the other" not in page, "the rest is already one part"


async def test_another_creator_is_found_by_name_and_left_out_again(room: Room) -> None:
    client = room.demo.server.client
    answer = await client.get(f"{room.at(VIRAL)}?add=mo+adeyemi&beside=videos", headers=room.viewer.headers)
    assert answer.status_code == 303
    there = answer.headers["location"]
    assert there == f"{room.at(VIRAL)}?period=last_30_days&with={room.creators[OTHER]}"
    page = await room.viewer.get(there)
    assert [one["entity_ref"]["label"] for one in (await room.asked(page))["series"]] == [VIRAL, OTHER]
    assert {name for _, name, _ in await room.rows(there)} == {VIRAL, OTHER}
    assert f'href="{room.at(VIRAL)}?period=last_30_days">{OTHER}' in page
    assert "No other creator has a name like" in await room.viewer.get(f"{room.at(VIRAL)}?add=zzzzzz")
    await room.viewer.get(f"{there}&beside=videos", status=400)
    await room.viewer.get(f"{room.at(VIRAL)}?with=7301", status=404)
    await room.viewer.get(f"{room.at(VIRAL)}?metric=growth_rate_pop", status=400)


async def test_the_chart_marks_what_happened_and_what_is_not_over(room: Room) -> None:
    page = await room.viewer.get(room.at(VIRAL))
    data = await room.asked(page)
    datasets = specification(page)["datasets"]
    assert [one["text"] for one in datasets["events"]] == [one["title"] for one in data["annotations"]]
    (unfinished,) = datasets["unfinished"]
    assert unfinished["x"] < unfinished["end"]
    assert "Measured since" in page
    before = await room.viewer.get(f"{room.at(VIRAL)}?from=2026-11-01&to=2026-11-20")
    assert "unfinished" not in specification(before)["datasets"]


async def test_a_refused_annotation_keeps_what_was_typed(room: Room) -> None:
    refused = await room.editor.post(f"{room.at(VIRAL)}/annotations", on="soon", title="On television")
    assert refused.status_code == 400
    assert 'value="On television"' in refused.text
    assert 'aria-describedby="p-on"' in refused.text
    taken = await room.editor.post(f"{room.at(VIRAL)}/annotations", on="2026-11-20", title="On television")
    assert taken.headers["location"] == room.at(VIRAL)
    page = await room.viewer.get(room.at(VIRAL))
    assert "On television" in page
    assert "annotate.js" not in page, "viewers annotate nothing"
    assert 'id="annotate"' not in page


@pytest.mark.parametrize("column", ["posts", "views", "avg_views_per_post"])
async def test_the_map_of_posting_times_is_that_of_the_call_beside_it(room: Room, column: str) -> None:
    page = await room.viewer.get(f"/creators/posting-times?show={column}")
    data = await room.asked(page, "/posting-heatmap?")
    cells = specification(page)["datasets"]["cells"]
    assert len(cells) == 7 * 24
    assert data["rows"]
    for one in data["rows"]:
        cell = cells[(one["weekday"] - 1) * 24 + one["hour"]]
        assert cell["v"] == pytest.approx(one[column], abs=0.001)
    quiet = [at for at in range(7 * 24) if not data["posts"][at // 24][at % 24]]
    assert {cells[at]["v"] for at in quiet} == ({0} if column == "posts" else {None})
    assert "Nothing was posted" in await room.viewer.get("/creators/posting-times?from=2001-01-01&to=2001-01-02")
    await room.viewer.get("/creators/posting-times?project=1", status=404)
