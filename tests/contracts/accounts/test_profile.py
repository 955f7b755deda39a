"""Everybody's own account: the seed's example, another name, another password."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from headwater.scope import Role
from tests.contracts.accounts.mailbox import subjects
from tests.promises import people
from tests.serving import PASSWORD, Company

PROFILE, CHANGE = "/api/v1/account/profile", "/api/v1/account/password"
LOGIN, ME, REFRESH = "/api/v1/auth/login", "/api/v1/auth/me", "/api/v1/auth/refresh"
NEW = "another long password"


async def log_in(company: Company, password: str = PASSWORD) -> httpx.Response:
    return await company.server.client.post(LOGIN, json={"email": company.email, "password": password})


async def change(company: Company, headers: dict[str, str], **body: Any) -> httpx.Response:
    sent = {"current_password": PASSWORD, "password": NEW, **body}
    return await company.server.client.put(CHANGE, json=sent, headers=headers)


async def test_the_seed_s_example(company: Company) -> None:
    answer = await company.get(PROFILE)
    assert answer.status_code == 200
    assert list(answer.json()) == ["user"]
    assert set(answer.json()["user"]) >= {"id", "email", "full_name", "role", "company_id"}
    assert answer.json() == (await company.get(ME)).json()


@pytest.mark.parametrize("role", list(Role))
async def test_everybody_changes_their_own_name(company: Company, role: Role) -> None:
    headers = await people.token(company, await people.hire(company, role))
    client = company.server.client
    answer = await client.put(PROFILE, json={"full_name": " Ada Lovelace "}, headers=headers)
    assert (answer.status_code, answer.json()["user"]["full_name"]) == (200, "Ada Lovelace")
    assert (await client.get(PROFILE, headers=headers)).json() == answer.json()
    for wrong in ("", " ", "a\x00b", "x" * 256):
        refused = await client.put(PROFILE, json={"full_name": wrong}, headers=headers)
        assert (refused.status_code, refused.json()["details"]["field"]) == (400, "full_name")


async def test_a_key_that_only_reads_changes_nothing(company: Company) -> None:
    headers = await people.key(company, "read")
    answer = await company.server.client.put(PROFILE, json={"full_name": "Mallory"}, headers=headers)
    assert answer.status_code == 403


async def test_another_password_ends_every_login_of_before(company: Company) -> None:
    client = company.server.client
    before = (await log_in(company)).json()
    cookie, _ = await people.session(company, company.email)
    headers = {"authorization": f"Bearer {before['token']}"}
    answer = await change(company, headers)
    assert (answer.status_code, list(answer.json())) == (200, ["user", "token", "refresh_token"])
    for ended in (headers, cookie):
        assert (await client.get(ME, headers=ended)).status_code == 401
    assert (await client.post(REFRESH, json={"refresh_token": before["refresh_token"]})).status_code == 401
    now = {"authorization": f"Bearer {answer.json()['token']}"}
    assert (await client.get(ME, headers=now)).status_code == 200
    assert (await client.post(REFRESH, json={"refresh_token": answer.json()["refresh_token"]})).status_code == 200
    assert (await company.get(ME)).status_code == 200  # keys stay
    assert [(await log_in(company, one)).status_code for one in (PASSWORD, NEW)] == [401, 200]
    assert (await subjects(company.server, company.email))[-1] == "Your password was changed"
    events = (await company.get("/api/v1/account/audit-log")).json()["events"]
    assert "password_changed" in [one["action"] for one in events]


async def test_guesses_count_like_failed_logins(company: Company) -> None:
    for _ in range(10):
        answer = await change(company, company.headers, current_password="wrong password")
        assert (answer.status_code, answer.json()["details"]) == (400, {"field": "current_password"})
    assert (await change(company, company.headers)).status_code == 429
    assert (await log_in(company)).status_code == 429


async def test_a_password_that_breaks_a_rule_is_refused_first(company: Company) -> None:
    answer = await change(company, company.headers, password="short")
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "password")
    assert (await log_in(company)).status_code == 200
