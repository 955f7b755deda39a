"""Promise: what another process changes in the control plane is seen within two seconds, in kept responses too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from headwater.control import Control, provide
from headwater.control.entities.rules import EntityChange, NewEntity
from headwater.control.entities.service import Entities
from headwater.control.tokens.api_keys import ApiKeys
from headwater.settings import Settings
from tests.control.founding import CHEAP_HASHER
from tests.promises.routes import Ids
from tests.serving import Server, event

TWO_SECONDS = timedelta(seconds=2)


@pytest.fixture
async def other(server: Server, tmp_path: Path) -> AsyncIterator[Control]:
    """The control plane as a second process has it."""
    control = provide(Settings(data_dir=str(tmp_path)), server.clock, CHEAP_HASHER)
    await control.start()
    yield control
    await control.stop()


async def test_a_change_of_plan(ids: Ids, other: Control) -> None:
    path = f"/v2/aggregation-api/counts?resource=campaign&id={ids.campaign}"
    assert "x-ratelimit-limit" not in (await ids.company.request("GET", path)).headers
    async with other.unit_of_work() as uow:
        await other.plans.set(uow, str(ids.company.organisation_id), "free")
    ids.company.server.clock.advance(TWO_SECONDS)
    for _ in range(2):
        answer = await ids.company.request("GET", path)
        assert answer.headers["x-ratelimit-limit"] == "100"


async def test_a_new_creative_takes_facts_and_shows(ids: Ids, other: Control) -> None:
    company = ids.company
    path = f"/v2/aggregation-api/counts?resource=campaign&id={ids.campaign}&metric=impressions"
    before = (await company.request("GET", path)).json()[str(ids.campaign)]["impressions"]
    scope = await other.access.operator_scope(company.organisation_id)
    async with other.unit_of_work() as uow:
        entities = Entities(uow.session, scope)
        group = (await entities.list("creative_group"))[0][0].id
        made, _ = await entities.create("creative", NewEntity(name="From elsewhere", parent_id=group))
    company.server.clock.advance(TWO_SECONDS)
    assert (await company.get("/v2/aggregation-api/counts", resource="creative", id=made.id)).json() == {
        str(made.id): {"impressions": 0, "started": 0, "interacted": 0}
    }
    await company.send([event(made.id)])
    assert (await company.request("GET", path)).json()[str(ids.campaign)]["impressions"] == before + 1


async def test_a_component_that_was_moved_shows_in_its_new_place(ids: Ids, other: Control) -> None:
    company = ids.company
    at = f"/api/v2/creatives/{ids.creative}/components"
    later = await company.make(at, component_type="Choice", content="Later")
    path = f"/v2/aggregation-api/flow?creative_id={ids.creative}"
    before = [row["component_id"] for row in (await company.request("GET", path)).json()[str(ids.creative)]]
    assert before[-1] == later
    scope = await other.access.operator_scope(company.organisation_id)
    async with other.unit_of_work() as uow:
        entities = Entities(uow.session, scope)
        for component in before[:-1]:
            await entities.update("component", component, EntityChange(position=50))
    company.server.clock.advance(TWO_SECONDS)
    after = [row["component_id"] for row in (await company.request("GET", path)).json()[str(ids.creative)]]
    assert after == [later, *before[:-1]]


async def test_a_revoked_key(ids: Ids, other: Control) -> None:
    company = ids.company
    made = (await company.request("POST", "/api/v2/tokens", json={"name": "short"})).json()["data"]
    headers = {"x-api-key": made["token"]}
    path = f"/v2/aggregation-api/counts?resource=campaign&id={ids.campaign}"
    assert [(await company.server.client.get(path, headers=headers)).status_code for _ in range(2)] == [200, 200]
    scope = await other.access.operator_scope(company.organisation_id)
    async with other.unit_of_work() as uow:
        await ApiKeys(uow.session, scope).revoke(made["id"])
    company.server.clock.advance(TWO_SECONDS)
    assert (await company.server.client.get(path, headers=headers)).status_code == 401
