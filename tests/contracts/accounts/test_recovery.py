"""Forgotten passwords and unproven addresses: the seed's examples, single use, and that nobody learns who is known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from headwater.control.audit.models import AuditEvent
from headwater.control.tokens.models import MailedToken
from tests.contracts.accounts.mailbox import link, mails, subjects, token
from tests.serving import PASSWORD, Company, Server, serving

AUTH = "/api/v1/auth"
FORGOT, RESET = f"{AUTH}/password/forgot", f"{AUTH}/password/reset"
VERIFY, RESEND = f"{AUTH}/verify-email", f"{AUTH}/verify-email/resend"
NEW = "NewSecurePassword123!"


async def post(server: Server, path: str, **body: Any) -> httpx.Response:
    return await server.client.post(path, json=body)


async def log_in(company: Company, password: str = PASSWORD) -> httpx.Response:
    return await post(company.server, f"{AUTH}/login", email=company.email, password=password)


async def forgotten(company: Company) -> str:
    """The token of a mail that was asked for."""
    assert (await post(company.server, FORGOT, email=company.email)).status_code == 200
    return await token(company.server, company.email)


async def is_verified(company: Company) -> bool:
    return bool((await company.get(f"{AUTH}/me")).json()["user"]["is_verified"])


async def events(server: Server) -> list[tuple[str, int | None, str]]:
    await server.services.control.settle()
    async with server.services.control.reading() as session:
        rows = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id))).all()
    return [(row.action, row.organisation_id, row.target) for row in rows]


class TestForgot:
    async def test_the_seed_s_example(self, server: Server, company: Company) -> None:
        answer = await post(server, FORGOT, email=f" {company.email.upper()} ")
        assert (answer.status_code, answer.json()) == (
            200,
            {"success": True, "message": "Password reset email sent"},
        )
        assert (await subjects(server, company.email))[-1] == "Choose a new password"
        assert ("password_reset_requested", company.organisation_id, company.email) in await events(server)

    @pytest.mark.parametrize("path", [FORGOT, RESEND])
    async def test_known_and_unknown_are_answered_alike(self, server: Server, company: Company, path: str) -> None:
        sent = len(await subjects(server, company.email))
        known, unknown = [await post(server, path, email=one) for one in (company.email, "nobody@example.com")]
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
        assert set(known.headers) == set(unknown.headers)
        assert await subjects(server, "nobody@example.com") == []
        assert len(await subjects(server, company.email)) == sent + 1

    @pytest.mark.parametrize("path", [FORGOT, RESEND])
    async def test_an_answer_waits_for_no_lookup(self, server: Server, company: Company, path: str) -> None:
        await server.services.control.settle()
        # Whoever holds the one writer would hold up an answer that wrote something for some addresses only.
        async with server.services.control.unit_of_work():
            for email in (company.email, "nobody@example.com"):
                assert (await post(server, path, email=email)).status_code == 200

    async def test_both_leave_the_same_traces_behind_the_answer(self, server: Server, company: Company) -> None:
        before = len(await events(server))
        for email in (company.email, "nobody@example.com"):
            await post(server, FORGOT, email=email)
            await post(server, RESEND, email=email)
        after = (await events(server))[before:]
        assert sorted((action, target) for action, _, target in after) == sorted(
            (action, email)
            for action in ("password_reset_requested", "verification_requested")
            for email in (company.email, "nobody@example.com")
        )

    @pytest.mark.parametrize("path", [FORGOT, RESEND])
    async def test_it_is_limited_per_address_and_per_ip(self, server: Server, company: Company, path: str) -> None:
        for email in (company.email, "nobody@example.com"):
            answers = [await post(server, path, email=email) for _ in range(11)]
            assert [one.status_code for one in answers] == [200] * 10 + [429]
            assert int(answers[-1].headers["retry-after"]) > 0
        for number in range(30):
            assert (await post(server, path, email=f"{number}@example.com")).status_code == 200
        assert (await post(server, path, email="one-more@example.com")).status_code == 429

    async def test_what_is_no_address_is_refused(self, server: Server) -> None:
        for path in (FORGOT, RESEND):
            answer = await post(server, path, email="nobody")
            assert (answer.status_code, answer.json()["details"]["field"]) == (400, "email")

    async def test_links_begin_with_the_setting_and_never_with_the_host_header(self, tmp_path: Path) -> None:
        async with serving(tmp_path, public_url="https://measure.example/at/") as server:
            company = await server.company()
            body = {"email": company.email}
            await server.client.post(FORGOT, json=body, headers={"host": "evil.example", "x-forwarded-host": "evil"})
            assert (await link(server, company.email)).startswith("https://measure.example/at/reset#token=")
            assert all("evil" not in mail.get_content() for mail in await mails(server, company.email))

    async def test_links_begin_with_the_address_it_listens_on_otherwise(self, tmp_path: Path) -> None:
        async with serving(tmp_path, host="::1", port=9000) as server:
            company = await server.company()
            assert (await link(server, company.email)).startswith("http://[::1]:9000/verify#token=")


class TestReset:
    async def test_the_seed_s_example(self, company: Company) -> None:
        answer = await post(company.server, RESET, token=await forgotten(company), password=NEW)
        assert (answer.status_code, answer.json()) == (
            200,
            {"success": True, "message": "Password reset successfully"},
        )
        assert (await log_in(company)).status_code == 401
        assert (await log_in(company, NEW)).status_code == 200
        assert ("password_reset", company.organisation_id, company.email) in await events(company.server)
        assert (await subjects(company.server, company.email))[-1] == "Your password was changed"

    async def test_it_ends_every_login_but_no_key(self, server: Server, company: Company) -> None:
        login = (await log_in(company)).json()
        cookie = await post(server, "/v2/login", email=company.email, password=PASSWORD)
        session = {"cookie": cookie.headers["set-cookie"].partition(";")[0]}
        server.client.cookies.clear()
        access = {"authorization": f"Bearer {login['token']}"}
        for headers in (access, session):
            assert (await server.client.get(f"{AUTH}/me", headers=headers)).status_code == 200
        await post(server, RESET, token=await forgotten(company), password=NEW)
        for headers in (access, session):
            assert (await server.client.get(f"{AUTH}/me", headers=headers)).status_code == 401
        assert (await post(server, f"{AUTH}/refresh", refresh_token=login["refresh_token"])).status_code == 401
        assert (await company.get(f"{AUTH}/me")).status_code == 200

    async def test_other_people_s_logins_stay(self, server: Server, company: Company) -> None:
        other = (await log_in(await server.company())).json()
        await post(server, RESET, token=await forgotten(company), password=NEW)
        assert (await post(server, f"{AUTH}/refresh", refresh_token=other["refresh_token"])).status_code == 200

    async def test_a_token_is_good_once(self, company: Company) -> None:
        mailed = await forgotten(company)
        assert (await post(company.server, RESET, token=mailed, password=NEW)).status_code == 200
        again = await post(company.server, RESET, token=mailed, password="YetAnotherPassword!")
        assert (again.status_code, again.json()["details"]["field"]) == (400, "token")
        assert (await log_in(company, NEW)).status_code == 200

    async def test_a_token_is_good_for_an_hour(self, company: Company) -> None:
        mailed = await forgotten(company)
        company.server.clock.advance(timedelta(minutes=59, seconds=59))
        assert (await post(company.server, RESET, token=mailed, password="short")).status_code == 400
        company.server.clock.advance(timedelta(seconds=1))
        expired = await post(company.server, RESET, token=mailed, password=NEW)
        unknown = await post(company.server, RESET, token="x" * 43, password=NEW)
        assert (expired.status_code, expired.text) == (unknown.status_code, unknown.text)
        assert expired.status_code == 400
        assert (await log_in(company)).status_code == 200

    async def test_a_refused_password_does_not_use_it_up(self, company: Company) -> None:
        mailed = await forgotten(company)
        refused = await post(company.server, RESET, token=mailed, password="elevenchars")
        assert (refused.status_code, refused.json()["details"]["field"]) == (400, "password")
        assert (await post(company.server, RESET, token=mailed, password=NEW)).status_code == 200

    async def test_a_newer_token_takes_the_place_of_the_older(self, company: Company) -> None:
        older, newer = await forgotten(company), await forgotten(company)
        assert (await post(company.server, RESET, token=older, password=NEW)).status_code == 400
        assert (await post(company.server, RESET, token=newer, password=NEW)).status_code == 200

    async def test_tokens_of_one_purpose_are_none_of_another(self, company: Company) -> None:
        verification = await token(company.server, company.email)
        reset = await forgotten(company)
        assert (await post(company.server, RESET, token=verification, password=NEW)).status_code == 400
        assert (await post(company.server, VERIFY, token=reset)).status_code == 400

    async def test_only_hashes_are_stored(self, company: Company) -> None:
        mailed = await forgotten(company)
        async with company.server.services.control.reading() as session:
            stored = (await session.scalars(select(MailedToken.secret_hash))).all()
            (rows,) = (await session.execute(select(func.count()).select_from(MailedToken))).one()
        assert rows == 2
        assert all(mailed not in one and len(one) == 64 for one in stored)

    async def test_it_proves_the_address_too(self, company: Company) -> None:
        assert not await is_verified(company)
        await post(company.server, RESET, token=await forgotten(company), password=NEW)
        assert await is_verified(company)


class TestVerify:
    async def test_registration_sends_the_mail_and_the_seed_s_example(self, company: Company) -> None:
        assert await subjects(company.server, company.email) == ["Verify your e-mail address"]
        mailed = await token(company.server, company.email)
        answer = await post(company.server, VERIFY, token=mailed)
        assert (answer.status_code, answer.json()) == (200, {"success": True, "message": "Email verified successfully"})
        assert await is_verified(company)
        assert ("email_verified", company.organisation_id, company.email) in await events(company.server)
        assert (await post(company.server, VERIFY, token=mailed)).status_code == 400

    async def test_a_token_is_good_for_a_day(self, company: Company) -> None:
        mailed = await token(company.server, company.email)
        company.server.clock.advance(timedelta(hours=24))
        assert (await post(company.server, VERIFY, token=mailed)).status_code == 400
        assert not await is_verified(company)

    async def test_another_one_can_be_had(self, company: Company) -> None:
        first = await token(company.server, company.email)
        answer = await post(company.server, RESEND, email=company.email)
        assert answer.json() == {"success": True, "message": "Verification email sent"}
        second = await token(company.server, company.email)
        assert (await post(company.server, VERIFY, token=first)).status_code == 400
        assert (await post(company.server, VERIFY, token=second)).status_code == 200

    async def test_who_is_proven_gets_no_further_mail(self, company: Company) -> None:
        await post(company.server, VERIFY, token=await token(company.server, company.email))
        before = await subjects(company.server, company.email)
        assert (await post(company.server, RESEND, email=company.email)).status_code == 200
        assert await subjects(company.server, company.email) == before

    async def test_a_registration_that_is_refused_sends_nothing(self, company: Company) -> None:
        body = {"email": company.email, "password": PASSWORD, "full_name": "Eve", "company_name": "Other"}
        assert (await post(company.server, f"{AUTH}/register", **body)).status_code == 409
        assert len(await subjects(company.server, company.email)) == 1

    async def test_what_a_stranger_chose_stands_in_no_mail(self, server: Server) -> None:
        await post(
            server,
            f"{AUTH}/register",
            email="victim@example.com",
            password=PASSWORD,
            full_name="Buy at https://evil.example",
            company_name="https://evil.example",
        )
        (mail,) = await mails(server, "victim@example.com")
        assert "evil" not in str(mail)
