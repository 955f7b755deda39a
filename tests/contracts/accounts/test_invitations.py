"""Invitations: what they give, to whom, once; and who may register at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.scope import Role
from tests.contracts.accounts.mailbox import mails, subjects, token
from tests.contracts.accounts.test_companies import Staff, at, events, id_of, members, staff
from tests.promises import people
from tests.serving import PASSWORD, Company, serving

__all__ = ["staff"]
REGISTER = "/api/v1/auth/register"
GRACE = "grace@example.com"


async def invite(company: Company, email: str = GRACE, role: str = "editor", **more: Any) -> httpx.Response:
    return await company.request("POST", at(company, "users"), json={"email": email, "role": role, **more})


async def invited(company: Company, email: str = GRACE, role: str = "editor") -> str:
    """The token of an invitation."""
    answer = await invite(company, email, role)
    assert answer.status_code == 201, answer.text
    return await token(company.server, email)


async def join(company: Company, invite_token: str, email: str = GRACE, **more: Any) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, "full_name": "Grace", "invite_token": invite_token, **more}
    return await company.server.client.post(REGISTER, json=body)


class TestInviting:
    async def test_it_is_answered_and_mailed_without_the_token_in_the_answer(self, company: Company) -> None:
        answer = await invite(company, " Grace@Example.com ", full_name="Grace H.")
        assert answer.status_code == 201
        row = answer.json()["invitation"]
        assert row["id"].startswith("invite_")
        assert {**row, "id": ""} == {
            "id": "",
            "email": GRACE,
            "full_name": "Grace H.",
            "role": "editor",
            "created_at": "2025-05-03T12:30:00Z",
            "expires_at": "2025-05-10T12:30:00Z",
        }
        assert await subjects(company.server, GRACE) == ["You are invited to Headwater"]
        assert await token(company.server, GRACE) not in answer.text
        assert (await events(company))[-1] == ("user_invited", GRACE, {"role": "editor"})
        assert len(await members(company)) == 1

    async def test_it_names_who_invites_once_their_address_is_proven(self, company: Company) -> None:
        await invite(company)
        mailed = await token(company.server, company.email)
        await company.server.client.post("/api/v1/auth/verify-email", json={"token": mailed})
        await invite(company)
        unproven, proven = [mail.get_content() for mail in await mails(company.server, GRACE)]
        assert (company.email in unproven, company.email in proven) == (False, True)

    async def test_nobody_offers_a_role_above_their_own(self, staff: Staff) -> None:
        body = {"email": GRACE, "role": "owner"}
        answer = await staff.as_admin("POST", json=body)
        assert (answer.status_code, answer.json()["details"]["field"]) == (403, "role")
        assert (await staff.as_owner("POST", json=body)).status_code == 201
        # Nor does an admin take back what an owner offered.
        assert (await staff.as_admin("POST", json={**body, "role": "viewer"})).status_code == 403

    async def test_a_user_of_the_company_is_not_invited(self, company: Company) -> None:
        answer = await invite(company, company.email)
        assert (answer.status_code, answer.json()["details"]["field"]) == (409, "email")

    async def test_who_is_known_elsewhere_does_not_show(self, company: Company) -> None:
        other = await company.server.company()
        known, unknown = await invite(company, other.email), await invite(company, "unknown@example.com")
        assert known.status_code == unknown.status_code == 201
        mailed = await token(company.server, other.email)
        assert (await join(company, mailed, other.email)).status_code == 409

    async def test_the_plan_s_cap_counts_users_and_open_invitations(self, tmp_path: Path) -> None:
        async with serving(tmp_path, default_plan="free") as server:
            company = await server.company()
            mailed = await invited(company)
            assert (await invite(company)).status_code == 201
            answer = await invite(company, "more@example.com")
            assert (answer.status_code, answer.json()["details"]) == (402, {"cap": "max_members", "limit": 2})
            mailed = await token(server, GRACE)
            await people.hire(company, Role.viewer)
            assert (await join(company, mailed)).status_code == 402


class TestJoining:
    async def test_it_makes_a_user_of_the_company_with_the_role(self, company: Company) -> None:
        answer = await join(company, await invited(company))
        assert (answer.status_code, list(answer.json())) == (201, ["user", "token", "refresh_token"])
        user = answer.json()["user"]
        assert (user["company_id"], user["role"], user["is_verified"]) == (str(company.organisation_id), "editor", True)
        assert [row["email"] for row in await members(company)] == [GRACE, company.email]
        headers = {"authorization": f"Bearer {answer.json()['token']}"}
        assert (await company.server.client.get(at(company), headers=headers)).status_code == 200
        assert (await events(company))[-1][:2] == ("invitation_accepted", GRACE)
        assert len(await subjects(company.server, GRACE)) == 1

    async def test_a_token_is_good_once(self, company: Company) -> None:
        mailed = await invited(company)
        assert (await join(company, mailed)).status_code == 201
        user_id = await id_of(company, GRACE)
        assert (await company.request("DELETE", at(company, "users", user_id))).status_code == 200
        answer = await join(company, mailed)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "invite_token")

    async def test_it_is_for_the_address_that_was_invited(self, company: Company) -> None:
        mailed = await invited(company)
        answer = await join(company, mailed, "eve@example.com")
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "email")
        assert (await join(company, mailed)).status_code == 201

    async def test_it_runs_out_after_seven_days(self, company: Company) -> None:
        mailed = await invited(company)
        company.server.clock.advance(timedelta(days=7))
        expired, unknown = await join(company, mailed), await join(company, "x" * 43)
        assert (expired.status_code, expired.text) == (unknown.status_code, unknown.text)
        assert expired.status_code == 400

    async def test_a_newer_invitation_takes_the_place_of_the_older(self, company: Company) -> None:
        older, newer = await invited(company, role="admin"), await invited(company, role="viewer")
        assert (await join(company, older)).status_code == 400
        assert (await join(company, newer)).json()["user"]["role"] == "viewer"

    async def test_one_that_was_withdrawn_is_void(self, company: Company) -> None:
        row = (await invite(company)).json()["invitation"]
        path = at(company, "users", row["id"])
        stranger = await company.server.company()
        assert (await stranger.request("DELETE", at(stranger, "users", row["id"]))).status_code == 404
        answer = await company.request("DELETE", path)
        assert answer.json() == {"success": True, "message": "Invitation withdrawn"}
        assert (await company.request("DELETE", path)).status_code == 404
        assert (await join(company, await token(company.server, GRACE))).status_code == 400
        assert (await events(company))[-1][:2] == ("invitation_withdrawn", GRACE)

    async def test_invitations_fall_with_the_role_of_who_invited(self, staff: Staff) -> None:
        roles = {"admin": "a@example.com", "viewer": "b@example.com"}
        for role, email in roles.items():
            assert (await staff.as_admin("POST", json={"email": email, "role": role})).status_code == 201
        tokens = {role: await token(staff.company.server, email) for role, email in roles.items()}
        await staff.as_owner("PUT", staff.admin_id, json={"role": "editor"})
        assert (await join(staff.company, tokens["admin"], roles["admin"])).status_code == 400
        assert (await join(staff.company, tokens["viewer"], roles["viewer"])).status_code == 201

    async def test_invitations_go_with_who_invited(self, staff: Staff) -> None:
        await staff.as_admin("POST", json={"email": GRACE, "role": "viewer"})
        await staff.as_owner("DELETE", staff.admin_id)
        assert (await join(staff.company, await token(staff.company.server, GRACE))).status_code == 400


class TestRegistration:
    async def test_a_company_s_name_or_an_invitation_is_needed(self, company: Company) -> None:
        body = {"email": GRACE, "password": PASSWORD, "full_name": "Grace"}
        answer = await company.server.client.post(REGISTER, json=body)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "company_name")

    @pytest.mark.parametrize(("registration", "status"), [("open", 201), ("invite", 201), ("closed", 403)])
    async def test_who_may_come_is_a_setting(self, tmp_path: Path, registration: str, status: int) -> None:
        async with serving(tmp_path) as server:
            company = await server.company()
            mailed = await invited(company)
        async with serving(tmp_path, registration=registration) as server:
            company.server = server
            assert (await invite(company, "other@example.com")).status_code == status
            assert (await join(company, mailed)).status_code == status
            body = {"email": "new@example.com", "password": PASSWORD, "full_name": "N", "company_name": "New"}
            assert (await server.client.post(REGISTER, json=body)).status_code == (
                201 if registration == "open" else 403
            )
