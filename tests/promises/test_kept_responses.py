"""Promise: a kept response is as good as a fresh one, and is never given to anybody who may not have it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from headwater.control import provide
from headwater.control.entities.service import Entities, NewEntity
from headwater.surfaces._http.serve import Server
from tests.promises import people
from tests.promises.routes import Ids
from tests.serving import Company, event

API = "/v2/aggregation-api"


class Asks:
    """Counts the questions that reach the engine."""

    def __init__(self, company: Company, patch: pytest.MonkeyPatch) -> None:
        engine = company.server.services.engine
        ask = engine.ask
        self.count = 0

        async def counted(*given: Any) -> Any:
            self.count += 1
            return await ask(*given)

        patch.setattr(engine, "ask", counted)


async def _not_needed(*_: Any) -> Any:
    raise AssertionError("The response is kept.")


@pytest.fixture
def asks(company: Company, monkeypatch: pytest.MonkeyPatch) -> Asks:
    return Asks(company, monkeypatch)


def urls(ids: Ids) -> list[str]:
    period = "time_from=2025-04-01&time_to=2025-04-30"
    of = f"resource=campaign&id={ids.campaign}"
    return [
        f"{API}/counts?{of}",
        f"{API}/buckets?{of}&{period}&time_frame=day&metric=base",
        f"{API}/domains?{of}&{period}",
        f"{API}/domains/csv?{of}&{period}",
        f"{API}/flow?creative_id={ids.creative}",
        f"{API}/counts?{of}&format=parquet",
    ]


async def test_the_second_answer_is_the_first_without_a_question(ids: Ids, asks: Asks) -> None:
    for number, url in enumerate(urls(ids), 1):
        first, second = [await ids.company.request("GET", url) for _ in range(2)]
        assert asks.count == number, url
        same = {"x-request-id": None}
        assert second.content == first.content
        assert {**second.headers, **same} == {**first.headers, **same}


async def test_it_is_not_given_to_another_organisation(ids: Ids, asks: Asks) -> None:
    stranger = await ids.company.server.company()
    for url in urls(ids):
        own = await ids.company.request("GET", url)
        foreign = await stranger.request("GET", url)
        assert own.content != foreign.content
        assert (await ids.company.request("GET", url)).content == own.content
        assert (await stranger.request("GET", url)).content == foreign.content


async def test_it_is_not_given_after_the_key_is_revoked_or_without_it(ids: Ids) -> None:
    url = urls(ids)[0]
    client = ids.company.server.client
    made = (await ids.company.request("POST", "/api/v2/tokens", json={"name": "short"})).json()["data"]
    headers = {"authorization": f"Bearer {made['token']}"}
    assert [(await client.get(url, headers=headers)).status_code for _ in range(2)] == [200, 200]
    assert (await ids.company.request("DELETE", f"/api/v2/tokens/{made['id']}")).status_code == 204
    assert (await client.get(url, headers=headers)).status_code == 401
    assert (await client.get(url)).status_code == 401


async def test_it_is_not_given_to_a_key_that_may_not_read(ids: Ids) -> None:
    url = urls(ids)[0]
    writer = await people.key(ids.company, "write")
    for _ in range(2):
        assert (await ids.company.request("GET", url)).status_code == 200
        assert (await ids.company.server.client.get(url, headers=writer)).status_code == 403


async def test_it_is_not_given_for_another_tenant(ids: Ids) -> None:
    url = urls(ids)[0]
    assert (await ids.company.request("GET", url)).status_code == 200
    answer = await ids.company.request("GET", url, headers={"x-tenant-id": "999"})
    assert answer.status_code == 403


async def test_after_a_pause_it_is_given_once_what_may_have_changed_was_looked_at(
    ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url = ids.company.server, urls(ids)[0]
    first = await ids.company.request("GET", url)
    server.clock.advance(timedelta(seconds=5))
    with monkeypatch.context() as nowhere:
        nowhere.setattr(Server, "reply", _not_needed)
        answers = await asyncio.gather(*(ids.company.request("GET", url) for _ in range(4)))
    assert [answer.content for answer in answers] == [first.content] * 4


async def test_after_a_pause_it_is_not_given_when_another_process_changed_the_entities(ids: Ids, asks: Asks) -> None:
    server, url = ids.company.server, urls(ids)[0]
    await ids.company.request("GET", url)
    beside = provide(server.services.settings, server.clock)
    await beside.start()
    async with beside.unit_of_work() as uow:
        scope = await server.services.control.access.operator_scope(ids.company.organisation_id)
        await Entities(uow.session, scope).create("workspace", NewEntity(name="New"))
    await beside.stop()
    server.clock.advance(timedelta(seconds=5))
    await ids.company.request("GET", url)
    assert asks.count == 2


async def test_it_is_not_given_once_its_key_has_expired(ids: Ids) -> None:
    server = ids.company.server
    soon = (server.clock() + timedelta(seconds=1)).isoformat()
    made = await ids.company.request("POST", "/api/v2/tokens", json={"name": "short", "expires_at": soon})
    headers = {"x-api-key": made.json()["data"]["token"]}
    url = urls(ids)[0]
    assert [(await server.client.get(url, headers=headers)).status_code for _ in range(2)] == [200, 200]
    server.clock.advance(timedelta(seconds=1))
    assert (await server.client.get(url, headers=headers)).status_code == 401


async def test_new_facts_and_new_entities_are_in_the_next_answer(ids: Ids) -> None:
    company = ids.company
    before = [await company.request("GET", url) for url in urls(ids)]
    await company.send([event(ids.creative, domain="two.example")])
    path = f"/api/v2/creatives/{ids.creative}/components"
    await company.make(path, component_type="Goal", content="New")
    for old, url in zip(before, urls(ids), strict=True):
        assert (await company.request("GET", url)).content != old.content, url


async def test_facts_of_another_campaign_leave_it_kept(ids: Ids, asks: Asks) -> None:
    company = ids.company
    other = await company.hierarchy()
    url = urls(ids)[0]
    await company.request("GET", url)
    await company.send([event(other.creative)])
    await company.request("GET", url)
    assert asks.count == 1


async def test_refusals_are_not_kept(ids: Ids) -> None:
    url = f"{urls(ids)[0]}&metric=nonsense"
    for _ in range(2):
        assert (await ids.company.request("GET", url)).status_code == 400
