"""What holds for every page and every form that the router has."""

from __future__ import annotations

import pytest

from headwater.scope import Role
from headwater.surfaces._http.endpoint import Endpoint
from tests.console.conftest import Room
from tests.console.pages import FIELDS, FORMS, IN_PARTS, PAGES, ROLES, Browser, Page, endpoint_of, filled, name, parts

pytestmark = pytest.mark.asyncio(loop_scope="module")
GUARDED = [one for one in PAGES if one.access]
every_guarded = pytest.mark.parametrize("page", GUARDED, ids=name)
every_page = pytest.mark.parametrize("page", PAGES, ids=name)
every_form = pytest.mark.parametrize("form", FORMS, ids=name)


@every_guarded
async def test_who_is_not_signed_in_goes_to_sign_in(room: Room, page: Endpoint) -> None:
    path = filled(page, room.ids)
    answer = await room.server.client.get(f"{path}?a=b%20c&d=e")
    assert answer.status_code == 303
    onwards = "/sign-in" if path == "/" else f"/sign-in?next={path}%3Fa%3Db%2520c%26d%3De"
    assert answer.headers["location"] == onwards


@every_page
async def test_each_role_sees_the_pages_that_it_may(room: Room, page: Endpoint) -> None:
    for role in ROLES:
        answer = await room.by_role[role].get(filled(page, room.ids))
        if page.path == "/sign-in":
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            continue
        may = page.access is None or role >= page.access.role
        assert answer.status_code == (200 if may else 403), f"{role.name}: {answer.text[:300]}"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "Traceback" not in answer.text


@every_page
async def test_a_page_keeps_the_policy_and_leads_where_its_reader_may_go(room: Room, page: Endpoint) -> None:
    for role in ROLES:
        if page.access is not None and role < page.access.role:
            continue
        answer = await room.by_role[role].get(filled(page, room.ids))
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "http" not in policy
        found = Page(answer)
        assert found.inline == []
        assert [one for one in [*found.loads, *found.links, *found.posts] if not one.startswith(("/", "#"))] == []
        for method, paths in (("GET", [*found.links, *found.loads]), ("POST", found.posts)):
            for path in {one for one in paths if one.startswith("/")}:
                leads_to = endpoint_of(method, path)
                assert leads_to is not None, f"{role.name}: {method} {path} leads nowhere"
                assert leads_to.access is None or role >= leads_to.access.role, f"{role.name} is shown {path}"


@every_form
async def test_a_form_without_the_token_of_its_page_is_refused(room: Room, form: Endpoint) -> None:
    path, fields = filled(form, room.ids), FIELDS[form.path]
    someone_elses = room.by_role[Role.viewer].token
    for token in ("", "wrong", someone_elses):
        answer = await room.owner.post(path, token, **fields)
        assert answer.status_code == 403
        assert "not sent from a page that is still good" in answer.text
    files = parts() if path in IN_PARTS else None
    bare = await room.server.client.post(path, data={**fields, "more": "m"}, files=files, headers=room.owner.headers)
    assert bare.status_code == 403


@pytest.mark.parametrize("form", [one for one in FORMS if one.access and one.access.role > min(ROLES)], ids=name)
async def test_a_form_that_a_role_may_not_send_is_refused(room: Room, form: Endpoint) -> None:
    for role in ROLES:
        assert form.access is not None
        if role < form.access.role:
            browser = room.by_role[role]
            answer = await browser.post(filled(form, room.ids), **FIELDS[form.path])
            assert answer.status_code == 403
            needed = (f"&#39;{form.access.permission}&#39; permission", f"yours is &#39;{role.name}&#39;")
            assert any(one in answer.text for one in needed)


# What is public is for whoever has its address.
@pytest.mark.parametrize("endpoint", [one for one in (*PAGES, *FORMS) if "{" in one.path and one.access], ids=name)
async def test_what_is_others_is_not_there(room: Room, endpoint: Endpoint) -> None:
    for ids in (room.foreign, dict.fromkeys(room.ids, "999999")):
        path = filled(endpoint, ids)
        if endpoint.method == "GET":
            answer = await room.owner.get(path)
        else:
            answer = await room.owner.post(path, **FIELDS[endpoint.path])
        assert answer.status_code == 404, answer.text
        assert "There is nothing here" in answer.text


@pytest.mark.parametrize("form", [one for one in FORMS if one.access], ids=name)
async def test_a_session_that_has_ended_leads_to_sign_in(room: Room, form: Endpoint) -> None:
    headers = {"cookie": "headwater_session=ended"}
    files = parts() if form.takes_files else None
    answer = await room.server.client.post(filled(form, room.ids), data=FIELDS[form.path], files=files, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_an_unknown_page_is_a_page(room: Room) -> None:
    answer = await room.owner.get("/settings/nothing")
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] in answer.text
    assert (await room.owner.post("/settings/usage")).status_code == 405
    client, browser = room.server.client, {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
    for path in ("/nowhere", "/api/v1/nowhere"):
        assert "There is nothing here" in (await client.get(path, headers=browser)).text
        assert (await client.get(path)).json()["code"] == "NOT_FOUND", "programs ask for no pages"
    assert (await client.get("/api/v1/creators", headers=browser)).json()["error"], "what is there keeps its form"


async def test_an_error_keeps_the_navigation_of_who_is_signed_in(room: Room) -> None:
    for role in ROLES:
        answer = await room.by_role[role].get("/settings/nothing")
        assert 'aria-label="Main"' in answer.text
        assert room.by_role[role].token in answer.text
    stranger = await room.server.client.get("/settings/nothing", headers={"cookie": "headwater_session=ended"})
    assert (stranger.status_code, 'aria-label="Main"' in stranger.text) == (404, False)


async def test_a_company_with_nothing_yet_sees_its_pages(room: Room) -> None:
    fresh = await Browser.of(await room.server.company())
    for page in PAGES:
        if "{" not in page.path and page.path != "/sign-in":
            answer = await fresh.get(page.path)
            assert answer.status_code == 200, f"{page.path}: {answer.text[:300]}"


async def test_keys_money_webhooks_and_the_log_are_for_admins() -> None:
    settings = {one.path: one.access for one in PAGES if one.path.startswith("/settings")}
    for_all = {path for path, access in settings.items() if access is not None and access.role is Role.viewer}
    assert for_all == {"/settings", "/settings/profile", "/settings/organisation", "/settings/members"}
    assert {access.role for access in settings.values() if access} == {Role.viewer, Role.admin}
    own = {one.path for one in FORMS if one.access and one.access.role is Role.viewer}
    assert {path for path in own if path.startswith("/settings")} == {
        "/settings/profile",
        "/settings/profile/password",
        "/settings/profile/verification",
    }
