"""The explorer of traces and the try of recommendations on the demo's data, as people use them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from headwater.scope import Role
from tests.console.visitors import Visitor, key, visitor
from tests.demoed import Demoed, demoed

pytestmark = pytest.mark.asyncio(loop_scope="module")
LOSER = "off_bridge_loan"
TRACES = "/decisions/traces"
TRY = "/decisions/try"
_ENDS = {
    "selected": "Chosen as number",
    "not_qualified": "Not qualified",
    "held_back": "Held back",
    "ranked": "Ranked too low",
    "considered": "Considered only",
}


class Room(NamedTuple):
    """The demo, an editor and a viewer of it."""

    demo: Demoed
    editor: Visitor
    viewer: Visitor
    key: dict[str, str]

    async def asked(self, path: str, **params: Any) -> Any:
        """The body of an answer of the API."""
        answer = await self.demo.server.client.get(f"/api/v1/{path}", headers=self.key, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with demoed(tmp_path_factory.mktemp("traces")) as demo:
        viewer = await visitor(demo, Role.viewer)
        yield Room(demo, await visitor(demo, Role.editor), viewer, await key(demo))


def listed(page: str) -> list[str]:
    """The traces that a page lists."""
    return re.findall(rf'<a href="{TRACES}/([^"]+)"', page)


async def test_the_list_is_that_of_the_api_page_by_page(room: Room) -> None:
    first = await room.viewer.get(f"{TRACES}?offerId={LOSER}")
    body = await room.asked("decision-traces", offerId=LOSER)
    assert listed(first) == [one["id"] for one in body["data"]]
    assert f"1 to 25 of {body['pagination']['total']:,}" in first
    second = await room.viewer.get(f"{TRACES}?offerId={LOSER}&offset=25")
    body = await room.asked("decision-traces", offerId=LOSER, offset=25)
    assert listed(second) == [one["id"] for one in body["data"]]
    assert f'href="{TRACES}?offerId={LOSER}&offset=50"' in second
    assert "offset=25" in re.findall(r"decision-traces\?[^']*", second)[0]


async def test_the_list_can_be_narrowed_to_a_customer_and_a_request(room: Room) -> None:
    (newest, *_) = (await room.asked("decision-traces", limit=1))["data"]
    of_customer = await room.viewer.get(f"{TRACES}?customerId={newest['customerId']}")
    body = await room.asked("decision-traces", customerId=newest["customerId"])
    assert listed(of_customer) == [one["id"] for one in body["data"]]
    assert listed(await room.viewer.get(f"{TRACES}?requestId=+{newest['requestId']}+")) == [newest["id"]]


async def test_lists_with_nothing_say_why(room: Room) -> None:
    assert "No decision fits" in await room.viewer.get(f"{TRACES}?customerId=nobody")
    assert "There are no more" in await room.viewer.get(f"{TRACES}?offset=100000")
    fresh = await room.demo.company.request("GET", TRACES)
    assert "No decisions yet" in fresh.text


@pytest.mark.parametrize("query", ["offset=-1", "offset=9999999999", "offset=a", f"customerId={'c' * 129}"])
async def test_filters_that_cannot_be_are_refused(room: Room, query: str) -> None:
    page = await room.viewer.get(f"{TRACES}?{query}", status=400)
    assert query.partition("=")[0] in page


async def test_a_decision_says_of_each_candidate_how_far_it_came(room: Room) -> None:
    traces = (await room.asked("decision-traces", offerId=LOSER, limit=10))["data"]
    assert len(traces) == 10
    for one in traces:
        trace = await room.asked(f"decision-traces/{one['id']}")
        page = await room.viewer.get(f"{TRACES}/{one['id']}")
        ways = dict(re.findall(r'<h3><a href="/decisions/offers/([^"]+)">.*?<span class="badge \w*">([^<]+)<', page))
        assert ways.keys() == set(trace["candidates"])
        for explained in trace["explanation"]:
            assert ways[explained["offerId"]].startswith(_ENDS[explained["result"]])
            assert explained["reason"] is None or explained["reason"] in page
        assert f"{TRACES}?customerId={trace['customerId']}" in page
        assert ("A fallback scored this decision" in page) == trace["degraded"]


async def test_an_editor_tries_a_recommendation_and_opens_its_trace(room: Room) -> None:
    form = await room.editor.get(TRY)
    assert "This decides in earnest" in form
    (request,) = re.findall(r'name="request" value="([^"]+)"', form)
    sent = await room.editor.post(
        TRY,
        customerId="somebody new",
        channelId="ch_web",
        limit="2",
        request=request,
        attributes="income = 50000\nowns_home = true",
        segments=["seg_high_value"],
        excludeOffers=["off_gold_card"],
    )
    assert sent.status_code == 200, sent.text
    (trace,) = (await room.asked("decision-traces", customerId="somebody new"))["data"]
    assert f'href="{TRACES}/{trace["id"]}"' in sent.text
    assert trace["selectedOffers"]
    for one in trace["selectedOffers"]:
        assert one["offerName"] in sent.text.partition('<ol class="chosen">')[2].partition("</ol>")[0]
    assert "off_gold_card" not in trace["candidates"]
    assert LOSER in {one["offerId"] for one in trace["scoringResults"]}
    assert "No impression is stored." in sent.text
    assert 'value="off_gold_card" checked' in sent.text
    assert 'value="somebody new"' in sent.text
    told = await room.viewer.get(f"{TRACES}/{trace['id']}")
    assert "offers are scored by the offer's priority" in told or "scores by" in told


async def test_a_form_that_is_sent_twice_decides_once_and_a_changed_one_not_at_all(room: Room) -> None:
    fields = {"customerId": "hasty", "channelId": "ch_app", "request": "try_twice"}
    first = await room.editor.post(TRY, **fields)
    again = await room.editor.post(TRY, **fields)
    traces = (await room.asked("decision-traces", customerId="hasty"))["data"]
    assert len(traces) == 1
    assert traces[0]["id"] in first.text
    assert traces[0]["id"] in again.text
    shown = len(traces[0]["selectedOffers"])
    assert shown > 0
    assert f"{shown} impressions are stored." in again.text
    other = await room.editor.post(TRY, **{**fields, "limit": "1"})
    assert other.status_code == 409
    (fresh,) = re.findall(r'name="request" value="([^"]+)"', other.text)
    assert (await room.editor.post(TRY, **{**fields, "request": fresh})).status_code == 200


async def test_a_viewer_sees_no_try_and_may_not(room: Room) -> None:
    assert TRY not in await room.viewer.get("/decisions")
    assert TRY not in await room.viewer.get(TRACES)
    await room.viewer.get(TRY, status=403)
    sent = await room.viewer.post(TRY, customerId="c", channelId="ch_web", request="try_v")
    assert sent.status_code == 403
    assert (await room.asked("decision-traces", customerId="c"))["data"] == []


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("customerId", "", 400),
        ("customerId", "a\nb", 400),
        ("channelId", "ch_nowhere", 404),
        ("limit", "0", 400),
        ("limit", "many", 400),
        ("decisionFlowKey", "no_flow", 404),
        ("attributes", "income", 400),
        ("attributes", "a = 1\na = 2", 400),
        ("attributes", "= 3", 400),
        ("attributes", "\n".join(f"a{at} = 1" for at in range(201)), 400),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_decided(
    room: Room, field: str, value: str, status: int
) -> None:
    fields = {"customerId": "wrong", "channelId": "ch_web", "request": "try_wrong", "placement": "top", field: value}
    before = (await room.asked("decision-traces", limit=1))["pagination"]["total"]
    sent = await room.editor.post(TRY, **fields)
    assert sent.status_code == status, sent.text
    assert f'id="p-{field}"' in sent.text
    assert 'value="top"' in sent.text
    assert (await room.asked("decision-traces", limit=1))["pagination"]["total"] == before


async def test_attributes_nested_too_deep_are_texts_and_the_method_says_what_it_lacks(room: Room) -> None:
    fields = {"customerId": "odd", "channelId": "ch_app", "request": "try_odd"}
    deep = await room.editor.post(TRY, **fields, attributes=f"a = {'[' * 5000}")
    assert deep.status_code == 200
    unknown = await room.editor.post(
        TRY, customerId="odd", channelId="ch_web", request="try_odd_2", excludeOffers=["gone"]
    )
    assert "names no offer that exists" in unknown.text


async def test_a_company_without_channels_is_told_so(room: Room) -> None:
    answer = await room.demo.company.request("GET", TRY)
    assert answer.status_code == 200
    assert "No active channel" in answer.text
