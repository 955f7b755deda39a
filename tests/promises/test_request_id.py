"""Promise: every answer, errors too, carries the caller's X-Request-Id if that was sane, and else one of its own."""

from __future__ import annotations

import re

import pytest

from tests.promises.routes import ROUTES, Ids, name
from tests.serving import Server

INSANE = ["", "a b", "x" * 129, "tab\tin", "<script>", "quote'", "ä", "semi;colon"]


async def test_a_sane_one_comes_back_on_every_route(ids: Ids) -> None:
    client = ids.company.server.client
    for endpoint in ROUTES:
        asked = ids.right(endpoint).but(headers={"x-request-id": "Call-7:a.b_c"})
        for headers in ({}, ids.company.headers):
            answer = await asked.send(client, **headers)
            assert answer.headers["x-request-id"] == "Call-7:a.b_c", f"{name(endpoint)} {answer.status_code}"


@pytest.mark.parametrize("path", ["/api/v1/health", "/nowhere", "/api/v1/auth/me"])
async def test_an_insane_one_is_replaced(server: Server, path: str) -> None:
    given = set()
    for insane in INSANE:
        answer = await server.client.get(path, headers=[(b"x-request-id", insane.encode("latin-1"))])
        assert re.fullmatch("[0-9a-f]{16}-[0-9a-f]+", answer.headers["x-request-id"])
        given.add(answer.headers["x-request-id"])
    assert len(given) == len(INSANE)
