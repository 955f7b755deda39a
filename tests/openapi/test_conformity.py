"""The check that runs on every answer can fail: each kind of undocumented answer is caught."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from headwater.surfaces._http.browsers import BrowserHeaders
from tests.openapi import conformity

ME = {"id": "1", "email": "a@b.c", "full_name": "A", "role": "owner", "company_id": "1", "is_verified": False}
GOOD: dict[str, Any] = {"json": {"user": ME}}
ERROR = {"error": True, "message": "No.", "code": "UNAUTHORIZED", "details": {}}


def answer(status: int = 200, method: str = "GET", path: str = "/api/v1/auth/me", **more: Any) -> httpx.Response:
    headers = {"x-request-id": "abc", **dict(BrowserHeaders(tls=False).beside(())), **more.pop("headers", {})}
    request = httpx.Request(method, f"http://headwater.test{path}")
    return httpx.Response(status, headers=headers, request=request, **more)


@pytest.mark.parametrize(
    "good",
    [
        answer(**GOOD),
        answer(401, json=ERROR),
        answer(404, path="/nowhere", json={**ERROR, "code": "NOT_FOUND"}),
        answer(204, "DELETE", "/api/v2/reports/7"),
        answer(path="/openapi.json", json={}),
    ],
    ids=lambda one: f"{one.status_code} {one.request.url.path}",
)
def test_what_is_described_passes(good: httpx.Response) -> None:
    conformity.check(good)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (answer(**GOOD, headers={"x-request-id": ""}), "without X-Request-Id"),
        (answer(418, json={**ERROR, "code": "CONFLICT"}), "CONFLICT"),
        (answer(402, json={**ERROR, "code": "PAYMENT_REQUIRED"}), "not described"),
        (answer(401, json={"error": "No."}), "with"),
        (answer(401, json={**ERROR, "detail": "x"}), "with"),
        (answer(401, json={**ERROR, "error": False}), "answered 401"),
        (answer(401, json={**ERROR, "code": "NOT_FOUND"}), "NOT_FOUND"),
        (answer(json={"user": {**ME, "id": 1}}), "not as described"),
        (answer(json={"user": {**ME, "password_hash": "x"}}), "not as described"),
        (answer(json={"user": {"id": "1"}}), "not as described"),
        (answer(text="hello"), "as text/plain"),
        (answer(204, "DELETE", "/api/v2/reports/7", text="gone"), "with a body"),
        (answer(path="/nowhere", json={}), "on a route that is not described"),
        (answer(method="HEAD", **GOOD), "with a body"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_not_described_fails(bad: httpx.Response, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        conformity.check(bad)
