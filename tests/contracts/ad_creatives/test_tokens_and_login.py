"""Login for a cookie session, and tokens: the same rows as the account's API keys."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path

from tests.serving import PASSWORD, Company, Server, serving

TOKENS, KEYS, ME = "/api/v2/tokens", "/api/v1/account/api-keys", "/api/v1/auth/me"


async def test_login_sets_the_cookie_and_answers_user_and_csrf_token(company: Company) -> None:
    client = company.server.client
    answer = await client.post("/v2/login", json={"email": company.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert list(answer.json()) == ["user", "csrf_token"]
    assert answer.json()["user"]["email"] == company.email
    cookie = SimpleCookie(answer.headers["set-cookie"])["headwater_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    # The client sends the cookie by itself from here on, as a browser does.
    assert (await client.get(ME)).json()["user"]["email"] == company.email
    csrf = {"x-csrf-token": answer.json()["csrf_token"]}
    assert (await client.post("/api/v2/workspaces", json={"name": "x"})).status_code == 403
    assert (await client.post("/api/v2/workspaces", json={"name": "x"}, headers=csrf)).status_code == 201
    ended = await client.post("/v2/logout", headers=csrf)
    assert ended.json() == {"success": True, "message": "Logged out."}
    assert (await client.get(ME, headers={"cookie": f"headwater_session={cookie.value}"})).status_code == 401


async def test_behind_tls_the_cookie_is_secure(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        company = await server.company()
        body = {"email": company.email, "password": PASSWORD}
        answer = await server.client.post("https://headwater.test/v2/login", json=body)
        assert "; Secure" in answer.headers["set-cookie"]


async def test_wrong_credentials_cannot_be_told_apart(company: Company) -> None:
    client = company.server.client
    answers = [
        await client.post("/v2/login", json={"email": email, "password": password})
        for email, password in ((company.email, "wrong password"), ("nobody@example.com", PASSWORD), ("", ""))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert all("set-cookie" not in answer.headers for answer in answers)


async def test_one_token_works_on_both_services(company: Company) -> None:
    made = await company.request("POST", TOKENS, json={"name": "both", "permissions": ["read"]})
    headers = {"authorization": f"Bearer {made.json()['data']['token']}"}
    for path in ("/api/v2/campaigns/data_tree", "/v2/aggregation-api/counts?resource=creative&id=1"):
        assert (await company.server.client.get(path, headers=headers)).status_code == 200


async def test_a_token_is_shown_once_and_is_the_same_row_as_a_key(company: Company) -> None:
    made = await company.request("POST", TOKENS, json={"name": "mine", "permissions": ["write", "read"]})
    assert made.status_code == 201
    row = made.json()["data"]
    secret = row.pop("token")
    assert secret.startswith(row["prefix"])
    assert row["permissions"] == ["read", "write"]
    assert row["last_used"] is None
    await company.server.services.control.access.settle()
    tokens = (await company.get(TOKENS)).json()
    assert tokens["data"][0] == row
    assert tokens["total"] == len(tokens["data"]) == 2
    keys = await company.get(KEYS)
    assert keys.json()["api_keys"] == tokens["data"]
    assert secret not in keys.text


async def test_a_token_is_deleted_at_once_under_either_name(company: Company) -> None:
    for path, status in ((TOKENS, 204), (KEYS, 200)):
        made = (await company.request("POST", TOKENS, json={"name": "short"})).json()["data"]
        headers = {"authorization": f"Bearer {made['token']}"}
        assert (await company.server.client.get(ME, headers=headers)).status_code == 200
        assert (await company.request("DELETE", f"{path}/{made['id']}")).status_code == status
        assert (await company.server.client.get(ME, headers=headers)).status_code == 401
        assert (await company.request("DELETE", f"{path}/{made['id']}")).status_code == 404


async def test_a_token_with_an_end(company: Company) -> None:
    past = await company.request("POST", TOKENS, json={"name": "x", "expires_at": "2025-05-03T12:29:59Z"})
    assert (past.status_code, past.json()["details"]["field"]) == (400, "expires_at")
    ahead = await company.request("POST", TOKENS, json={"name": "x", "expires_at": "2025-05-03T15:00:00+02:00"})
    assert ahead.json()["data"]["expires_at"] == "2025-05-03T13:00:00Z"
    for never in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
        answer = await company.request("POST", TOKENS, json={"name": "x", "expires_at": never})
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "expires_at")


async def test_permissions_that_are_none(company: Company) -> None:
    for permissions in ([], ["reed"], "read", [None]):
        answer = await company.request("POST", TOKENS, json={"name": "x", "permissions": permissions})
        assert answer.status_code == 400
        assert answer.json()["details"]["field"].partition("[")[0] == "permissions"


async def test_guessing_is_slowed_down(server: Server) -> None:
    company = await server.company()
    wrong = {"email": company.email, "password": "wrong password"}
    tried = [await server.client.post("/v2/login", json=wrong) for _ in range(11)]
    assert [one.status_code for one in tried] == [401] * 10 + [429]
    assert int(tried[-1].headers["retry-after"]) > 0
    right = await server.client.post("/v2/login", json={"email": company.email, "password": PASSWORD})
    assert right.status_code == 429
