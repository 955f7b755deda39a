"""Contract: creators, "Resources": lists by cursor, search and filters, and up to fifty in one POST."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.creators.asking import UNKNOWN, ask, data, listed, made, paths, refused
from tests.serving import Company, Server

NOUNS = {"creators": "handle", "videos": "external_id", "campaigns": "name"}
each_noun = pytest.mark.parametrize(("noun", "field"), list(NOUNS.items()))


async def fill(company: Company, project: str, noun: str, field: str, values: list[str]) -> list[Any]:
    """Rows in the order of ``values``."""
    items = [{field: value} for value in values]
    result = await data(company, "POST", f"/projects/{project}/{noun}", 200, **{noun: items})
    assert result["errors"] == []
    return list(result["created"])


class TestPages:
    @each_noun
    async def test_pages_are_newest_first_and_none_is_missed_or_told_twice(
        self, company: Company, project: str, noun: str, field: str
    ) -> None:
        rows = await fill(company, project, noun, field, [str(number) for number in range(5)])
        found: list[Any] = []
        cursor = None
        for page in range(3):
            params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            answer = (await company.get(f"/api/v1/{noun}", **params)).json()
            found += answer["data"]
            cursor = answer["meta"]["nextCursor"]
            assert (cursor is None) == (page == 2)
            # What comes in meanwhile is newer than the page, and shifts nothing.
            await fill(company, project, noun, field, [f"later {page}"])
        assert found == rows[::-1]

    async def test_a_full_last_page_ends_the_list(self, company: Company, project: str) -> None:
        await fill(company, project, "creators", "handle", ["a", "b"])
        assert (await company.get("/api/v1/creators", limit=2)).json()["meta"] == {"nextCursor": None}

    async def test_a_page_has_fifty_rows_unless_another_number_is_asked_for(
        self, company: Company, project: str
    ) -> None:
        for start in (0, 50):
            await fill(company, project, "creators", "handle", [str(number) for number in range(start, start + 50)])
        await fill(company, project, "creators", "handle", ["one more"])
        assert len(await listed(company, "/creators")) == 50
        assert len(await listed(company, "/creators", limit=100)) == 100
        for limit in (0, 101, "many"):
            answer = await company.get("/api/v1/creators", limit=limit)
            assert (answer.status_code, paths(answer.json()["meta"])) == (400, ["limit"])

    async def test_a_cursor_that_is_none_is_refused(self, company: Company) -> None:
        for noun in ("projects", *NOUNS):
            for cursor in ("nonsense", "é", "YmVmb3JlOg", ""):
                answer = await company.get(f"/api/v1/{noun}", cursor=cursor)
                assert (answer.status_code, answer.json()["meta"]["code"]) == (400, "invalid_query")
                assert paths(answer.json()["meta"]) == ["cursor"]

    async def test_projects_are_listed_alike(self, company: Company) -> None:
        rows = [await made(company, "/projects", name=name) for name in ("One", "Two", "Three")]
        first = (await company.get("/api/v1/projects", limit=2)).json()
        assert first["data"] == rows[:0:-1]
        assert await listed(company, "/projects", cursor=first["meta"]["nextCursor"]) == rows[:1]


class TestFilters:
    @each_noun
    async def test_a_project_holds_its_own(self, company: Company, project: str, noun: str, field: str) -> None:
        other = (await made(company, "/projects", name="Other"))["id"]
        mine = await fill(company, project, noun, field, ["x"])
        await fill(company, other, noun, field, ["x"])
        assert await listed(company, f"/{noun}", project_id=project) == mine
        assert len(await listed(company, f"/{noun}")) == 2

    @each_noun
    async def test_an_unknown_project_is_not_found(
        self, server: Server, company: Company, project: str, noun: str, field: str
    ) -> None:
        stranger = await server.company()
        for unknown in (project, UNKNOWN):
            answer = await stranger.get(f"/api/v1/{noun}", project_id=unknown)
            assert (answer.status_code, answer.json()["meta"]["code"]) == (404, "not_found")
        answer = await stranger.get(f"/api/v1/{noun}", project_id="7")
        assert (answer.status_code, paths(answer.json()["meta"])) == (400, ["project_id"])

    @each_noun
    async def test_search_is_a_part_of_the_name_in_any_case(
        self, company: Company, project: str, noun: str, field: str
    ) -> None:
        rows = await fill(company, project, noun, field, ["Ærlig Østby", "100%", "plain_one", "plainXone"])
        for search, found in (("ærlig ØST", [0]), ("%", [1]), ("N_O", [2]), ("plain", [3, 2]), ("none", []), ("", [3])):
            shown = await listed(company, f"/{noun}", search=search, limit=2)
            assert shown[: len(found)] == [rows[at] for at in found]
            assert len(shown) == (2 if search == "" else len(found))

    async def test_search_looks_at_all_that_people_know_it_by(self, company: Company, project: str) -> None:
        creator = await made(
            company, f"/projects/{project}/creators", handle="ada", display_name="Countess", external_id="L-1"
        )
        video = {"title": "Engines", "url": "https://v.example/77", "external_id": "V-1"}
        shown = await made(company, f"/projects/{project}/videos", **video)
        for search in ("ada", "countess", "l-1"):
            assert await listed(company, "/creators", search=search) == [creator]
        for search in ("engines", "example/77", "v-1"):
            assert await listed(company, "/videos", search=search) == [shown]

    async def test_external_ids_are_found_exactly(self, company: Company, project: str) -> None:
        for noun, more in (("creators", "handle"), ("videos", "title")):
            for external_id in ("A", "A1"):
                sent = {"external_id": external_id, more: external_id}
                await made(company, f"/projects/{project}/{noun}", **sent)
            found = await listed(company, f"/{noun}", external_id="A", project_id=project)
            assert [row["external_id"] for row in found] == ["A"]


class TestBulk:
    async def test_each_good_one_is_taken_and_each_bad_one_named(self, company: Company, project: str) -> None:
        await made(company, f"/projects/{project}/videos", external_id="known")
        result = await data(
            company,
            "POST",
            f"/projects/{project}/videos",
            200,
            videos=[
                {"external_id": "1"},
                {"title": "no name"},
                {"external_id": "2", "posted_at": "soon", "url": "v.example"},
                {"external_id": 3},
                "no object",
                {"external_id": "4", "creator_id": UNKNOWN},
                {"external_id": "known", "title": "Updated"},
                {"external_id": "1", "title": "Twice"},
            ],
        )
        assert [(row["external_id"], row["title"]) for row in result["created"]] == [
            ("1", "Twice"),
            ("known", "Updated"),
            ("1", "Twice"),
        ]
        messages = {error["index"]: error["message"] for error in result["errors"]}
        assert list(messages) == [1, 2, 3, 4, 5]
        assert "'external_id' or 'url' is required" in messages[1]
        assert "'url'" in messages[2]
        assert "'posted_at'" in messages[2]
        assert "'external_id'" in messages[3]
        assert "object" in messages[4]
        assert UNKNOWN in messages[5]
        assert len(await listed(company, "/videos")) == 2

    @each_noun
    async def test_up_to_fifty(self, company: Company, project: str, noun: str, field: str) -> None:
        path = f"/projects/{project}/{noun}"
        for number in (0, 51):
            refusal = await refused(company, "POST", path, 400, **{noun: [{field: "x"}] * number})
            assert (refusal["code"], paths(refusal)) == ("invalid_body", [noun])
        await fill(company, project, noun, field, [str(number) for number in range(50)])

    async def test_one_or_several_but_not_both(self, company: Company, project: str) -> None:
        body = {"handle": "ada", "creators": [{"handle": "bob"}]}
        refusal = await refused(company, "POST", f"/projects/{project}/creators", 400, **body)
        assert paths(refusal) == ["creators"]
        assert await listed(company, "/creators") == []

    async def test_an_unknown_project_takes_nothing(self, server: Server, company: Company, project: str) -> None:
        stranger = await server.company()
        for unknown in (project, UNKNOWN):
            body = {"creators": [{"handle": "bob"}]}
            await refused(stranger, "POST", f"/projects/{unknown}/creators", 404, **body)
        assert await listed(company, "/creators") == []

    async def test_the_same_key_does_it_once(self, company: Company, project: str) -> None:
        answers = [
            await company.request(
                "POST",
                f"/api/v1/projects/{project}/campaigns",
                json={"campaigns": [{"name": "Drop"}]},
                headers={"idempotency-key": "once"},
            )
            for _ in range(2)
        ]
        assert answers[0].json() == answers[1].json()
        assert len((await ask(company, "GET", "/campaigns"))["data"]) == 1
