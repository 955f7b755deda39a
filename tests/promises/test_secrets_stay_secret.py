"""Promise: no password, key, token or cookie is ever in a log line or an audit event, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog

from headwater.app import configure_logging
from headwater.control.users import repository as people_of
from headwater.settings import Settings
from headwater.surfaces._http.endpoint import Call, Reply
from tests.promises import people
from tests.promises.routes import ROUTES, Asked, Ids, with_handler
from tests.serving import PASSWORD, Company, Server, serving

MARK = "Xyzzy"
"""In all that is secret here, so that it is found wherever it turns up."""
WRONG_PASSWORD = f"wrong {MARK} password, of some length"
BAD_KEY = f"hw_live_{MARK}00000000000000000000000000000000000000"
BAD_TOKEN = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIi{MARK}.{MARK}"
METRICS_TOKEN = f"{MARK}-metrics-token"
CARRIED: list[dict[str, str]] = [
    {"authorization": f"Bearer {BAD_KEY}"},
    {"authorization": f"Bearer {BAD_TOKEN}"},
    {"authorization": f"Basic {MARK}"},
    {"x-api-key": BAD_KEY},
    {"cookie": f"headwater_session={MARK}; other={MARK}", "x-csrf-token": MARK},
]


class Written:
    """Everything that was logged, by whatever means."""

    def __init__(self, errors: io.StringIO, records: pytest.LogCaptureFixture) -> None:
        self._errors = errors
        self._records = records

    def read(self) -> str:
        # The client logs what it sends; it is the test's own.
        records = [one for one in self._records.records if not one.name.startswith("httpx")]
        return self._errors.getvalue() + "\n".join(map(logging.Formatter().format, records))


@pytest.fixture(params=["pretty", "json"])
def written(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Written]:
    """The log, as the server sets it up, at its most talkative."""
    log_format: Literal["pretty", "json"] = request.param
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    configure_logging(Settings(log_format=log_format, log_level="debug"))
    caplog.set_level(logging.INFO)
    yield Written(errors, caplog)
    structlog.reset_defaults()


@pytest.fixture
async def watched(written: Written, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path, metrics_token=METRICS_TOKEN) as started:
        yield started


async def secrets_of(company: Company) -> list[str]:
    """All that a company's owner holds: the password and every credential that it is good for."""
    client = company.server.client
    answer = await client.post("/api/v1/auth/login", json={"email": company.email, "password": PASSWORD})
    cookie, csrf = await people.session(company, company.email)
    session = cookie["cookie"].partition("headwater_session=")[2].partition(";")[0]
    return [PASSWORD, company.key, answer.json()["token"], answer.json()["refresh_token"], session, csrf]


def audited(folder: Path) -> str:
    """Every event of every company, as it is stored."""
    with closing(sqlite3.connect(folder / "control.db")) as database:
        return json.dumps(database.execute("SELECT * FROM audit_event").fetchall(), ensure_ascii=False)


def check(text: str, secrets: list[str]) -> None:
    # Addresses are kept in lower case, also when they are none.
    text = text.lower()
    for secret in [one.lower() for one in (MARK, "$argon2id$", *secrets)]:
        assert secret not in text, text[max(0, text.index(secret) - 300) :][:600]


def _spoilt(asked: Asked) -> list[Asked]:
    """The request with something wrong in each place, and a secret beside it."""
    credential = json.dumps({"password": WRONG_PASSWORD, "secret": MARK, "email": "somebody@example.com"}).encode()
    return [
        asked.but(content=credential),
        asked.but(content=credential[:-1]),
        asked.but(content=credential, headers={"content-type": "text/plain"}),
        asked.but(params={**asked.params, "api_key": BAD_KEY, "password": WRONG_PASSWORD, "limit": MARK}),
        asked.but(method="PATCH"),
        asked.but(headers={"x-tenant-id": MARK}),
        asked.but(headers={"idempotency-key": f"{MARK}\x01"}),
        asked.but(content=credential + b" " * 2_000_000),
    ]


async def test_whatever_is_wrong_with_a_request(watched: Server, written: Written, tmp_path: Path) -> None:
    ids = await Ids.of(await watched.company())
    secrets = await secrets_of(ids.company)
    statuses = set()
    for endpoint in ROUTES:
        asked = ids.right(endpoint)
        for number, one in enumerate(_spoilt(asked)):
            headers = ids.company.headers if number % 2 else {"x-api-key": ids.company.key}
            answer = await one.send(watched.client, **headers)
            statuses.add(answer.status_code)
        for carried in CARRIED:
            statuses.add((await asked.send(watched.client, **carried)).status_code)
    assert statuses >= {400, 401, 403, 404, 405, 413, 415}
    check(written.read(), secrets)
    check(audited(tmp_path), secrets)


async def test_logins_that_fail(watched: Server, written: Written, tmp_path: Path) -> None:
    company = await watched.company()
    secrets = await secrets_of(company)
    for path in ("/api/v1/auth/login", "/v2/login"):
        for email, password in (
            (company.email, WRONG_PASSWORD),
            ("nobody@example.com", WRONG_PASSWORD),
            (WRONG_PASSWORD, company.email),
            (f"p@{MARK}", company.email),
            (BAD_KEY, WRONG_PASSWORD),
        ):
            answer = await watched.client.post(path, json={"email": email, "password": password})
            assert answer.status_code in (400, 401)
    for _ in range(12):
        answer = await watched.client.post(
            "/api/v1/auth/login", json={"email": company.email, "password": WRONG_PASSWORD}
        )
    assert answer.status_code == 429
    short = {"email": "new@example.com", "password": MARK, "full_name": "New", "company_name": "New"}
    assert (await watched.client.post("/api/v1/auth/register", json=short)).status_code == 400
    check(written.read(), secrets)
    check(audited(tmp_path), secrets)
    assert company.email in audited(tmp_path)


async def test_a_handler_that_fails_with_all_it_knows(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(call: Call[Any, Any]) -> Reply:
        raise RuntimeError(f"{call.headers!r} {call.raw!r} {call.body!r} {call.query!r}")

    async with serving(tmp_path / "first") as server:
        ids = await Ids.of(await server.company())
        requests = [ids.right(endpoint) for endpoint in ROUTES]
    with_handler(monkeypatch, failing)
    body = json.dumps({"email": "a@example.com", "password": WRONG_PASSWORD, "full_name": "A", "company_name": "B"})
    async with serving(tmp_path / "first") as server:
        for asked in requests:
            answer = await asked.send(server.client, **ids.company.headers)
            assert answer.status_code in (500, 400), answer.text
        cookie = {"cookie": f"headwater_session={MARK}", "x-csrf-token": MARK, "x-api-key": BAD_KEY}
        await server.client.post(
            "/api/v1/auth/register",
            content=body,
            headers={"content-type": "application/json", **cookie, "authorization": f"Bearer {BAD_TOKEN}"},
        )
    text = written.read()
    assert "RuntimeError" in text
    check(text, [ids.company.key, PASSWORD])


async def test_a_database_that_refuses(
    watched: Server, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await watched.company()

    async def nobody(*_: object) -> None:
        return None

    monkeypatch.setattr(people_of, "by_email", nobody)
    twice = {"email": company.email, "password": WRONG_PASSWORD, "full_name": "A", "company_name": "B"}
    assert (await watched.client.post("/api/v1/auth/register", json=twice)).status_code == 500
    text = written.read()
    assert "IntegrityError" in text
    check(text, [company.key])


async def test_credentials_that_end_and_tokens_of_the_machine(
    watched: Server, written: Written, tmp_path: Path
) -> None:
    company = await watched.company()
    secrets = await secrets_of(company)
    made = await company.request("POST", "/api/v1/account/api-keys", json={"name": BAD_KEY})
    secrets.append(made.json()["api_key"]["key"])
    await company.request("DELETE", f"/api/v1/account/api-keys/{made.json()['api_key']['id']}")
    watched.clock.advance(timedelta(days=40))
    for secret in secrets[1:]:
        for headers in ({"authorization": f"Bearer {secret}"}, {"cookie": f"headwater_session={secret}"}):
            await watched.client.get("/api/v1/auth/me", headers=headers)
    away = {"x-forwarded-for": "192.0.2.7"}
    for token, status in ((METRICS_TOKEN, 200), (f"{METRICS_TOKEN}x", 401)):
        answer = await watched.client.get("/metrics", headers={**away, "authorization": f"Bearer {token}"})
        assert answer.status_code == status
    log = await company.get("/api/v1/account/audit-log", limit=100)
    assert log.status_code == 200
    for text in (written.read(), audited(tmp_path), log.text):
        check(text, secrets)
