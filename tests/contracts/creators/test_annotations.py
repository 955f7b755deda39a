"""Contract: creators, "Annotations": shapes, who sees what, who may change what, windows, pages, the server's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.annotations import auto
from headwater.control.annotations.models import Annotation, Entity
from headwater.scope import Role
from tests.contracts.creators.asking import UNKNOWN, ask, data, made, paths, refused
from tests.promises.people import hire, key, token
from tests.serving import NOW, Company

AT = "2026-03-20T14:30:00Z"
ALL = "/analytics/annotations"


class Tree:
    """A project with a creator, its video, a campaign that holds the creator, and one that holds that campaign."""

    def __init__(self, ids: dict[str, str]) -> None:
        self.ids = ids

    def __getitem__(self, name: str) -> str:
        return self.ids[name]

    def scope_of(self, name: str) -> str:
        """The scope in which an annotation of it is made."""
        return "campaign" if name == "above" else name


@pytest.fixture
async def tree(company: Company, project: str) -> Tree:
    creator = (await made(company, f"/projects/{project}/creators", handle="ada", display_name="Ada"))["id"]
    video = await made(company, f"/projects/{project}/videos", url="https://v.example/1", creator_id=creator)
    campaign, above = [
        (await made(company, f"/projects/{project}/campaigns", name=name))["id"] for name in ("Drop", "Year")
    ]
    await made(company, f"/campaigns/{campaign}/items", item_type="creator", item_id=creator)
    await made(company, f"/campaigns/{above}/items", item_type="campaign", item_id=campaign)
    organisation = (await data(company, "GET", "/org"))["id"]
    ids = {"org": organisation, "project": project, "creator": creator, "video": video["id"]}
    return Tree({**ids, "campaign": campaign, "above": above})


async def annotate(company: Company, tree: Tree, name: str, title: str = "", **more: Any) -> Any:
    """A new annotation."""
    body = {"scope": tree.scope_of(name), "entity_id": tree[name], "at": AT, "title": title or f"On {name}", **more}
    return await made(company, ALL, **body)


async def listed(company: Company, **params: Any) -> list[Any]:
    """A page of people's own annotations."""
    answer = await company.get(f"/api/v1{ALL}", **{"source": "user", **params})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


async def titles(company: Company, **params: Any) -> list[str]:
    return [one["title"] for one in await listed(company, **params)]


async def test_what_is_made_is_answered_and_listed(company: Company, tree: Tree) -> None:
    one = await annotate(company, tree, "creator", "Launched a series", body_md="## Notes\n\n> quoted")
    me = (await company.get("/api/v1/auth/me")).json()["user"]
    assert one == {
        "id": one["id"],
        "source": "user",
        "kind": "user",
        "scope": "creator",
        "entity_id": tree["creator"],
        "at": AT,
        "title": "Launched a series",
        "body_md": "## Notes\n\n> quoted",
        "author_id": me["id"],
        "author_name": me["full_name"],
    }
    assert await listed(company) == [one]
    assert await listed(company, entity="creator", entity_id=tree["creator"]) == [one]


@pytest.mark.parametrize("name", ["org", "project", "creator", "video", "campaign"])
async def test_everything_can_be_annotated_and_time_and_body_may_be_left_out(
    company: Company, tree: Tree, name: str
) -> None:
    one = await made(company, ALL, scope=name, entity_id=tree[name].upper(), title="x")
    assert (one["scope"], one["entity_id"], one["body_md"]) == (name, tree[name], None)
    assert datetime.fromisoformat(one["at"]) == NOW


async def test_each_shows_its_own_and_what_comes_from_above_never_from_below(company: Company, tree: Tree) -> None:
    for name in tree.ids:
        await annotate(company, tree, name)
    shown = {
        "org": {"org"},
        "project": {"project", "org"},
        "creator": {"creator", "project", "org"},
        "video": {"video", "creator", "project", "org"},
        "campaign": {"campaign", "above", "project", "org"},
        "above": {"above", "project", "org"},
    }
    labels = {"org": "Company 1", "project": "Spring", "creator": "Ada", "above": "Year"}
    for name, expected in shown.items():
        found = await listed(company, entity=tree.scope_of(name), entity_id=tree[name])
        assert {one["title"] for one in found} == {f"On {other}" for other in expected}, name
        for one in found:
            from_name = one["title"].removeprefix("On ")
            assert one.get("entity_label") == (None if from_name == name else labels[from_name])
            assert ("entity_label" in one) == (from_name != name)


async def test_patch_changes_what_is_sent(company: Company, tree: Tree) -> None:
    one = await annotate(company, tree, "video", body_md="x")
    changed = await data(company, "PATCH", f"{ALL}/{one['id']}", title="New", at="2026-03-21T00:00:00+02:00")
    assert changed == {**one, "title": "New", "at": "2026-03-20T22:00:00Z"}
    emptied = await data(company, "PATCH", f"{ALL}/{one['id']}", body_md=None)
    assert emptied == {**changed, "body_md": None}
    assert await listed(company) == [emptied]


async def test_delete_removes(company: Company, tree: Tree) -> None:
    one = await annotate(company, tree, "video")
    assert await data(company, "DELETE", f"{ALL}/{one['id']}") == {"id": one["id"], "deleted": True}
    assert await listed(company) == []
    assert (await refused(company, "DELETE", f"{ALL}/{one['id']}", 404))["code"] == "not_found"


async def test_what_is_deleted_takes_its_annotations_along(company: Company, tree: Tree) -> None:
    for name in ("creator", "video", "campaign"):
        await annotate(company, tree, name)
    await data(company, "DELETE", f"/creators/{tree['creator']}")
    assert await titles(company) == ["On campaign"]


async def test_markdown_loses_html_that_could_run(company: Company, tree: Tree) -> None:
    one = await annotate(company, tree, "video", body_md="a <b>b</b> <img src=x onerror=alert(1)> `<script>`")
    assert one["body_md"] == 'a <b>b</b> <img src="x"> `<script>`'
    changed = await data(company, "PATCH", f"{ALL}/{one['id']}", body_md="<script>alert(1)</script>")
    assert "script" not in changed["body_md"]


class TestWhoMayChange:
    async def test_the_author_may_and_another_editor_may_not(self, company: Company, tree: Tree) -> None:
        one = await annotate(company, tree, "video")
        editor = await token(company, await hire(company, Role.editor))
        client = company.server.client
        path = f"/api/v1{ALL}/{one['id']}"
        for answer in (
            await client.patch(path, json={"title": "x"}, headers=editor),
            await client.delete(path, headers=editor),
        ):
            assert answer.status_code == 403
            assert answer.json()["meta"] == {
                "code": "insufficient_scope",
                "required": ["admin"],
                "granted": ["editor"],
            }
        body = {"scope": "video", "entity_id": tree["video"], "title": "Mine"}
        mine = (await client.post(f"/api/v1{ALL}", json=body, headers=editor)).json()["data"]
        path = f"/api/v1{ALL}/{mine['id']}"
        assert (await client.patch(path, json={"title": "x"}, headers=editor)).status_code == 200
        assert (await data(company, "PATCH", f"{ALL}/{mine['id']}", title="By the owner"))["author_name"] == "editor"
        assert (await client.delete(path, headers=editor)).status_code == 200

    async def test_an_owner_s_key_without_admin_is_no_admin(self, company: Company, tree: Tree) -> None:
        editor = await token(company, await hire(company, Role.editor))
        client = company.server.client
        body = {"scope": "video", "entity_id": tree["video"], "title": "Mine"}
        mine = (await client.post(f"/api/v1{ALL}", json=body, headers=editor)).json()["data"]
        weak = await key(company, "read", "write")
        answer = await client.delete(f"/api/v1{ALL}/{mine['id']}", headers=weak)
        assert answer.status_code == 403
        assert answer.json()["meta"]["granted"] == ["read", "write"]

    async def test_a_viewer_reads_only(self, company: Company, tree: Tree) -> None:
        viewer = await token(company, await hire(company, Role.viewer))
        client = company.server.client
        assert (await client.get(f"/api/v1{ALL}", headers=viewer)).status_code == 200
        body = {"scope": "video", "entity_id": tree["video"], "title": "Mine"}
        answer = await client.post(f"/api/v1{ALL}", json=body, headers=viewer)
        expected = {"code": "insufficient_scope", "required": ["editor"], "granted": ["viewer"]}
        assert (answer.status_code, answer.json()["meta"]) == (403, expected)

    async def test_the_server_s_own_are_not_edited_and_an_admin_may_delete_them(
        self, company: Company, tree: Tree
    ) -> None:
        (own,) = await listed(company, source="auto", entity="creator", entity_id=tree["creator"])
        refusal = await refused(company, "PATCH", f"{ALL}/{own['id']}", 403, title="x")
        assert refusal["code"] == "insufficient_scope"
        editor = await token(company, await hire(company, Role.editor))
        answer = await company.server.client.delete(f"/api/v1{ALL}/{own['id']}", headers=editor)
        assert answer.status_code == 403
        await data(company, "DELETE", f"{ALL}/{own['id']}")
        assert await listed(company, source="auto", entity="creator", entity_id=tree["creator"]) == []


class TestWindows:
    async def test_dates_are_days_of_the_organisation_s_zone(self, company: Company, tree: Tree) -> None:
        await ask(company, "PATCH", "/org", analytics_tz="America/New_York")
        for hour, at in {"before": "03:59:59", "first": "04:00:00"}.items():
            await annotate(company, tree, "video", hour, at=f"2026-03-20T{at}Z")
        await annotate(company, tree, "video", "last", at="2026-03-21T03:59:59Z")
        await annotate(company, tree, "video", "after", at="2026-03-21T04:00:00Z")
        day = {"from": "2026-03-20", "to": "2026-03-20"}
        assert await titles(company, **day) == ["last", "first"]
        instants = {"from": "2026-03-20T03:59:59Z", "to": "2026-03-20T04:00:00Z"}
        assert await titles(company, **instants) == ["first", "before"]

    async def test_a_date_is_a_midnight_of_the_zone_when_it_is_sent(self, company: Company, tree: Tree) -> None:
        await ask(company, "PATCH", "/org", analytics_tz="Asia/Tokyo")
        assert (await annotate(company, tree, "video", at="2026-03-20"))["at"] == "2026-03-19T15:00:00Z"

    async def test_without_a_window_all_are_listed_latest_first(self, company: Company, tree: Tree) -> None:
        for at in ("2026-03-20", "1999-01-01", "2031-01-01"):
            await annotate(company, tree, "video", at, at=at)
        assert await titles(company) == ["2031-01-01", "2026-03-20", "1999-01-01"]

    async def test_only_one_end(self, company: Company, tree: Tree) -> None:
        for at in ("2026-03-20", "2026-03-21", "2026-03-22"):
            await annotate(company, tree, "video", at, at=at)
        assert await titles(company, **{"from": "2026-03-21"}) == ["2026-03-22", "2026-03-21"]
        assert await titles(company, to="2026-03-21") == ["2026-03-21", "2026-03-20"]


async def test_pages_hold_each_once_in_order(company: Company, tree: Tree) -> None:
    for number in range(7):
        await annotate(company, tree, "video", str(number), at=f"2026-03-{20 + number // 3}")
    found: list[str] = []
    cursor = ""
    while True:
        answer = await ask(company, "GET", f"{ALL}?source=user&limit=3{cursor}")
        found += [one["title"] for one in answer["data"]]
        assert len(answer["data"]) <= 3
        if answer["meta"]["nextCursor"] is None:
            break
        cursor = f"&cursor={answer['meta']['nextCursor']}"
    assert found == ["6", "5", "4", "3", "2", "1", "0"]


async def test_every_wrong_parameter_is_told_at_once(company: Company, tree: Tree) -> None:
    refusal = await refused(company, "GET", f"{ALL}?entity=user&limit=101&source=me&entity_id=7", 400)
    assert refusal["code"] == "invalid_query"
    assert set(paths(refusal)) == {"entity", "limit", "source", "entity_id"}
    refusal = await refused(company, "GET", f"{ALL}?entity=video&from=x&to=y", 400)
    assert set(paths(refusal)) == {"entity_id", "from", "to"}
    for query in ("from=2026-03-21&to=2026-03-20", "to=2026-03-20&from=2026-03-21T00:00:00Z"):
        refusal = await refused(company, "GET", f"{ALL}?{query}", 400)
        assert (refusal["code"], paths(refusal)) == ("invalid_query", ["to"])
    assert paths(await refused(company, "GET", f"{ALL}?cursor=x", 400)) == ["cursor"]
    assert paths(await refused(company, "GET", f"{ALL}?entity_id={tree['video']}", 400)) == ["entity"]


async def test_every_wrong_field_is_told_at_once(company: Company, tree: Tree) -> None:
    body = {"scope": "user", "entity_id": "7", "title": "x" * 201, "body_md": "x" * 8001}
    refusal = await refused(company, "POST", ALL, 400, **body)
    assert refusal["code"] == "invalid_body"
    assert set(paths(refusal)) == set(body)
    right = {"scope": "video", "entity_id": tree["video"], "title": "x"}
    assert paths(await refused(company, "POST", ALL, 400, **{**right, "title": "a\nb", "body_md": "\0"})) == [
        "title",
        "body_md",
    ]
    refusal = await refused(company, "POST", ALL, 400, **right, at="yesterday")
    assert (refusal["code"], paths(refusal)) == ("invalid_body", ["at"])
    longest = {"title": "x" * 200, "body_md": "x" * 8000}
    assert (await made(company, ALL, **{**right, **longest}))["title"] == "x" * 200


async def test_what_is_another_organisation_s_is_unknown(company: Company, tree: Tree) -> None:
    one = await annotate(company, tree, "video")
    stranger = await company.server.company()
    for scope in ("org", "project", "creator", "video", "campaign"):
        for entity_id in (tree[scope], UNKNOWN):
            body = {"scope": scope, "entity_id": entity_id, "title": "x"}
            assert (await refused(stranger, "POST", ALL, 404, **body))["code"] == "not_found"
            await refused(stranger, "GET", f"{ALL}?entity={scope}&entity_id={entity_id}", 404)
    assert (await stranger.get(f"/api/v1{ALL}")).json()["data"] == []
    await refused(stranger, "PATCH", f"{ALL}/{one['id']}", 404, title="x")
    await refused(stranger, "DELETE", f"{ALL}/{one['id']}", 404)
    assert await listed(company) == [one]


class TestTheServersOwn:
    async def test_a_creator_and_what_a_campaign_holds(self, company: Company, tree: Tree) -> None:
        item = {"item_type": "creator", "item_id": tree["creator"]}
        await ask(company, "POST", f"/campaigns/{tree['campaign']}/items", 200, **item)
        await ask(company, "DELETE", f"/campaigns/{tree['campaign']}/items", **item)
        found = await listed(company, source="auto")
        assert {(one["kind"], one["scope"], one["entity_id"], one["title"]) for one in found} == {
            ("tracking_started", "creator", tree["creator"], "Tracking of Ada started"),
            ("item_added", "campaign", tree["campaign"], "Added creator Ada"),
            ("item_added", "campaign", tree["above"], "Added campaign Drop"),
            ("item_removed", "campaign", tree["campaign"], "Removed creator Ada"),
        }
        assert {(one["author_id"], one["author_name"], one["body_md"]) for one in found} == {(None, None, None)}

    async def test_tracking_starts_on_the_day_that_was_chosen(self, company: Company, project: str) -> None:
        await ask(company, "PATCH", "/org", analytics_tz="America/New_York")
        path = f"/projects/{project}/creators"
        creator = await made(company, path, handle="bo", tracking_start_date="2026-03-20")
        (own,) = await listed(company, source="auto", entity="creator", entity_id=creator["id"])
        assert own["at"] == "2026-03-20T04:00:00Z"

    async def test_what_is_told_twice_is_told_once(self, company: Company, tree: Tree) -> None:
        control = company.server.services.control
        roster = await control.rosters.get(company.organisation_id)
        campaign = roster.find("campaign", tree["campaign"])
        assert campaign is not None
        entity = ("campaign", campaign)
        for expected in (True, False):
            async with control.unit_of_work() as unit:
                session, organisation = unit.session, company.organisation_id
                told = [
                    await auto.target_reached(session, organisation, campaign, 10_000, NOW),
                    await auto.record_day(session, organisation, entity, NOW.date(), 1200, NOW),
                ]
            assert told == [expected, expected]
        found = await listed(company, source="auto", entity="campaign", entity_id=tree["campaign"])
        assert {one["title"] for one in found if one["kind"] in ("target_reached", "record_day")} == {
            "Target of 10,000 views reached",
            "Record day: 1,200 new views",
        }


class TestBesideFigures:
    """What ``between`` gives to the answers of the analytics endpoint."""

    async def between(self, company: Company, tree: Tree, *names: str, **more: Any) -> list[Any]:
        control = company.server.services.control
        roster = await control.rosters.get(company.organisation_id)
        entities = [(tree.scope_of(name), roster.find(tree.scope_of(name), tree[name]) or 0) for name in names]
        start = datetime(2026, 3, 20, tzinfo=UTC)
        window = (start, start + timedelta(days=1))
        found: list[Any] = await control.annotations.between(company.organisation_id, roster, entities, *window, **more)
        return found

    async def test_they_come_in_order_of_time_within_the_window(self, company: Company, tree: Tree) -> None:
        for at in ("2026-03-20T23:59:59Z", "2026-03-21", "2026-03-20", "2026-03-19T23:59:59Z"):
            await annotate(company, tree, "video", at, at=at)
        found = await self.between(company, tree, "video")
        assert [one.title for one in found] == ["2026-03-20", "2026-03-20T23:59:59Z"]

    async def test_those_of_several_entities_come_once_and_only_inherited_ones_have_labels(
        self, company: Company, tree: Tree
    ) -> None:
        for name in tree.ids:
            await annotate(company, tree, name)
        found = await self.between(company, tree, "campaign", "above")
        assert {(one.title, one.entity_label) for one in found} == {
            ("On campaign", None),
            ("On above", None),
            ("On project", "Spring"),
            ("On org", "Company 1"),
        }
        assert len(found) == 4

    async def test_hide_auto_leaves_people_s_own(self, company: Company, project: str) -> None:
        path = f"/projects/{project}/creators"
        creator = await made(company, path, handle="bo", tracking_start_date="2026-03-20")
        tree = Tree({"creator": creator["id"]})
        await annotate(company, tree, "creator")
        assert len(await self.between(company, tree, "creator")) == 2
        assert [one.title for one in await self.between(company, tree, "creator", hide_auto=True)] == ["On creator"]

    async def test_what_was_read_is_kept_until_something_changes(
        self, company: Company, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        control = company.server.services.control
        await annotate(company, tree, "video", "First")
        before = await self.between(company, tree, "video")
        with monkeypatch.context() as closed:
            closed.setattr(control._database, "reading", None)
            assert await self.between(company, tree, "video") == before
        one = await annotate(company, tree, "project", "Second")
        assert [each.title for each in await self.between(company, tree, "video")] == ["First", "Second"]
        await data(company, "PATCH", f"{ALL}/{one['id']}", title="Third")
        assert [each.title for each in await self.between(company, tree, "video")] == ["First", "Third"]
        await data(company, "DELETE", f"{ALL}/{one['id']}")
        assert await self.between(company, tree, "video") == before

    async def test_what_was_read_before_a_change_is_not_kept_after_it(
        self, company: Company, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        control = company.server.services.control
        reading = control._database.reading

        @asynccontextmanager
        async def slow() -> AsyncIterator[AsyncSession]:
            async with reading() as session:
                yield session
            control.annotations.changed(company.organisation_id, ("org", company.organisation_id))

        with monkeypatch.context() as racing:
            racing.setattr(control._database, "reading", slow)
            assert await self.between(company, tree, "video") == []
        assert control.annotations._kept == {}

    async def test_what_is_known_of_an_entity_serves_whoever_shows_it(
        self, company: Company, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        control = company.server.services.control
        await annotate(company, tree, "project", "Above")
        alone = await self.between(company, tree, "creator")
        asked: list[Set[Entity]] = []

        async def watched(organisation_id: int, entities: Set[Entity], until: datetime) -> dict[Entity, Any]:
            asked.append(entities)
            return await reading(organisation_id, entities, until)

        reading = control.annotations._read
        monkeypatch.setattr(control.annotations, "_read", watched)
        assert [each.title for each in await self.between(company, tree, "video")] == ["Above"]
        assert [{scope for scope, _ in entities} for entities in asked] == [{"video"}]
        assert await self.between(company, tree, "creator") == alone
        assert len(asked) == 1

    async def test_another_process_is_noticed_after_five_minutes(self, company: Company, tree: Tree) -> None:
        control = company.server.services.control
        await annotate(company, tree, "video", "Gone")
        assert len(await self.between(company, tree, "video")) == 1
        async with control.unit_of_work() as uow:
            await uow.session.execute(delete(Annotation))
        assert len(await self.between(company, tree, "video")) == 1
        company.server.clock.advance(timedelta(minutes=5))
        assert await self.between(company, tree, "video") == []

    async def test_a_change_is_told_of_that_entity_alone(self, company: Company, tree: Tree) -> None:
        control = company.server.services.control
        roster = await control.rosters.get(company.organisation_id)
        video = ("video", roster.find("video", tree["video"]))
        seen: list[Any] = []
        control.annotations.on_change(lambda organisation, entity: seen.append((organisation, entity)))
        one = await annotate(company, tree, "video")
        await data(company, "PATCH", f"{ALL}/{one['id']}", title="x")
        await data(company, "DELETE", f"{ALL}/{one['id']}")
        await refused(company, "DELETE", f"{ALL}/{one['id']}", 404)
        assert seen == [(company.organisation_id, video)] * 3

    async def test_it_evicts_kept_answers_of_that_entity_and_below_and_no_others(
        self, company: Company, tree: Tree
    ) -> None:
        other = await made(company, f"/projects/{tree['project']}/creators", handle="bo")

        async def is_kept(entity: str, entity_id: str) -> bool:
            query = f"entity={entity}&entity_id={entity_id}&metric=views&from=2026-03-01&to=2026-03-31"
            found = await data(company, "GET", f"/analytics?{query}")
            return bool(found["cached"])

        asked = [("video", tree["video"]), ("creator", tree["creator"]), ("creator", other["id"])]
        evicted_by = {
            "video": [False, True, True],
            "creator": [False, False, True],
            "campaign": [True, True, True],
            "project": [False, False, False],
            "org": [False, False, False],
        }
        for name, expected in evicted_by.items():
            for one in asked:
                await is_kept(*one)
            assert [await is_kept(*one) for one in asked] == [True, True, True]
            await annotate(company, tree, name)
            assert [await is_kept(*one) for one in asked] == expected, name
