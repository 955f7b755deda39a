"""The hierarchy: workspace > campaign > creative group > creative > component, and the tree of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.serving import Company, Hierarchy, event

TREE = "/api/v2/campaigns/data_tree"
TIMES = {"created_at": "2025-05-03T12:30:00Z", "updated_at": "2025-05-03T12:30:00Z"}


async def made(company: Company, path: str, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await company.request("POST", path, json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json()["data"])


async def listed(company: Company, path: str, **params: Any) -> list[Any]:
    return [row["id"] for row in (await company.get(path, **params)).json()["data"]]


class TestTree:
    async def test_ids_are_texts_and_children_nest(self, company: Company, hierarchy: Hierarchy) -> None:
        tree = (await company.get(TREE, workspaces=hierarchy.workspace)).json()
        (campaign,) = tree["data"]
        assert list(campaign) == ["id", "name", "creativeGroups"]
        assert campaign["id"] == str(hierarchy.campaign)
        (group,) = campaign["creativeGroups"]
        assert list(group) == ["id", "name", "creatives"]
        assert group["creatives"][0] == {"id": str(hierarchy.creative), "name": "Feed slider"}

    async def test_without_workspaces_it_is_all_of_them(self, company: Company, hierarchy: Hierarchy) -> None:
        other = await company.hierarchy()
        whole = (await company.get(TREE)).json()["data"]
        assert [row["id"] for row in whole] == [str(hierarchy.campaign), str(other.campaign)]
        one = (await company.get(TREE, workspaces=other.workspace)).json()["data"]
        assert [row["id"] for row in one] == [str(other.campaign)]
        both = (await company.get(TREE, workspaces=f"{other.workspace},{hierarchy.workspace}")).json()["data"]
        assert both == whole

    async def test_an_unknown_workspace_is_not_found(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.get(TREE, workspaces=f"{hierarchy.workspace},999999")
        assert answer.status_code == 404
        assert answer.json()["details"]["field"] == "workspaces[]"


class TestShapes:
    async def test_each_kind(self, company: Company) -> None:
        workspace = await made(company, "/api/v2/workspaces", name="Europe")
        assert workspace == {"id": workspace["id"], "name": "Europe", "external_id": None, "archived": False, **TIMES}
        assert isinstance(workspace["id"], int)
        parents = (
            ("campaigns", "workspace_id"),
            ("creative_groups", "campaign_id"),
            ("creatives", "creative_group_id"),
        )
        above = workspace["id"]
        for path, parent in parents:
            row = await made(company, f"/api/v2/{path}", name=path, external_id="x-1", **{parent: above})
            expected = {"name": path, "external_id": "x-1", "archived": False, parent: above, **TIMES}
            assert row == {"id": row["id"], **expected}
            assert (await company.get(f"/api/v2/{path}/{row['id']}")).json() == {"data": row}
            above = row["id"]
        at = f"/api/v2/creatives/{above}/components"
        row = await made(company, at, component_type="Choice", content="Yes or no?", position=3)
        assert row.items() >= {"component_type": "Choice", "content": "Yes or no?", "position": 3}.items()
        assert row["creative_id"] == above

    @pytest.mark.parametrize("word", ["Statement", "Choice", "Input", "Video", "Slider", "Link", "Goal", "Any other"])
    async def test_component_types_are_any_word(self, company: Company, hierarchy: Hierarchy, word: str) -> None:
        at = f"/api/v2/creatives/{hierarchy.creative}/components"
        assert (await made(company, at, component_type=word))["component_type"] == word

    async def test_ids_are_unique_across_kinds_and_companies(self, company: Company) -> None:
        other = await company.server.company()
        trees = [await one.hierarchy() for one in (company, other)]
        ids = [one for tree in trees for one in (tree.workspace, tree.campaign, tree.group, *tree.creatives)]
        assert len(set(ids)) == len(ids)


class TestExternalIds:
    async def test_posting_one_that_exists_updates_that_row(self, company: Company, hierarchy: Hierarchy) -> None:
        at = {"workspace_id": hierarchy.workspace, "external_id": "crm-7"}
        first = await made(company, "/api/v2/campaigns", name="Winter", **at)
        company.server.clock.advance(timedelta(minutes=1))
        again = await made(company, "/api/v2/campaigns", 200, name="Summer", **at)
        assert again == {**first, "name": "Summer", "updated_at": "2025-05-03T12:31:00Z"}

    async def test_they_are_unique_by_kind_and_company(self, company: Company, hierarchy: Hierarchy) -> None:
        await made(company, "/api/v2/campaigns", name="A", workspace_id=hierarchy.workspace, external_id="7")
        await made(company, "/api/v2/creative_groups", name="A", campaign_id=hierarchy.campaign, external_id="7")
        other = await company.server.company()
        theirs = await other.hierarchy()
        await made(other, "/api/v2/campaigns", name="A", workspace_id=theirs.workspace, external_id="7")

    async def test_taking_one_of_another_row_is_a_conflict(self, company: Company) -> None:
        await made(company, "/api/v2/workspaces", name="A", external_id="a")
        other = await made(company, "/api/v2/workspaces", name="B", external_id="b")
        answer = await company.request("PUT", f"/api/v2/workspaces/{other['id']}", json={"external_id": "a"})
        assert (answer.status_code, answer.json()["details"]["field"]) == (409, "external_id")


class TestLists:
    async def test_newest_first_with_limit_and_offset(self, company: Company) -> None:
        ids = [(await made(company, "/api/v2/workspaces", name=f"{n}"))["id"] for n in range(25)]
        answer = (await company.get("/api/v2/workspaces")).json()
        assert {key: answer[key] for key in ("total", "limit", "offset")} == {"total": 26, "limit": 20, "offset": 0}
        assert [row["id"] for row in answer["data"]] == ids[:4:-1]
        assert await listed(company, "/api/v2/workspaces", limit=3, offset=1) == [ids[23], ids[22], ids[21]]
        assert await listed(company, "/api/v2/workspaces", limit=100, offset=26) == []

    @pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"limit": "x"}])
    async def test_limits_are_held(self, company: Company, params: dict[str, Any]) -> None:
        answer = await company.get("/api/v2/workspaces", **params)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, next(iter(params)))

    async def test_of_one_parent(self, company: Company, hierarchy: Hierarchy) -> None:
        other = await company.hierarchy()
        assert await listed(company, "/api/v2/campaigns", workspace_id=other.workspace) == [other.campaign]
        assert await listed(company, "/api/v2/creative_groups", campaign_id=hierarchy.campaign) == [hierarchy.group]
        creatives = await listed(company, "/api/v2/creatives", creative_group_id=hierarchy.group)
        assert creatives == hierarchy.creatives[::-1]
        assert (await company.get("/api/v2/campaigns", workspace_id=999999)).status_code == 404


class TestChanges:
    async def test_put_changes_what_it_names(self, company: Company, hierarchy: Hierarchy) -> None:
        path = f"/api/v2/campaigns/{hierarchy.campaign}"
        changed = (await company.request("PUT", path, json={"external_id": "e"})).json()["data"]
        assert changed.items() >= {"name": "Winter campaign", "external_id": "e"}.items()
        changed = (await company.request("PUT", path, json={"name": "Spring", "external_id": None})).json()["data"]
        assert changed.items() >= {"name": "Spring", "external_id": None}.items()

    async def test_another_parent_moves_it_with_its_facts(self, company: Company, hierarchy: Hierarchy) -> None:
        other = await company.hierarchy()
        await company.send([event(hierarchy.creative)])
        moved = await company.request(
            "PUT", f"/api/v2/creative_groups/{hierarchy.group}", json={"campaign_id": other.campaign}
        )
        assert moved.json()["data"]["campaign_id"] == other.campaign
        counts = await company.get(
            "/v2/aggregation-api/counts", resource="campaign", id=other.campaign, metric="impressions"
        )
        assert counts.json() == {str(other.campaign): {"impressions": 1}}

    async def test_a_parent_of_the_wrong_kind_is_unknown(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.request(
            "POST", "/api/v2/creatives", json={"name": "x", "creative_group_id": hierarchy.campaign}
        )
        assert (answer.status_code, answer.json()["details"]["field"]) == (404, "creative_group_id")

    async def test_components_are_their_creative_s(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        component = await made(company, f"/api/v2/creatives/{one}/components", component_type="Goal")
        for method in ("GET", "PUT", "DELETE"):
            elsewhere = f"/api/v2/creatives/{two}/components/{component['id']}"
            answer = await company.request(method, elsewhere, json={"content": "x"} if method == "PUT" else None)
            assert answer.status_code == 404, method


class TestArchiving:
    async def test_delete_archives(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        await company.send([event(one)])
        counted = {"resource": "campaign", "id": hierarchy.campaign, "metric": "impressions"}
        assert (await company.request("DELETE", f"/api/v2/creatives/{one}")).status_code == 204
        tree = (await company.get(TREE)).json()["data"][0]["creativeGroups"][0]["creatives"]
        assert [row["id"] for row in tree] == [str(two)]
        assert await listed(company, "/api/v2/creatives") == [two]
        assert set(await listed(company, "/api/v2/creatives", archived="true")) == {one, two}
        assert (await company.get(f"/api/v2/creatives/{one}")).json()["data"]["archived"] is True
        assert (await company.get("/v2/aggregation-api/counts", **counted)).json() == {
            str(hierarchy.campaign): {"impressions": 1}
        }
        assert (await company.send([event(one)]))["accepted"] == 1
        own = await company.get("/v2/aggregation-api/counts", resource="creative", id=one, metric="impressions")
        assert own.json() == {str(one): {"impressions": 2}}
        assert (await company.request("DELETE", f"/api/v2/creatives/{one}")).status_code == 204

    async def test_what_is_below_an_archived_one_leaves_the_tree(self, company: Company, hierarchy: Hierarchy) -> None:
        await company.request("DELETE", f"/api/v2/workspaces/{hierarchy.workspace}")
        assert (await company.get(TREE)).json() == {"data": []}

    async def test_it_can_be_undone(self, company: Company, hierarchy: Hierarchy) -> None:
        path = f"/api/v2/creatives/{hierarchy.creative}"
        await company.request("DELETE", path)
        assert (await company.request("PUT", path, json={"archived": False})).json()["data"]["archived"] is False
        assert hierarchy.creative in await listed(company, "/api/v2/creatives")


@pytest.mark.parametrize("kind", ["workspaces", "campaigns", "creative_groups", "creatives"])
@pytest.mark.parametrize("unknown", ["999999", "0", "-1", "x", "1.0", "9" * 400, "%E2%82%AC", "²"])
async def test_an_unknown_id_is_not_found(company: Company, kind: str, unknown: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = {"name": "x"} if method == "PUT" else None
        answer = await company.request(method, f"/api/v2/{kind}/{unknown}", json=body)
        assert answer.status_code == 404, f"{method} {answer.text}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 256),
        ("name", "a\x00b"),
        ("name", "a\nb"),
        ("name", None),
        ("external_id", ""),
        ("external_id", "x" * 256),
        ("archived", "yes"),
        ("workspace_id", "1"),
        ("workspace_id", 0),
        ("workspace_id", 2**63),
        ("workspace_id", 1.5),
    ],
)
async def test_values_that_a_field_does_not_take(
    company: Company, hierarchy: Hierarchy, field: str, value: Any
) -> None:
    body = {"name": "x", "workspace_id": hierarchy.workspace, field: value}
    answer = await company.request("POST", "/api/v2/campaigns", json=body)
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, field)
    assert await listed(company, "/api/v2/campaigns") == [hierarchy.campaign]
