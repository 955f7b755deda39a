"""Promise: ``Idempotency-Key`` on every POST: the same request is done once, anything else refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from headwater.control.record import Record
from headwater.storage.port import Appended
from headwater.surfaces._http.endpoint import Call, Reply
from tests.openapi.refusals import refusal
from tests.promises import people
from tests.promises.routes import POSTS, Asked, Ids, name, with_handler
from tests.serving import event, serving

KEY = {"idempotency-key": "a key: 17"}
INGEST = "/api/v1/ingest/ad-events"
SHARED = pytest.mark.asyncio(loop_scope="module")
_keys = count(1)


def _key(endpoint: Any) -> dict[str, str]:
    """A key that no other test uses."""
    return {"idempotency-key": f"{name(endpoint)} {next(_keys)}"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ids]:
    """One company for the tests that walk all routes: what they do is done under keys of their own."""
    async with serving(tmp_path_factory.mktemp("shared")) as server:
        yield await Ids.of(await server.company())


def of_company(ids: Ids) -> Callable[..., Awaitable[httpx.Response]]:
    """Sends a request as the company."""

    async def send(asked: Asked, **headers: str) -> httpx.Response:
        return await asked.send(ids.company.server.client, **{**ids.company.headers, **headers})

    return send


async def rows(ids: Ids) -> dict[str, int]:
    """How many rows each table of the control plane has."""
    counted = [table for name, table in Record.metadata.tables.items() if name not in ("kept_answer", "audit_event")]
    control = ids.company.server.services.control
    # What is done beside the answers, too.
    await control.settle()
    async with control.reading() as session:
        return {str(one.name): await session.scalar(select(func.count()).select_from(one)) or 0 for one in counted}


@pytest.mark.parametrize("endpoint", POSTS, ids=name)
@SHARED
async def test_the_same_request_is_done_once_and_answered_alike(shared: Ids, endpoint: Any) -> None:
    send = of_company(shared)
    asked = shared.right(endpoint).but(headers=_key(endpoint))
    first = await send(asked)
    assert 200 <= first.status_code < 300, first.text
    shared.company.server.client.cookies.clear()
    before = await rows(shared)
    second = await send(asked)
    shared.company.server.client.cookies.clear()
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers.get("set-cookie") == first.headers.get("set-cookie")
    assert await rows(shared) == before


@pytest.mark.parametrize("endpoint", POSTS, ids=name)
@SHARED
async def test_another_body_or_route_is_a_conflict(shared: Ids, endpoint: Any) -> None:
    send = of_company(shared)
    asked = shared.right(endpoint).but(headers=_key(endpoint))
    if endpoint.body or endpoint.raw_body:
        assert 200 <= (await send(asked)).status_code < 300
        shared.company.server.client.cookies.clear()
        before = await rows(shared)
        other = await send(asked.but(content=asked.content + b" "))
        assert (other.status_code, refusal(other).code) == (409, "CONFLICT")
        assert refusal(other).names("Idempotency-Key")
        assert await rows(shared) == before


async def test_another_route_or_query_is_a_conflict(ids: Ids) -> None:
    send = of_company(ids)
    asked = Asked("POST", "/api/v2/tokens", {}, b'{"name":"x"}', {"content-type": "application/json", **KEY})
    assert (await send(asked)).status_code == 201
    assert (await send(asked.but(path="/api/v1/account/api-keys"))).status_code == 409
    assert (await send(asked.but(params={"x": "1"}))).status_code == 409


@pytest.mark.parametrize("endpoint", [one for one in POSTS if one.body or one.raw_body], ids=name)
@SHARED
async def test_a_refused_request_is_not_kept(shared: Ids, endpoint: Any) -> None:
    send = of_company(shared)
    asked = shared.right(endpoint).but(headers=_key(endpoint))
    assert (await send(asked.but(content=b"{}"))).status_code == 400
    mended = await send(asked)
    assert 200 <= mended.status_code < 300, mended.text


@pytest.mark.parametrize("key", ["x" * 256, "", "tab\tin"])
async def test_a_key_that_is_too_long_or_unprintable_is_refused(ids: Ids, key: str) -> None:
    for endpoint in POSTS:
        before = await rows(ids)
        answer = await of_company(ids)(ids.right(endpoint), **{"idempotency-key": key})
        assert answer.status_code == 400, name(endpoint)
        assert refusal(answer).names("Idempotency-Key")
        assert await rows(ids) == before


async def test_the_longest_key_is_taken(ids: Ids) -> None:
    for endpoint in POSTS:
        answer = await of_company(ids)(ids.right(endpoint), **{"idempotency-key": f"{name(endpoint)}".ljust(255, "x")})
        ids.company.server.client.cookies.clear()
        assert 200 <= answer.status_code < 300, name(endpoint)


async def test_after_24_hours_a_key_is_new(ids: Ids) -> None:
    send = of_company(ids)
    asked = Asked("POST", "/api/v2/workspaces", {}, b'{"name":"x"}', {"content-type": "application/json", **KEY})
    first = (await send(asked)).json()["data"]["id"]
    clock = ids.company.server.clock
    clock.advance(timedelta(hours=23, minutes=59))
    assert (await send(asked)).json()["data"]["id"] == first
    clock.advance(timedelta(minutes=1, seconds=1))
    assert (await send(asked)).json()["data"]["id"] != first


async def test_ingest_after_24_hours_is_done_again(ids: Ids) -> None:
    send = of_company(ids)
    line = json.dumps(event(ids.creative)).encode()
    asked = Asked("POST", INGEST, {}, line, {"content-type": "application/x-ndjson", **KEY})
    assert (await send(asked)).json()["accepted"] == 1
    ids.company.server.clock.advance(timedelta(hours=24, seconds=1))
    before = await _impressions(ids)
    assert (await send(asked)).json()["accepted"] == 1
    assert await _impressions(ids) == before + 1


async def _impressions(ids: Ids) -> int:
    answer = await ids.company.get("/v2/aggregation-api/counts", resource="creative", id=ids.creative)
    return int(answer.json()[str(ids.creative)]["impressions"])


async def test_organisations_do_not_share_keys(ids: Ids) -> None:
    other = await Ids.of(await ids.company.server.company())
    for endpoint in [one for one in POSTS if one.access]:
        for whose in (ids, other):
            answer = await of_company(whose)(whose.right(endpoint), **{"idempotency-key": name(endpoint)})
            assert 200 <= answer.status_code < 300, name(endpoint)


async def test_a_key_without_the_right_gets_no_kept_answer(ids: Ids) -> None:
    asked = Asked("POST", "/api/v2/tokens", {}, b'{"name":"x"}', {"content-type": "application/json", **KEY})
    assert (await of_company(ids)(asked)).status_code == 201
    weak = await people.key(ids.company, "read", "write")
    answer = await asked.send(ids.company.server.client, **weak)
    assert answer.status_code == 403
    assert "hw_live_" not in answer.text


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        ids = await Ids.of(await server.company())
        asked = {name(one): ids.right(one).but(headers={"idempotency-key": name(one)}) for one in POSTS}
        first = {}
        for one, request in asked.items():
            first[one] = (await of_company(ids)(request)).content
            server.client.cookies.clear()
        impressions = await _impressions(ids)
    async with serving(tmp_path) as server:
        for one, request in asked.items():
            again = await request.send(server.client, **ids.company.headers)
            server.client.cookies.clear()
            assert again.content == first[one], one
        ids.company.server = server
        assert await _impressions(ids) == impressions


async def test_while_the_first_is_under_way_the_second_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path) as server:
        ids = await Ids.of(await server.company())
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def waits(_: Call[Any, Any]) -> Reply:
        begun.set()
        await go_on.wait()
        return Reply(b"{}", 299)

    with_handler(monkeypatch, waits, [one for one in POSTS if not one.own_idempotency])
    async with serving(tmp_path) as server:
        # The answers of this handler are not the routes' own.
        server.client.event_hooks = {"response": []}
        for endpoint in [one for one in POSTS if not one.own_idempotency]:
            begun.clear()
            go_on.clear()
            asked = ids.right(endpoint).but(headers={"idempotency-key": name(endpoint)})
            first = asyncio.create_task(asked.send(server.client, **ids.company.headers))
            await begun.wait()
            async with asyncio.timeout(10):
                second = await asked.send(server.client, **ids.company.headers)
            assert (second.status_code, second.headers["retry-after"]) == (409, "1"), name(endpoint)
            go_on.set()
            assert (await first).status_code == 299


async def test_while_a_batch_is_being_stored_the_second_is_refused(ids: Ids, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    store = ids.company.server.services.store
    append = store.append

    async def waits(batches: Any) -> list[Appended]:
        begun.set()
        await go_on.wait()
        return await append(batches)

    monkeypatch.setattr(store, "append", waits)
    line = json.dumps(event(ids.creative)).encode()
    asked = Asked("POST", INGEST, {}, line, {"content-type": "application/x-ndjson", **KEY})
    first = asyncio.create_task(of_company(ids)(asked))
    await begun.wait()
    async with asyncio.timeout(10):
        second = await of_company(ids)(asked)
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    go_on.set()
    assert (await first).json()["accepted"] == 1
