"""Getting in and out: signing in, registering, and what is done with links that come by mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from headwater.scope import Role
from tests.console.pages import Browser
from tests.contracts.accounts.mailbox import token as mailed_token
from tests.serving import PASSWORD, Company, Server, serving

NEW_PASSWORD = "another horse battery"


async def shown(server: Server, path: str) -> dict[str, str]:
    """Open a form as somebody new; the token that it holds. The client keeps the cookies."""
    answer = await server.client.get(path)
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', answer.text)
    assert found, answer.text
    return {"csrf_token": found[1]}


async def send(server: Server, path: str, **fields: str) -> httpx.Response:
    """Fill a form in and send it."""
    return await server.client.post(path, data={**await shown(server, path), **fields})


async def sign_in(server: Server, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Sign in, as the page does it."""
    return await send(server, "/sign-in", email=email, password=password, **more)


async def test_signing_in_leads_on_to_where_one_wanted_to_go(server: Server, company: Company) -> None:
    wanted = await server.client.get("/settings/members?q=a")
    assert wanted.headers["location"] == "/sign-in?next=/settings/members%3Fq%3Da"
    page = await server.client.get(wanted.headers["location"])
    assert 'name="next" value="/settings/members?q=a"' in page.text
    answer = await sign_in(server, company.email, next="/settings/members?q=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/members?q=a")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("headwater_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await server.client.get("/settings/members?q=a")).status_code == 200


async def test_a_path_in_any_script_is_gone_on_to(server: Server, company: Company) -> None:
    answer = await sign_in(server, company.email, next="/creators/people/日本?q=é")
    assert answer.headers["location"] == "/creators/people/%E6%97%A5%E6%9C%AC?q=%C3%A9"
    assert "headwater_session" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", ""])
async def test_nobody_is_led_to_another_host(server: Server, company: Company, path: str) -> None:
    answer = await sign_in(server, company.email, next=path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = await server.client.get("/sign-in", params={"next": path})
    assert "evil" not in page.text


async def test_a_wrong_password_is_said_and_the_address_kept(server: Server, company: Company) -> None:
    answer = await sign_in(server, company.email, "wrong password")
    assert answer.status_code == 400
    assert "The e-mail address or the password is wrong." in answer.text
    assert f'value="{company.email}"' in answer.text
    assert "wrong password" not in answer.text
    assert "headwater_session" not in server.client.cookies


async def test_what_was_typed_is_escaped(server: Server) -> None:
    answer = await sign_in(server, '"><script>alert(1)</script>', "p")
    assert "<script>alert" not in answer.text


async def test_signing_out_ends_the_session(server: Server, company: Company) -> None:
    browser = await Browser.of(company)
    answer = await browser.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert (await browser.get("/settings")).status_code == 303


async def test_somebody_registers_and_is_signed_in(server: Server) -> None:
    fields = {"company_name": "Fjord", "full_name": "Ada", "email": "ada@example.com", "password": "short"}
    refused = await send(server, "/register", **fields)
    assert refused.status_code == 400
    assert 'id="p-password"' in refused.text
    assert 'value="Fjord"' in refused.text
    answer = await send(server, "/register", **{**fields, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Fjord" in (await server.client.get("/")).text
    token = await mailed_token(server, "ada@example.com")
    verified = await send(server, "/verify", token=token)
    assert verified.status_code == 303
    assert "not verified" not in (await server.client.get("/settings/profile")).text


async def test_a_server_that_takes_nobody_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path, registration="invite") as server:
        page = await server.client.get("/register")
        assert "does not take registrations" in page.text
        assert "<form" not in page.text
        fields = {"company_name": "F", "full_name": "A", "email": "ada@example.com", "password": PASSWORD}
        answer = await server.client.post("/register", data={**await shown(server, "/sign-in"), **fields})
        assert answer.status_code == 403
        assert "/register" not in (await server.client.get("/sign-in")).text


async def test_who_is_invited_joins_with_the_role_that_was_offered(server: Server, company: Company) -> None:
    owner = await Browser.of(company)
    invited = await owner.post("/settings/members", email="bo@example.com", role="editor")
    assert invited.status_code == 303
    token = await mailed_token(server, "bo@example.com")
    fields = {"full_name": "Bo", "email": "bo@example.com", "password": PASSWORD}
    wrong = await send(server, "/invitation", invite_token="wrong", **fields)
    assert wrong.status_code == 400
    assert 'id="p-token"' in wrong.text
    answer = await send(server, "/invitation", invite_token=token, **fields)
    assert answer.headers["location"] == "/"
    assert "· editor" in (await server.client.get("/")).text


async def test_a_forgotten_password_is_set_anew(server: Server, company: Company) -> None:
    known = await send(server, "/forgot", email=company.email)
    unknown = await send(server, "/forgot", email="nobody@example.com")
    assert _said(known.headers) == _said(unknown.headers)
    token = await mailed_token(server, company.email)
    weak = await send(server, "/reset", token=token, password="short")
    assert weak.status_code == 400
    assert f'value="{token}"' in weak.text
    assert (await send(server, "/reset", token=token, password=NEW_PASSWORD)).status_code == 303
    assert (await sign_in(server, company.email)).status_code == 400
    assert (await sign_in(server, company.email, NEW_PASSWORD)).status_code == 303


async def test_what_was_done_is_said_once(server: Server, company: Company) -> None:
    await sign_in(server, company.email)
    token = await _token_of(server, "/settings/profile")
    answer = await server.client.post("/settings/profile", data={"full_name": "Ada <b>", "csrf_token": token})
    assert answer.status_code == 303
    said = "Your name is changed."
    assert said in (await server.client.get("/settings/profile")).text
    again = (await server.client.get("/settings/profile")).text
    assert said not in again
    assert "Ada &lt;b&gt;" in again


async def test_a_new_password_ends_other_sessions_and_not_this_one(server: Server, company: Company) -> None:
    other = await Browser.of(company)
    await sign_in(server, company.email)
    fields = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    token = await _token_of(server, "/settings/profile")
    answer = await server.client.post("/settings/profile/password", data={**fields, "csrf_token": token})
    assert answer.status_code == 303
    assert "Your password is changed." in (await server.client.get("/settings/profile")).text
    assert (await other.get("/settings")).status_code == 303


async def test_a_member_who_is_demoted_sees_less(server: Server, company: Company) -> None:
    owner, admin = await Browser.of(company), await Browser.of(company, Role.admin)
    page = (await owner.get("/settings/members")).text
    found = re.search(r'action="/settings/members/(\d+)/role"[^@]*aria-label="Role of admin"', page)
    assert found, page
    user_id = re.findall(r"/settings/members/(\d+)/role", page[: found.end()])[-1]
    assert (await admin.get("/settings/api-keys")).status_code == 200
    assert (await owner.post(f"/settings/members/{user_id}/role", role="viewer")).status_code == 303
    assert (await admin.get("/settings/api-keys")).status_code == 403


async def _token_of(server: Server, path: str) -> str:
    return (await shown(server, path))["csrf_token"]


def _said(headers: Mapping[str, str]) -> tuple[str, str]:
    return headers["location"], headers["set-cookie"]
