"""Refresh tokens: each is good once, a second use ends its login, and so does logging out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from headwater.control.audit.models import AuditEvent
from tests.serving import PASSWORD, Company, Server

LOGIN, REFRESH, LOGOUT, ME = (f"/api/v1/auth/{name}" for name in ("login", "refresh", "logout", "me"))


async def send(server: Server, path: str, token: str, **headers: str) -> httpx.Response:
    return await server.client.post(path, json={"refresh_token": token}, headers=headers)


async def next_token(server: Server, token: str) -> str:
    answer = await send(server, REFRESH, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


async def log_in(company: Company) -> str:
    answer = await company.server.client.post(LOGIN, json={"email": company.email, "password": PASSWORD})
    return str(answer.json()["refresh_token"])


@pytest.fixture
async def token(company: Company) -> str:
    return await log_in(company)


async def events(server: Server) -> list[tuple[str, Any]]:
    async with server.services.control.reading() as session:
        rows = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id))).all()
    return [(row.action, row.target) for row in rows]


class TestRefresh:
    async def test_the_seed_s_example(self, server: Server, company: Company, token: str) -> None:
        answer = await send(server, REFRESH, token)
        assert (answer.status_code, list(answer.json())) == (200, ["token", "refresh_token"])
        me = await server.client.get(ME, headers={"authorization": f"Bearer {answer.json()['token']}"})
        assert me.json()["user"]["email"] == company.email
        assert answer.json()["refresh_token"] != token

    async def test_the_successors_are_good_in_turn(self, server: Server, token: str) -> None:
        for _ in range(3):
            token = await next_token(server, token)

    async def test_a_second_use_ends_the_login(self, server: Server, company: Company, token: str) -> None:
        other_login = await log_in(company)
        successor = await next_token(server, token)
        answer = await send(server, REFRESH, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert (await send(server, REFRESH, successor)).status_code == 401
        assert ("refresh_token_reused", company.email) in await events(server)
        await next_token(server, other_login)

    async def test_of_two_at_once_one_is_the_second(self, server: Server, token: str) -> None:
        answers = await asyncio.gather(*(send(server, REFRESH, token) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 401]
        successor = next(answer.json()["refresh_token"] for answer in answers if answer.status_code == 200)
        assert (await send(server, REFRESH, successor)).status_code == 401

    async def test_a_repeated_request_is_no_second_use(self, server: Server, token: str) -> None:
        first, again = [await send(server, REFRESH, token, **{"idempotency-key": "one"}) for _ in range(2)]
        assert first.json() == again.json()
        await next_token(server, first.json()["refresh_token"])

    async def test_unknown_and_expired_are_refused_alike(self, server: Server, token: str) -> None:
        unknown = await send(server, REFRESH, "x" * 43)
        server.clock.advance(timedelta(days=30))
        expired = await send(server, REFRESH, token)
        assert (unknown.status_code, unknown.text) == (expired.status_code, expired.text)
        assert unknown.status_code == 401

    async def test_a_successor_lives_as_long_as_a_new_login(self, server: Server, token: str) -> None:
        for _ in range(2):
            server.clock.advance(timedelta(days=29))
            token = await next_token(server, token)

    async def test_what_is_not_a_refresh_token_is_none(self, server: Server, company: Company) -> None:
        assert (await send(server, REFRESH, company.key)).status_code == 401
        assert (await send(server, REFRESH, "")).status_code == 400


class TestLogout:
    async def test_the_seed_s_example_and_twice(self, server: Server, token: str) -> None:
        for _ in range(2):
            answer = await send(server, LOGOUT, token)
            assert answer.status_code == 200
            assert answer.json() == {"success": True, "message": "Logged out successfully"}
        assert (await send(server, REFRESH, token)).status_code == 401

    async def test_it_ends_the_whole_login_by_any_token_of_it(self, server: Server, company: Company) -> None:
        for logged_out_with_the_older in (True, False):
            older = await log_in(company)
            newer = await next_token(server, older)
            await send(server, LOGOUT, older if logged_out_with_the_older else newer)
            assert (await send(server, REFRESH, newer)).status_code == 401

    async def test_other_logins_stay(self, server: Server, company: Company, token: str) -> None:
        other = await log_in(company)
        await send(server, LOGOUT, token)
        await next_token(server, other)

    async def test_it_is_recorded_once(self, server: Server, company: Company, token: str) -> None:
        for _ in range(2):
            await send(server, LOGOUT, token)
        assert [one for one in await events(server) if one[0] == "logout"] == [("logout", company.email)]
