"""The audit log: who did what, when and from where, for the company's admins, newest first."""

from __future__ import annotations

import pytest

from tests.promises import people
from tests.serving import Company, Server

PATH = "/api/v1/account/audit-log"


async def test_each_event_says_who_what_when_and_from_where(company: Company) -> None:
    client = company.server.client
    await client.post("/api/v1/auth/login", json={"email": company.email, "password": "not the password"})
    made = await company.request("POST", "/api/v1/account/api-keys", json={"name": "One"})
    key_id = made.json()["api_key"]["id"]
    await company.request("DELETE", f"/api/v1/account/api-keys/{key_id}")
    answer = (await company.get(PATH)).json()
    revoked, created, failed, *_, registered = answer["events"]
    me = (await company.get("/api/v1/auth/me")).json()["user"]["id"]
    assert created.pop("id") < revoked.pop("id")
    common = {"user_id": me, "email": company.email, "ip": "127.0.0.1", "created_at": "2025-05-03T12:30:00Z"}
    details = {"name": "One", "permissions": ["read"]}
    assert revoked == {**common, "action": "key_revoked", "target": key_id, "details": details}
    assert created == {**common, "action": "key_created", "target": key_id, "details": details}
    assert (failed["action"], failed["target"], failed["ip"]) == ("login_failed", company.email, "127.0.0.1")
    assert (registered["action"], registered["target"]) == ("register", company.email)
    assert (answer["total"], answer["limit"], answer["offset"]) == (len(answer["events"]), 20, 0)


async def test_it_goes_by_pages(company: Company) -> None:
    for number in range(5):
        await company.request("POST", "/api/v1/account/api-keys", json={"name": str(number)})
    whole = (await company.get(PATH, limit=100)).json()
    pages = [(await company.get(PATH, limit=3, offset=offset)).json() for offset in range(0, whole["total"] + 3, 3)]
    assert [event for page in pages for event in page["events"]] == whole["events"]
    assert {page["total"] for page in pages} == {whole["total"]}
    assert pages[-1]["events"] == []


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"limit": "x"}])
async def test_a_page_that_there_cannot_be_is_refused(company: Company, wrong: dict[str, object]) -> None:
    answer = await company.get(PATH, **wrong)
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, next(iter(wrong)))


async def test_other_companies_events_are_not_shown(server: Server) -> None:
    one, other = await server.company(), await server.company()
    await one.request("POST", "/api/v1/account/api-keys", json={"name": "Secret"})
    answer = await other.get(PATH)
    assert one.email not in answer.text
    assert "Secret" not in answer.text


async def test_it_needs_an_admin(company: Company) -> None:
    reader = await people.key(company, "read", "write")
    assert (await company.server.client.get(PATH, headers=reader)).status_code == 403
