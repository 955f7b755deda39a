"""Promise: one credential works on every route, the first one sent counts, cookies need a CSRF token to change."""

from __future__ import annotations

from datetime import timedelta

import httpx

from tests.openapi.refusals import refusal
from tests.promises import people
from tests.promises.routes import ENDS_LOGINS, GUARDED, Ids, name
from tests.serving import Company, Server

ME = "/api/v1/auth/me"
CHANGING = [one for one in GUARDED if one.method != "GET"]


async def who(server: Server, **headers: str) -> int | None:
    """The company that the server takes the sender for; None when it refuses them."""
    answer = await server.client.get(ME, headers=headers)
    return int(answer.json()["user"]["company_id"]) if answer.status_code == 200 else None


async def test_every_credential_works_on_every_route(ids: Ids) -> None:
    company = ids.company
    cookie, csrf = await people.session(company, company.email)
    person = await people.token(company, company.email)
    ways = [company.headers, {"x-api-key": company.key}, person, {**cookie, "x-csrf-token": csrf}]
    for endpoint in [one for one in GUARDED if one.method != "DELETE" and one.path not in ENDS_LOGINS]:
        for headers in ways:
            answer = await ids.right(endpoint).send(company.server.client, **headers)
            assert answer.status_code in endpoint.answers, f"{name(endpoint)} {sorted(headers)}: {answer.text}"


async def test_bearer_before_api_key_before_cookie(server: Server) -> None:
    one, two, three = [await server.company() for _ in range(3)]
    cookie, _ = await people.session(three, three.email)
    bearer, api_key = one.headers, {"x-api-key": two.key}
    assert await who(server, **bearer, **api_key, **cookie) == one.organisation_id
    assert await who(server, **api_key, **cookie) == two.organisation_id
    assert await who(server, **cookie) == three.organisation_id


async def test_a_bad_credential_is_not_made_good_by_a_later_one(server: Server) -> None:
    company = await server.company()
    cookie, _ = await people.session(company, company.email)
    assert await who(server, authorization="Bearer wrong", **{"x-api-key": company.key}, **cookie) is None
    assert await who(server, **{"x-api-key": "wrong"}, **cookie) is None
    assert await who(server, authorization=f"Basic {company.key}", **{"x-api-key": company.key}) is not None


async def test_the_scheme_is_read_in_any_case(company: Company) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert await who(company.server, authorization=f"{scheme} {company.key}") == company.organisation_id


async def test_a_cookie_changes_nothing_without_its_csrf_token(ids: Ids) -> None:
    company = ids.company
    cookie, csrf = await people.session(company, company.email)
    _, of_another_session = await people.session(company, company.email)
    for endpoint in CHANGING:
        for token in (None, "", "wrong", of_another_session, csrf[:-1]):
            headers = cookie if token is None else {**cookie, "x-csrf-token": token}
            answer = await ids.right(endpoint).send(company.server.client, **headers)
            assert answer.status_code == 403, f"{name(endpoint)} {token}"
            assert refusal(answer).names("X-CSRF-Token")
            assert "X-CSRF-Token" in refusal(answer).message
    for endpoint in [one for one in GUARDED if one.method == "GET"]:
        answer = await ids.right(endpoint).send(company.server.client, **cookie)
        assert answer.status_code == 200, name(endpoint)
    for endpoint in [one for one in CHANGING if one.path not in ENDS_LOGINS]:
        answer = await ids.right(endpoint).send(company.server.client, **cookie, **{"x-csrf-token": csrf})
        assert answer.status_code != 403, name(endpoint)


async def test_credentials_end(server: Server) -> None:
    company = await server.company()
    cookie, csrf = await people.session(company, company.email)
    person = await people.token(company, company.email)
    soon = (server.clock() + timedelta(hours=1)).isoformat()
    made = await company.request("POST", "/api/v2/tokens", json={"name": "short", "expires_at": soon})
    short = {"x-api-key": made.json()["data"]["token"]}
    assert await who(server, **person) == company.organisation_id
    server.clock.advance(timedelta(minutes=15, seconds=1))
    assert await who(server, **person) is None
    assert await who(server, **short) == company.organisation_id
    server.clock.advance(timedelta(minutes=45))
    assert await who(server, **short) is None
    ended = await server.client.post("/v2/logout", headers={**cookie, "x-csrf-token": csrf})
    assert ended.status_code == 200
    server.client.cookies.clear()
    assert await who(server, **cookie) is None
    again, _ = await people.session(company, company.email)
    assert await who(server, **again) == company.organisation_id
    server.clock.advance(timedelta(days=14, seconds=1))
    assert await who(server, **again) is None


async def test_a_cookie_header_that_is_nonsense_is_no_credential(server: Server) -> None:
    for cookie in ("headwater_session", "=;=", "headwater_session=", "\x01=2", "headwater_session=wrong", ";" * 4000):
        request = httpx.Request("GET", f"http://headwater.test{ME}", headers=[(b"cookie", cookie.encode())])
        assert (await server.client.send(request)).status_code == 401
