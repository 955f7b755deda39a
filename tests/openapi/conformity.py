"""Whether an answer is one that the API description names: its status, media type, shape and headers.

``check`` runs on every answer that a test's server gives (see ``tests/serving.py``),
so that nothing undocumented can pass anywhere. Fields that a schema does not name
are refused here, though the description leaves callers free to ignore them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from headwater import __version__
from headwater.app import ERROR_FORMS, endpoints
from headwater.surfaces._http.openapi import describe
from tests.openapi.refusals import refusal

# What people look at; tests/console holds these pages to their own promises.
IS_CONSOLE = re.compile(
    r"/|/(sign-in|sign-out|register|forgot|reset|verify|invitation|console"
    r"|ads|creators|decisions|agents|data-sources|settings)(/.*)?",
    re.DOTALL,
).fullmatch
_IS_OTHER_PAGE = re.compile(r"/docs(/.*)?|/openapi\.json|/widget(/.*|\.js)").fullmatch
# Shown on the pages of others.
_IS_EMBEDDED = re.compile(r"/widget(/[^/]*|\.js)").fullmatch
# Answers with its own body when a store does not, so that an orchestrator can read which.
_HEALTH = {"/api/v1/health", "/api/v1/health/ready", "/health/ready"}
_UNKNOWN_ROUTE = (404, 405)


def IS_PAGE(path: str) -> bool:
    """Whether this is no part of the API that is described: pages for people, and the description itself."""
    return bool(IS_CONSOLE(path) or _IS_OTHER_PAGE(path))


@cache
def document() -> dict[str, Any]:
    """The API description."""
    return describe([one for one in endpoints() if not IS_PAGE(one.path)], ERROR_FORMS, __version__)


def check(response: httpx.Response) -> None:
    """Fail where ``response`` is not as described; its body has been read."""
    request = response.request
    at = f"{request.method} {request.url} answered {response.status_code}"
    assert response.headers.get("x-request-id"), f"{at} without X-Request-Id"
    _check_safety(response, at)
    mistyped = operation_of(request.method, request.url.path) is None and "text/html" in request.headers.get(
        "accept", ""
    )
    if IS_CONSOLE(request.url.path) or mistyped:
        assert response.status_code == 303 or response.content or request.method == "HEAD", f"{at} with nothing"
        assert not mistyped or response.headers["content-type"].startswith("text/html"), at
        return
    if response.status_code >= 400 and request.method != "HEAD" and request.url.path not in _HEALTH:
        _check_error(response, at)
    if IS_PAGE(request.url.path):
        return
    operation = operation_of(request.method, request.url.path)
    if operation is None:
        assert response.status_code in _UNKNOWN_ROUTE, f"{at} on a route that is not described"
        return
    described = operation["responses"].get(str(response.status_code))
    assert described is not None, f"{at}, which is not described: {response.text[:300]}"
    _check_body(response, described, at)


def _check_safety(response: httpx.Response, at: str) -> None:
    headers = response.headers
    assert headers["x-content-type-options"] == "nosniff", at
    assert headers["referrer-policy"] == "no-referrer", at
    embedded = _IS_EMBEDDED(response.request.url.path) and response.status_code == 200
    assert headers["cross-origin-resource-policy"] == ("cross-origin" if embedded else "same-origin"), at
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';"), at
    assert embedded or "frame-ancestors 'none'" in policy, at
    assert "unsafe-eval" not in policy, at
    assert "script-src 'unsafe-inline'" not in policy, at
    if not IS_PAGE(response.request.url.path):
        assert headers["cache-control"] == "no-store", at


def _check_error(response: httpx.Response, at: str) -> None:
    try:
        refusal(response)
    except (AssertionError, KeyError, ValueError) as problem:
        raise AssertionError(f"{at}: {problem}") from problem


def _check_body(response: httpx.Response, described: dict[str, Any], at: str) -> None:
    content = described.get("content", {})
    if not content:
        assert response.content == b"", f"{at} with a body, which is not described"
        return
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in content, f"{at} as {media_type}; described: {', '.join(content)}"
    if response.request.method == "HEAD":
        assert response.content == b"", f"{at} with a body"
    elif media_type == "application/json" and "schema" in content[media_type]:
        problems = list(errors(content[media_type]["schema"], response.json()))
        assert not problems, f"{at}, not as described: {problems[:3]}"


def errors(schema: dict[str, Any], value: object) -> Iterator[str]:
    """What is wrong with ``value`` by a schema of the document."""
    for error in _validator(repr(schema)).iter_errors(value):
        yield f"{'/'.join(map(str, error.instance_path))}: {error.message}"


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    # Schemas are plain values: their text is a key that a cache can hold.
    known = _schemas()[schema]
    return jsonschema_rs.Draft202012Validator({**known, "components": _closed()}, validate_formats=True)


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    return {repr(schema): schema for schema in _all_schemas(document())}


def _all_schemas(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            yield from _all_schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from _all_schemas(value)


@cache
def _closed() -> dict[str, Any]:
    """The components, each without room for fields that it does not name."""
    components: dict[str, Any] = copy.deepcopy(document()["components"])
    for schema in components["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return components


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The described operation of a request; HEAD is GET without a body."""
    paths = document()["paths"]
    known = paths.get(path) or next((paths[one] for one, matches in _patterns() if matches(path)), {})
    found: dict[str, Any] | None = known.get("get" if method == "HEAD" else method.lower())
    return found


@cache
def _patterns() -> list[tuple[str, Any]]:
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)).fullmatch) for path in document()["paths"]]
