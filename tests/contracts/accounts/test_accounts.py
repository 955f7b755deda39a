"""Register, log in, who am I, API keys: the seed's examples, and what the contract adds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.serving import PASSWORD, Company, Server, serving

REGISTER, LOGIN, ME, KEYS = (
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/me",
    "/api/v1/account/api-keys",
)
JOHN = {
    "email": "user@example.com",
    "password": "SecurePassword123!",
    "full_name": "John Doe",
    "company_name": "Example Corp",
}


async def register(server: Server, **more: Any) -> Any:
    return await server.client.post(REGISTER, json={**JOHN, **more})


class TestRegister:
    async def test_the_seed_s_example(self, server: Server) -> None:
        answer = await register(server)
        assert answer.status_code == 201
        assert list(answer.json()) == ["user", "token", "refresh_token"]
        user = answer.json()["user"]
        assert {key: user[key] for key in ("email", "full_name", "is_verified")} == {
            "email": "user@example.com",
            "full_name": "John Doe",
            "is_verified": False,
        }
        assert isinstance(user["id"], str)
        assert (user["role"], isinstance(user["company_id"], str)) == ("owner", True)

    async def test_a_company_begins_with_a_workspace(self, server: Server) -> None:
        token = (await register(server)).json()["token"]
        answer = await server.client.get("/api/v2/workspaces", headers={"authorization": f"Bearer {token}"})
        assert [row["name"] for row in answer.json()["data"]] == ["Example Corp"]

    @pytest.mark.parametrize("email", ["user@example.com", " USER@Example.com "])
    async def test_a_taken_address_is_a_conflict(self, server: Server, email: str) -> None:
        await register(server)
        answer = await register(server, email=email, company_name="Other")
        assert (answer.status_code, answer.json()["details"]["field"]) == (409, "email")

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("password", "elevenchars", "at least 12 characters"),
            ("password", "x" * 1025, "at most 1024 characters"),
            ("email", "nobody", "an e-mail address"),
            ("email", "a b@example.com", "an e-mail address"),
            ("email", "", "1 to 254 characters"),
            ("full_name", " ", "1 to 255 characters"),
            ("company_name", "x\x00", "control characters"),
        ],
    )
    async def test_refusals_name_the_rule(self, server: Server, field: str, value: str, words: str) -> None:
        answer = await register(server, **{field: value})
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, field)
        assert words in answer.json()["message"]
        assert (await register(server)).status_code == 201

    async def test_twelve_characters_of_any_script_suffice(self, server: Server) -> None:
        assert (await register(server, password="пароль пароль")).status_code == 201

    @pytest.mark.parametrize("registration", ["invite", "closed"])
    async def test_it_can_be_closed(self, tmp_path: Path, registration: str) -> None:
        async with serving(tmp_path, registration=registration) as server:
            assert (await register(server)).status_code == 403


class TestLogin:
    async def test_the_seed_s_example(self, server: Server) -> None:
        registered = (await register(server)).json()["user"]
        body = {"email": "User@example.com", "password": JOHN["password"]}
        answer = await server.client.post(LOGIN, json=body)
        assert answer.status_code == 200
        assert list(answer.json()) == ["user", "token", "refresh_token"]
        assert answer.json()["user"] == registered
        me = await server.client.get(ME, headers={"authorization": f"Bearer {answer.json()['token']}"})
        assert me.json() == {"user": registered}

    async def test_tokens_are_a_short_jwt_and_an_opaque_refresh_token(self, server: Server) -> None:
        answer = (await register(server)).json()
        claims = jwt.decode(answer["token"], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 15 * 60
        assert "." not in answer["refresh_token"]
        assert len(answer["refresh_token"]) >= 32

    async def test_a_forged_token_is_refused(self, server: Server) -> None:
        token = (await register(server)).json()["token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        forged = [jwt.encode(claims, "x" * 32, "HS256"), jwt.encode(claims, None, "none"), token[:-2], f"{token}x"]
        for one in forged:
            assert (await server.client.get(ME, headers={"authorization": f"Bearer {one}"})).status_code == 401

    async def test_unknown_and_wrong_answer_alike_and_are_limited(self, server: Server) -> None:
        company = await server.company()
        texts = set()
        for email in (company.email, "nobody@example.com"):
            tried = [await server.client.post(LOGIN, json={"email": email, "password": "x"}) for _ in range(11)]
            assert [one.status_code for one in tried] == [401] * 10 + [429]
            texts.add(tried[0].text)
        assert len(texts) == 1

    async def test_fifty_failures_close_the_door_for_an_ip(self, server: Server) -> None:
        company = await server.company()
        for number in range(50):
            wrong = {"email": f"{number}@example.com", "password": "x"}
            assert (await server.client.post(LOGIN, json=wrong)).status_code == 401
        right = {"email": company.email, "password": PASSWORD}
        assert (await server.client.post(LOGIN, json=right)).status_code == 429

    async def test_successes_do_not_count(self, server: Server) -> None:
        company = await server.company()
        right = {"email": company.email, "password": PASSWORD}
        assert {(await server.client.post(LOGIN, json=right)).status_code for _ in range(12)} == {200}


class TestKeys:
    async def test_the_seed_s_example(self, company: Company) -> None:
        body = {"name": "Production Integration", "permissions": ["read", "write"]}
        answer = await company.request("POST", KEYS, json=body)
        assert answer.status_code == 201
        key = answer.json()["api_key"]
        assert re.fullmatch(r"hw_live_[0-9A-Za-z]{43,}", key["key"])
        assert key["id"].startswith("key_")
        assert (key["name"], key["created_at"]) == ("Production Integration", "2025-05-03T12:30:00Z")
        listed = (await company.get(KEYS)).json()["api_keys"]
        assert listed[0]["id"] == key["id"]
        assert all("key" not in row for row in listed)
        deleted = await company.request("DELETE", f"{KEYS}/{key['id']}")
        assert deleted.json() == {"success": True, "message": "API key deleted"}

    async def test_last_used_is_the_last_use(self, company: Company) -> None:
        await company.get(ME)
        await company.server.services.control.access.settle()
        assert (await company.get(KEYS)).json()["api_keys"][0]["last_used"] == "2025-05-03T12:30:00Z"

    async def test_a_key_reads_unless_it_is_given_more(self, company: Company) -> None:
        answer = await company.request("POST", KEYS, json={"name": "x"})
        assert answer.json()["api_key"]["permissions"] == ["read"]
