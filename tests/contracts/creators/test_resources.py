"""Contract: creators, "Resources": shapes, defaults, changes, upserts, caps, what goes with what is deleted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.contracts.creators.asking import UNKNOWN, ask, data, listed, made, paths, refused
from tests.contracts.creators.tracking import Tracking
from tests.promises.people import hire, key, token
from tests.serving import Company, Server

NOW = "2025-05-03T12:30:00Z"
NOUNS = {
    "creators": {"handle": "ada"},
    "videos": {"external_id": "7301"},
    "campaigns": {"name": "Summer drop"},
}
each_noun = pytest.mark.parametrize(("noun", "body"), list(NOUNS.items()))


class TestShapes:
    async def test_a_project(self, company: Company) -> None:
        organisation = await data(company, "GET", "/org")
        project = await made(company, "/projects", name="Spring", description="The first")
        assert project == {
            "id": project["id"],
            "name": "Spring",
            "description": "The first",
            "org_id": organisation["id"],
            "created_at": NOW,
            "updated_at": NOW,
        }

    async def test_a_creator_with_its_defaults(self, company: Company, project: str) -> None:
        creator = await made(company, f"/projects/{project}/creators", handle="ada")
        assert creator == {
            "id": creator["id"],
            "project_id": project,
            "handle": "ada",
            "platform": "tiktok",
            "display_name": None,
            "description": None,
            "metadata": {},
            "tracking_mode": "auto",
            "tracking_start_date": None,
            "external_id": None,
        }

    async def test_a_video_with_its_defaults(self, company: Company, project: str) -> None:
        video = await made(company, f"/projects/{project}/videos", url="https://v.example/1")
        assert video == {
            "id": video["id"],
            "project_id": project,
            "creator_id": None,
            "external_id": None,
            "url": "https://v.example/1",
            "title": None,
            "description": None,
            "metadata": {},
            "posted_at": None,
            "tracking_status": "direct_add",
            **dict.fromkeys(["view_count", "like_count", "comment_count", "share_count", "save_count"]),
        }

    async def test_a_campaign(self, company: Company, project: str) -> None:
        body = {"name": "Drop", "target_views": 10**12, "target_at": "2025-06-30", "metadata": {"brief": ["a", 1]}}
        campaign = await made(company, f"/projects/{project}/campaigns", **body)
        assert campaign == {
            "id": campaign["id"],
            "project_id": project,
            "description": None,
            "created_at": NOW,
            **body,
            "target_at": "2025-06-30T00:00:00Z",
        }

    async def test_all_ids_are_uuids_in_any_spelling(self, company: Company, project: str) -> None:
        for noun, body in NOUNS.items():
            row = await made(company, f"/projects/{project}/{noun}", **body)
            assert str(uuid.UUID(row["id"])) == row["id"]
            assert await data(company, "GET", f"/{noun}/{row['id'].upper()}") == row
            assert await data(company, "GET", f"/{noun}/{uuid.UUID(row['id']).hex}") == row

    async def test_a_time_is_utc_unless_it_says_otherwise(self, company: Company, project: str) -> None:
        for sent, answered in (
            ("2025-04-01", "2025-04-01T00:00:00Z"),
            ("2025-04-01T10:00:00", "2025-04-01T10:00:00Z"),
            ("2025-04-01T10:00:00+02:00", "2025-04-01T08:00:00Z"),
            ("2025-04-01T10:00:00.000001Z", "2025-04-01T10:00:00.000001Z"),
        ):
            video = await data(company, "POST", f"/projects/{project}/videos", 201, external_id=sent, posted_at=sent)
            assert video["posted_at"] == answered


class TestStatusOfNewVideos:
    async def test_it_follows_the_creator(self, company: Company, project: str) -> None:
        videos = f"/projects/{project}/videos"
        for mode, status in (("auto", "auto_tracked"), ("selective", "pending_review")):
            creator = await made(company, f"/projects/{project}/creators", handle=mode, tracking_mode=mode)
            video = await made(company, videos, external_id=mode, creator_id=creator["id"])
            assert (video["tracking_status"], video["creator_id"]) == (status, creator["id"])

    async def test_one_that_is_sent_holds(self, company: Company, project: str) -> None:
        sent = {"external_id": "1", "tracking_status": "excluded"}
        assert (await made(company, f"/projects/{project}/videos", **sent))["tracking_status"] == "excluded"


class TestCounts:
    async def test_they_are_the_last_ones_that_were_read(self, company: Company, project: str) -> None:
        videos = f"/projects/{project}/videos"
        read, never = [(await made(company, videos, external_id=name))["id"] for name in ("read", "never")]
        tracking = Tracking(company, project)
        await tracking.read(read, ("2025-05-01T08:00:00Z", 100), ("2025-05-02T08:00:00Z", 150), likes=7)
        counts = {"view_count": 150, "like_count": 7, "comment_count": None, "share_count": None, "save_count": None}
        by_id = await data(company, "GET", f"/videos/{read}")
        assert {name: by_id[name] for name in counts} == counts
        assert [row["view_count"] for row in await listed(company, "/videos")] == [None, 150]
        assert (await data(company, "PATCH", f"/videos/{read}", title="Read"))["view_count"] == 150
        several = [{"external_id": name} for name in ("read", "never", "new")]
        result = await data(company, "POST", videos, 200, videos=several)
        assert [row["view_count"] for row in result["created"]] == [150, None, None]
        assert (await data(company, "GET", f"/videos/{never}"))["view_count"] is None

    async def test_they_cannot_be_written(self, company: Company, project: str) -> None:
        video = await made(company, f"/projects/{project}/videos", external_id="1", view_count=9)
        assert (await data(company, "PATCH", f"/videos/{video['id']}", view_count=9))["view_count"] is None


class TestRules:
    async def test_what_each_needs(self, company: Company, project: str) -> None:
        for noun, body, path in (
            ("creators", {"display_name": "Ada"}, "handle"),
            ("videos", {"title": "No address"}, "external_id"),
            ("campaigns", {"description": "No name"}, "name"),
        ):
            refusal = await refused(company, "POST", f"/projects/{project}/{noun}", 400, **body)
            assert (refusal["code"], paths(refusal)) == ("invalid_body", [path])
        assert paths(await refused(company, "POST", "/projects", 400, description="No name")) == ["name"]

    @pytest.mark.parametrize(
        ("noun", "field", "value"),
        [
            ("creators", "handle", "x" * 256),
            ("creators", "handle", " "),
            ("creators", "handle", None),
            ("creators", "platform", "tik tok"),
            ("creators", "tracking_mode", "manual"),
            ("creators", "tracking_start_date", "yesterday"),
            ("creators", "metadata", ["no object"]),
            ("creators", "metadata", {"a": "x" * 16_384}),
            ("creators", "metadata", {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}),
            ("videos", "url", "ftp://v.example/1"),
            ("videos", "url", "https://"),
            ("videos", "url", "https://[v.example/1"),
            ("videos", "url", "https://v.example/" + "x" * 2048),
            ("videos", "posted_at", "soon"),
            ("videos", "posted_at", "0001-01-01T00:00:00+23:00"),
            ("videos", "tracking_status", "gone"),
            ("campaigns", "name", "x" * 201),
            ("campaigns", "target_views", -1),
            ("campaigns", "target_views", 2**63),
            ("campaigns", "target_at", "2025-13-01"),
        ],
    )
    async def test_values_that_are_refused(
        self, company: Company, project: str, noun: str, field: str, value: object
    ) -> None:
        refusal = await refused(company, "POST", f"/projects/{project}/{noun}", 400, **{**NOUNS[noun], field: value})
        assert (refusal["code"], paths(refusal)) == ("invalid_body", [field])

    async def test_every_problem_is_told_at_once(self, company: Company, project: str) -> None:
        body = {"external_id": " ", "url": "v.example", "posted_at": "soon"}
        refusal = await refused(company, "POST", f"/projects/{project}/videos", 400, **body)
        assert paths(refusal) == ["external_id", "url", "posted_at"]

    async def test_a_creator_of_another_project_is_refused(self, company: Company, project: str) -> None:
        other = (await made(company, "/projects", name="Other"))["id"]
        creator = (await made(company, f"/projects/{other}/creators", handle="ada"))["id"]
        body = {"external_id": "1", "creator_id": creator}
        refusal = await refused(company, "POST", f"/projects/{project}/videos", 400, **body)
        assert paths(refusal) == ["creator_id"]


class TestChanges:
    @each_noun
    async def test_what_is_left_out_stays_and_null_takes_away(
        self, company: Company, project: str, noun: str, body: dict[str, Any]
    ) -> None:
        sent = {**body, "description": "Words", "metadata": {"a": 1}}
        row = await made(company, f"/projects/{project}/{noun}", **sent)
        changed = await data(company, "PATCH", f"/{noun}/{row['id']}", description="Other words")
        assert changed == {**row, "description": "Other words"}
        emptied = await data(company, "PATCH", f"/{noun}/{row['id']}", description=None, metadata=None)
        assert emptied == {**row, "description": None, "metadata": {}}
        assert await data(company, "GET", f"/{noun}/{row['id']}") == emptied

    async def test_a_project_notes_when(self, server: Server, company: Company, project: str) -> None:
        server.clock.advance(server.clock.now - server.clock.now.replace(hour=11, minute=30))
        changed = await data(company, "PATCH", f"/projects/{project}", name="Autumn")
        assert (changed["name"], changed["created_at"], changed["updated_at"]) == (
            "Autumn",
            NOW,
            "2025-05-03T13:30:00Z",
        )

    async def test_a_video_keeps_an_external_id_or_an_address(self, company: Company, project: str) -> None:
        video = await made(company, f"/projects/{project}/videos", external_id="1")
        refusal = await refused(company, "PATCH", f"/videos/{video['id']}", 400, external_id=None)
        assert paths(refusal) == ["external_id"]
        moved = await data(company, "PATCH", f"/videos/{video['id']}", external_id=None, url="https://v.example/1")
        assert (moved["external_id"], moved["url"]) == (None, "https://v.example/1")

    async def test_a_video_gets_and_loses_its_creator(self, company: Company, project: str) -> None:
        creator = (await made(company, f"/projects/{project}/creators", handle="ada"))["id"]
        video = (await made(company, f"/projects/{project}/videos", external_id="1"))["id"]
        for creator_id in (creator, None):
            assert (await data(company, "PATCH", f"/videos/{video}", creator_id=creator_id))["creator_id"] == creator_id
        assert paths(await refused(company, "PATCH", f"/videos/{video}", 400, tracking_status=None)) == [
            "tracking_status"
        ]

    async def test_a_name_that_another_has_is_a_conflict(self, company: Company, project: str) -> None:
        creators, videos = f"/projects/{project}/creators", f"/projects/{project}/videos"
        await made(company, creators, handle="ada", external_id="a")
        other = (await made(company, creators, handle="bob"))["id"]
        for change in ({"handle": "ada"}, {"external_id": "a"}):
            assert (await refused(company, "PATCH", f"/creators/{other}", 409, **change))["code"] == "conflict"
        await data(company, "PATCH", f"/creators/{other}", handle="ada", platform="YouTube")
        await made(company, videos, external_id="1")
        video = (await made(company, videos, external_id="2"))["id"]
        assert (await refused(company, "PATCH", f"/videos/{video}", 409, external_id="1"))["code"] == "conflict"


class TestUpserts:
    async def test_a_creator_that_is_there_answers_200_updated(self, company: Company, project: str) -> None:
        creators = f"/projects/{project}/creators"
        first = await made(company, creators, handle="ada", display_name="Ada", external_id="a")
        by_handle = await data(company, "POST", creators, 200, handle="ada", description="By handle")
        assert by_handle == {**first, "description": "By handle"}
        by_external = await data(company, "POST", creators, 200, external_id="a", handle="ada.new")
        assert by_external == {**by_handle, "handle": "ada.new"}
        assert len(await listed(company, "/creators")) == 1

    async def test_one_handle_on_two_platforms_is_two_creators(self, company: Company, project: str) -> None:
        for platform in ("tiktok", "youtube"):
            await made(company, f"/projects/{project}/creators", handle="ada", platform=platform)
        again = {"handle": "ada", "platform": "YouTube"}
        assert (await data(company, "POST", f"/projects/{project}/creators", 200, **again))["platform"] == "youtube"

    async def test_an_external_id_of_one_and_a_handle_of_another_is_a_conflict(
        self, company: Company, project: str
    ) -> None:
        creators = f"/projects/{project}/creators"
        await made(company, creators, handle="ada", external_id="a")
        await made(company, creators, handle="bob", external_id="b")
        assert (await refused(company, "POST", creators, 409, handle="ada", external_id="b"))["code"] == "conflict"

    async def test_a_video_that_is_there_answers_200_updated(self, company: Company, project: str) -> None:
        videos, url = f"/projects/{project}/videos", "https://v.example/1"
        first = await made(company, videos, url=url)
        assert await data(company, "POST", videos, 200, url=url, title="One") == {**first, "title": "One"}
        named = await data(company, "POST", videos, 200, url=url, external_id="1")
        assert (named["id"], named["external_id"]) == (first["id"], "1")
        by_external = await data(company, "POST", videos, 200, external_id="1", tracking_status="excluded")
        assert by_external == {**named, "tracking_status": "excluded"}

    async def test_one_address_may_stand_for_several_external_ids(self, company: Company, project: str) -> None:
        for external_id in ("1", "2"):
            await made(company, f"/projects/{project}/videos", url="https://v.example/all", external_id=external_id)

    async def test_another_project_has_its_own(self, company: Company, project: str) -> None:
        other = (await made(company, "/projects", name="Other"))["id"]
        for noun, body in NOUNS.items():
            rows = [await made(company, f"/projects/{one}/{noun}", **body) for one in (project, other)]
            assert rows[0]["id"] != rows[1]["id"]


class TestDeletion:
    async def test_the_answer_and_what_follows(self, company: Company, project: str) -> None:
        for noun, body in NOUNS.items():
            row = await made(company, f"/projects/{project}/{noun}", **body)
            assert await data(company, "DELETE", f"/{noun}/{row['id']}") == {"id": row["id"], "deleted": True}
            for method in ("GET", "DELETE"):
                assert (await refused(company, method, f"/{noun}/{row['id']}", 404))["code"] == "not_found"

    async def test_a_project_takes_all_below_it_along(self, company: Company, project: str) -> None:
        other = (await made(company, "/projects", name="Other"))["id"]
        kept = {noun: await made(company, f"/projects/{other}/{noun}", **body) for noun, body in NOUNS.items()}
        gone = {noun: await made(company, f"/projects/{project}/{noun}", **body) for noun, body in NOUNS.items()}
        for noun in ("creators", "videos"):
            item = {"item_type": noun.removesuffix("s"), "item_id": gone[noun]["id"]}
            await made(company, f"/campaigns/{gone['campaigns']['id']}/items", **item)
        await data(company, "DELETE", f"/projects/{project}")
        for noun in NOUNS:
            assert await listed(company, f"/{noun}") == [kept[noun]]

    async def test_a_creator_takes_its_videos_along(self, company: Company, project: str) -> None:
        creator = (await made(company, f"/projects/{project}/creators", handle="ada"))["id"]
        await made(company, f"/projects/{project}/videos", external_id="1", creator_id=creator)
        direct = await made(company, f"/projects/{project}/videos", external_id="2")
        await data(company, "DELETE", f"/creators/{creator}")
        assert await listed(company, "/videos") == [direct]


class TestStrangers:
    async def test_foreign_and_unknown_and_nonsense_ids_answer_alike(
        self, server: Server, company: Company, project: str
    ) -> None:
        stranger = await server.company()
        rows = {"projects": project}
        for noun, body in NOUNS.items():
            rows[noun] = (await made(company, f"/projects/{project}/{noun}", **body))["id"]
        for noun, row_id in rows.items():
            for method, body in (("GET", {}), ("DELETE", {}), ("PATCH", {"description": "x"})):
                answers = [
                    str(await refused(stranger, method, f"/{noun}/{one}", 404, **body)).replace(one, "ID")
                    for one in (row_id, UNKNOWN, "7")
                ]
                assert len(set(answers)) == 1
            assert await listed(stranger, f"/{noun}") == []
        assert len(await listed(company, "/videos")) == 1

    async def test_reading_needs_a_viewer_writing_an_editor_settings_an_admin(
        self, company: Company, project: str
    ) -> None:
        from headwater.scope import Role

        for role, status, of_settings in ((Role.viewer, 403, 403), (Role.editor, 201, 403), (Role.admin, 201, 200)):
            headers = await token(company, await hire(company, role))
            body = {"handle": role.name}
            posted = await company.request("POST", f"/api/v1/projects/{project}/creators", json=body, headers=headers)
            assert posted.status_code == status
            read = await company.request("GET", "/api/v1/creators", headers=headers)
            assert read.status_code == 200
            set_ = await company.request("PATCH", "/api/v1/org", json={"name": "N"}, headers=headers)
            assert set_.status_code == of_settings
        reader = await key(company, "read")
        answer = await company.request("DELETE", f"/api/v1/projects/{project}", headers=reader)
        assert (answer.status_code, answer.json()["meta"]["required"]) == (403, ["write"])


class TestCaps:
    @pytest.fixture
    async def free(self, server: Server, company: Company) -> Company:
        """The company, on the plan with one project, five creators and 200 counted videos."""
        async with server.services.control.unit_of_work() as uow:
            await server.services.control.plans.set(uow, str(company.organisation_id), "free")
        return company

    async def test_projects(self, free: Company) -> None:
        await made(free, "/projects", name="One")
        assert await refused(free, "POST", "/projects", 402, name="Two") == {
            "error": "Limit reached: max_projects",
            "code": "limit_reached",
            "limitKey": "max_projects",
            "current": 1,
            "max": 1,
        }

    async def test_creators_also_within_one_list(self, free: Company, project: str) -> None:
        several = [{"handle": f"creator {number}"} for number in range(7)]
        result = await data(free, "POST", f"/projects/{project}/creators", 200, creators=several)
        assert len(result["created"]) == 5
        assert result["errors"] == [{"index": at, "message": "Limit reached: max_creators"} for at in (5, 6)]
        refusal = await refused(free, "POST", f"/projects/{project}/creators", 402, handle="one more")
        assert (refusal["limitKey"], refusal["current"], refusal["max"]) == ("max_creators", 5, 5)
        await data(free, "POST", f"/projects/{project}/creators", 200, handle="creator 1", description="Not one more")

    async def test_only_videos_that_count_are_counted(self, free: Company, project: str) -> None:
        videos = f"/projects/{project}/videos"
        for start in range(0, 200, 50):
            several = [{"external_id": str(number)} for number in range(start, start + 50)]
            assert len((await data(free, "POST", videos, 200, videos=several))["created"]) == 50
        refusal = await refused(free, "POST", videos, 402, external_id="one more")
        assert (refusal["limitKey"], refusal["current"], refusal["max"]) == ("max_tracked_videos", 200, 200)
        spare = await made(free, videos, external_id="spare", tracking_status="pending_review")
        change: Any = {"tracking_status": "included"}
        assert (await refused(free, "PATCH", f"/videos/{spare['id']}", 402, **change))["code"] == "limit_reached"
        assert (await refused(free, "POST", videos, 402, external_id="spare", **change))["code"] == "limit_reached"
        await data(free, "POST", videos, 200, external_id="0", tracking_status="excluded")
        assert (await data(free, "PATCH", f"/videos/{spare['id']}", **change))["tracking_status"] == "included"


class TestOrganisation:
    async def test_name_and_zone(self, company: Company) -> None:
        before = await data(company, "GET", "/org")
        assert before == {"id": before["id"], "name": "Company 1", "analytics_tz": "UTC"}
        after = await data(company, "PATCH", "/org", analytics_tz="Europe/Oslo")
        assert after == {**before, "analytics_tz": "Europe/Oslo"}
        assert await data(company, "PATCH", "/org", name="Nord") == {**after, "name": "Nord"}

    async def test_an_unknown_zone_is_refused_with_the_nearest(self, company: Company) -> None:
        for zone in ("Europe/Osloo", "", "../../etc/passwd", "localtime"):
            refusal = await refused(company, "PATCH", "/org", 400, analytics_tz=zone)
            assert paths(refusal) == ["analytics_tz"]
        assert "Europe/Oslo" in (await refused(company, "PATCH", "/org", 400, analytics_tz="Europe/Osloo"))["error"]

    async def test_each_company_sees_its_own(self, server: Server, company: Company) -> None:
        other = await server.company()
        assert (await ask(other, "GET", "/org"))["data"]["id"] != (await ask(company, "GET", "/org"))["data"]["id"]
