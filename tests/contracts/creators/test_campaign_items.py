"""Contract: creators, "Resources": what a campaign holds, to any depth, and never itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.creators.asking import UNKNOWN, data, listed, made, paths, refused
from tests.serving import Company, Server


class World:
    """One creator, one video and campaigns A to D of one project."""

    def __init__(self, company: Company, ids: dict[str, str]) -> None:
        self.company = company
        self.ids = ids

    def item(self, name: str) -> dict[str, str]:
        """The body that puts something in or takes it out."""
        kind = name if name in ("creator", "video") else "campaign"
        return {"item_type": kind, "item_id": self.ids[name]}

    async def put(self, campaign: str, name: str, status: int = 201) -> Any:
        """Put something into a campaign."""
        return await data(self.company, "POST", f"/campaigns/{self.ids[campaign]}/items", status, **self.item(name))

    async def held(self, campaign: str) -> list[str]:
        """What a campaign holds, by name, oldest first."""
        names = {row_id: name for name, row_id in self.ids.items()}
        return [names[row["item_id"]] for row in await listed(self.company, f"/campaigns/{self.ids[campaign]}/items")][
            ::-1
        ]


@pytest.fixture
async def world(company: Company, project: str) -> World:
    ids = {
        "creator": (await made(company, f"/projects/{project}/creators", handle="ada"))["id"],
        "video": (await made(company, f"/projects/{project}/videos", external_id="1"))["id"],
    }
    for name in "ABCD":
        ids[name] = (await made(company, f"/projects/{project}/campaigns", name=name))["id"]
    return World(company, ids)


async def test_a_campaign_holds_creators_videos_and_campaigns(world: World) -> None:
    for name in ("creator", "video", "B"):
        item = await world.put("A", name)
        assert item == {
            "id": item["id"],
            "campaign_id": world.ids["A"],
            "created_at": "2025-05-03T12:30:00Z",
            **world.item(name),
        }
    assert await world.held("A") == ["creator", "video", "B"]
    assert await world.held("B") == []


async def test_putting_the_same_in_twice_answers_the_one_there_is(world: World) -> None:
    for name in ("creator", "video", "B"):
        assert await world.put("A", name) == await world.put("A", name, 200)
    assert await world.held("A") == ["creator", "video", "B"]


async def test_a_circle_is_a_conflict_at_any_depth(world: World) -> None:
    for above, below in ("AB", "BC", "CD"):
        await world.put(above, below)
    for above, below in ("AA", "BA", "CA", "DA", "DB"):
        path = f"/campaigns/{world.ids[above]}/items"
        refusal = await refused(world.company, "POST", path, 409, **world.item(below))
        assert refusal["code"] == "conflict"
    # Held twice by two ways is no circle.
    await world.put("A", "D")
    assert await world.held("A") == ["B", "D"]


async def test_taking_out_opens_the_way_again(world: World) -> None:
    item = await world.put("A", "B")
    path = f"/campaigns/{world.ids['A']}/items"
    assert await data(world.company, "DELETE", path, 200, **world.item("B")) == {"id": item["id"], "deleted": True}
    assert await world.held("A") == []
    await world.put("B", "A")
    assert (await refused(world.company, "DELETE", path, 404, **world.item("B")))["code"] == "not_found"


async def test_what_is_deleted_leaves_the_campaigns_that_held_it(world: World) -> None:
    for name in ("creator", "video", "B"):
        await world.put("A", name)
    for path in (f"/creators/{world.ids['creator']}", f"/videos/{world.ids['video']}", f"/campaigns/{world.ids['B']}"):
        await data(world.company, "DELETE", path)
    assert await world.held("A") == []


async def test_an_item_of_another_project_is_refused(world: World) -> None:
    other = (await made(world.company, "/projects", name="Other"))["id"]
    campaign = (await made(world.company, f"/projects/{other}/campaigns", name="Theirs"))["id"]
    for name in ("creator", "video", "A"):
        refusal = await refused(world.company, "POST", f"/campaigns/{campaign}/items", 400, **world.item(name))
        assert (refusal["code"], paths(refusal)) == ("invalid_body", ["item_id"])


async def test_foreign_and_unknown_things_are_not_found_alike(server: Server, world: World, project: str) -> None:
    stranger = await server.company()
    theirs = (await made(stranger, "/projects", name="Theirs"))["id"]
    campaign = (await made(stranger, f"/projects/{theirs}/campaigns", name="Theirs"))["id"]
    for method in ("POST", "DELETE"):
        for name in ("creator", "video", "A"):
            item = world.item(name)
            for unknown in (item["item_id"], UNKNOWN):
                body = {**item, "item_id": unknown}
                assert (await refused(stranger, method, f"/campaigns/{campaign}/items", 404, **body))["code"] == (
                    "not_found"
                )
        path = f"/campaigns/{world.ids['A']}/items"
        assert (await refused(stranger, method, path, 404, **world.item("video")))["code"] == "not_found"
    assert (await refused(stranger, "GET", path, 404))["code"] == "not_found"


async def test_an_unknown_kind_and_an_id_that_is_no_uuid_are_refused(world: World) -> None:
    body = {"item_type": "project", "item_id": "7"}
    refusal = await refused(world.company, "POST", f"/campaigns/{world.ids['A']}/items", 400, **body)
    assert paths(refusal) == ["item_type", "item_id"]


async def test_items_are_listed_in_pages(world: World) -> None:
    for name in ("creator", "video", "B"):
        await world.put("A", name)
    path = f"/api/v1/campaigns/{world.ids['A']}/items"
    first = (await world.company.get(path, limit=2)).json()
    assert [row["item_type"] for row in first["data"]] == ["campaign", "video"]
    rest = (await world.company.get(path, limit=2, cursor=first["meta"]["nextCursor"])).json()
    assert [row["item_type"] for row in rest["data"]] == ["creator"]
    assert rest["meta"]["nextCursor"] is None
