"""Companies, their members and outlets: the seed's examples, and who may do what to whom."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from headwater.control.audit.models import AuditEvent
from headwater.control.saved_reports.models import SavedReport
from headwater.control.tokens.models import ApiKey
from headwater.scope import Role
from tests.promises import people
from tests.serving import Company

UNKNOWN = 900_000_001


def at(company: Company, *more: object) -> str:
    return "/".join(map(str, ("/api/v1/companies", company.organisation_id, *more)))


async def members(company: Company, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await company.get(at(company, "users"), **params)).json()["users"]
    return rows


async def id_of(company: Company, email: str) -> str:
    return next(str(row["id"]) for row in await members(company) if row["email"] == email)


class Staff:
    """The company with an admin of it."""

    def __init__(self, company: Company, admin: dict[str, str], owner_id: str, admin_id: str) -> None:
        self.company = company
        self.admin = admin
        self.owner_id = owner_id
        self.admin_id = admin_id

    async def as_admin(self, method: str, *path: object, **more: Any) -> httpx.Response:
        client = self.company.server.client
        return await client.request(method, at(self.company, "users", *path), headers=self.admin, **more)

    async def as_owner(self, method: str, *path: object, **more: Any) -> httpx.Response:
        return await self.company.request(method, at(self.company, "users", *path), **more)

    async def hire(self, role: Role) -> str:
        return await id_of(self.company, await people.hire(self.company, role))


@pytest.fixture
async def staff(company: Company) -> Staff:
    email = await people.hire(company, Role.admin)
    headers = await people.token(company, email)
    return Staff(company, headers, await id_of(company, company.email), await id_of(company, email))


async def events(company: Company) -> list[tuple[str, str, Any]]:
    async with company.server.services.control.reading() as session:
        rows = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id))).all()
    return [(row.action, row.target, row.details) for row in rows]


class TestCompany:
    async def test_the_seed_s_example(self, company: Company) -> None:
        answer = await company.get(at(company))
        assert answer.json() == {
            "company": {"id": company.organisation_id, "name": "Company 1", "created_at": "2025-05-03T12:30:00Z"}
        }

    async def test_another_company_answers_like_an_unknown_one(self, company: Company) -> None:
        other = await company.server.company()
        for path in ("", "/users", "/outlets"):
            texts = set()
            for number in (other.organisation_id, UNKNOWN):
                answer = await company.get(f"/api/v1/companies/{number}{path}")
                assert answer.status_code == 404
                texts.add(answer.text.replace(str(number), "ID"))
            assert len(texts) == 1
        assert (await company.get("/api/v1/companies/x")).status_code == 404


class TestList:
    async def test_the_seed_s_example_newest_first(self, company: Company) -> None:
        email = await people.hire(company, Role.editor)
        rows = await members(company)
        assert [list(row) for row in rows] == [["id", "email", "full_name", "role"]] * 2
        assert [(row["email"], row["role"]) for row in rows] == [(email, "editor"), (company.email, "owner")]
        assert all(isinstance(row["id"], str) for row in rows)

    async def test_it_finds_letters_of_name_and_address_as_they_are(self, company: Company) -> None:
        await people.hire(company, Role.editor)
        found = {q: [row["role"] for row in await members(company, q=q)] for q in (" EDIT", "owner1@", "%", "zz")}
        assert found == {" EDIT": ["editor"], "owner1@": ["owner"], "%": [], "zz": []}


class TestRoles:
    async def test_a_role_is_changed_at_once(self, staff: Staff) -> None:
        email = await people.hire(staff.company, Role.viewer)
        headers = await people.token(staff.company, email)
        user_id = await id_of(staff.company, email)
        path = at(staff.company, "outlets")
        client = staff.company.server.client
        assert (await client.post(path, json={"name": "x"}, headers=headers)).status_code == 403
        answer = await staff.as_admin("PUT", user_id, json={"role": "editor"})
        assert answer.json() == {"user": {"id": user_id, "email": email, "full_name": "viewer", "role": "editor"}}
        assert (await client.post(path, json={"name": "x"}, headers=headers)).status_code == 201
        assert (await events(staff.company))[-1] == ("role_changed", email, {"from": "viewer", "to": "editor"})

    async def test_nobody_gives_a_role_above_their_own(self, staff: Staff) -> None:
        for user_id in (await staff.hire(Role.viewer), staff.admin_id):
            answer = await staff.as_admin("PUT", user_id, json={"role": "owner"})
            assert (answer.status_code, answer.json()["details"]["field"]) == (403, "role")
            assert (await staff.as_admin("PUT", user_id, json={"role": "admin"})).status_code == 200

    async def test_nobody_touches_whose_role_is_above_their_own(self, staff: Staff) -> None:
        assert (await staff.as_admin("PUT", staff.owner_id, json={"role": "viewer"})).status_code == 403
        assert (await staff.as_admin("DELETE", staff.owner_id)).status_code == 403
        assert {row["role"] for row in await members(staff.company)} == {"owner", "admin"}

    async def test_the_last_owner_stays_one(self, staff: Staff) -> None:
        for method, more in (("PUT", {"json": {"role": "admin"}}), ("DELETE", {})):
            answer = await staff.as_owner(method, staff.owner_id, **more)
            assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        assert (await staff.as_owner("PUT", staff.admin_id, json={"role": "owner"})).status_code == 200
        assert (await staff.as_owner("PUT", staff.owner_id, json={"role": "admin"})).status_code == 200
        assert (await staff.as_owner("PUT", staff.admin_id, json={"role": "admin"})).status_code == 403

    async def test_what_is_no_role_is_refused(self, staff: Staff) -> None:
        answer = await staff.as_owner("PUT", staff.admin_id, json={"role": "king"})
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "role")


class TestRemoval:
    async def test_it_ends_logins_and_keys_at_once(self, staff: Staff) -> None:
        client = staff.company.server.client
        made = await client.post("/api/v2/tokens", json={"name": "mine"}, headers=staff.admin)
        key = {"x-api-key": made.json()["data"]["token"]}
        for headers in (staff.admin, key):
            assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 200
        answer = await staff.as_owner("DELETE", staff.admin_id)
        assert answer.json() == {"success": True, "message": "User removed"}
        for headers in (staff.admin, key):
            assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401
        assert [row["role"] for row in await members(staff.company)] == ["owner"]
        assert (await events(staff.company))[-1][:1] == ("member_removed",)
        async with staff.company.server.services.control.reading() as session:
            mine = select(func.count()).select_from(ApiKey).where(ApiKey.user_id == int(staff.admin_id))
            assert await session.scalar(mine) == 0

    async def test_what_they_made_stays(self, staff: Staff) -> None:
        found = await staff.company.hierarchy()
        body = {"name": "R", "workspace_id": found.workspace, "resource": "campaign", "ids": [found.campaign]}
        client = staff.company.server.client
        report = await client.post("/api/v2/reports", json={**body, "metrics": ["impressions"]}, headers=staff.admin)
        org = (await staff.company.get("/api/v1/org")).json()["data"]["id"]
        note = {"scope": "org", "entity_id": org, "title": "Seen"}
        noted = await client.post("/api/v1/analytics/annotations", json=note, headers=staff.admin)
        assert noted.status_code == 201, noted.text
        assert (await staff.as_owner("DELETE", staff.admin_id)).status_code == 200
        kept = await staff.company.get(f"/api/v2/reports/{report.json()['data']['id']}")
        assert kept.status_code == 200
        async with staff.company.server.services.control.reading() as session:
            assert await session.scalar(select(SavedReport.created_by)) == int(staff.owner_id)

    async def test_people_can_leave(self, staff: Staff) -> None:
        assert (await staff.as_admin("DELETE", staff.admin_id)).status_code == 200
        assert (await staff.as_admin("GET")).status_code == 401

    async def test_people_of_another_company_are_not_there(self, staff: Staff) -> None:
        other = await staff.company.server.company()
        stranger = await id_of(other, other.email)
        for method, more in (("PUT", {"json": {"role": "viewer"}}), ("DELETE", {})):
            texts = set()
            for user_id in (stranger, UNKNOWN, "x"):
                answer = await staff.as_owner(method, user_id, **more)
                assert answer.status_code == 404
                texts.add(answer.text.replace(f"'{user_id}'", "ID"))
            assert len(texts) == 1
        assert len(await members(other)) == 1


class TestOutlets:
    async def test_the_seed_s_example(self, company: Company) -> None:
        made = await company.request(
            "POST", at(company, "outlets"), json={"name": "Main Store", "address": "123 Main St"}
        )
        assert made.status_code == 201
        outlet = made.json()["outlet"]
        assert outlet == {"outlet_id": outlet["outlet_id"], "name": "Main Store", "address": "123 Main St"}
        assert outlet["outlet_id"].startswith("outlet_")
        assert (await company.get(at(company, "outlets"))).json() == {"outlets": [outlet]}

    async def test_what_is_left_out_stays(self, company: Company) -> None:
        made = (await company.request("POST", at(company, "outlets"), json={"name": "A"})).json()["outlet"]
        assert made["address"] == ""
        path = at(company, "outlets", made["outlet_id"])
        changed = await company.request("PUT", path, json={"address": "2 High St"})
        assert changed.json() == {"outlet": {**made, "address": "2 High St"}}
        changed = await company.request("PUT", path, json={"name": "B"})
        assert changed.json() == {"outlet": {**made, "name": "B", "address": "2 High St"}}

    async def test_newest_first_and_deleted(self, company: Company) -> None:
        ids = []
        for name in ("A", "B"):
            made = await company.request("POST", at(company, "outlets"), json={"name": name})
            ids.append(made.json()["outlet"]["outlet_id"])
        listed = (await company.get(at(company, "outlets"))).json()["outlets"]
        assert [row["outlet_id"] for row in listed] == ids[::-1]
        deleted = await company.request("DELETE", at(company, "outlets", ids[0]))
        assert deleted.json() == {"success": True, "message": "Outlet deleted"}
        assert (await company.request("DELETE", at(company, "outlets", ids[0]))).status_code == 404

    async def test_a_name_is_needed(self, company: Company) -> None:
        for body in ({"name": " "}, {"name": "a\x00"}, {"address": "x"}):
            answer = await company.request("POST", at(company, "outlets"), json=body)
            assert (answer.status_code, answer.json()["details"]["field"]) == (400, "name")
