"""Promise: every error of every route has the form of its surface and says what to mend.

The form itself is checked on every answer by ``tests/openapi/conformity.py``; here
every route is made to give each of its errors.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from headwater.surfaces._http.endpoint import Call, Reply
from tests.openapi.refusals import refusal
from tests.promises.routes import GUARDED, ROUTES, WITH_BODY, WITH_JSON, Ids, name, with_handler
from tests.serving import Company, Server, serving

NOT_JSON = (b"", b"{", b'{"a": nul}', b"\xff\xfe", b"[1,", b"[" * 100_000)


async def test_the_requests_of_these_tests_are_right(ids: Ids) -> None:
    """Else a spoilt one could fail for another reason."""
    for endpoint in [one for one in ROUTES if one.method != "DELETE"]:
        answer = await ids.right(endpoint).send(ids.company.server.client, **ids.company.headers)
        assert answer.status_code in endpoint.answers, f"{name(endpoint)}: {answer.text}"
    for endpoint in [one for one in reversed(ROUTES) if one.method == "DELETE"]:
        if "api-keys" not in endpoint.path:
            answer = await ids.right(endpoint).send(ids.company.server.client, **ids.company.headers)
            assert answer.status_code in endpoint.answers, f"{name(endpoint)}: {answer.text}"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v2", "/v2/aggregation-api/counts/", "/api/v1/%00", "//", "/api/v1/analytics/x"]
)
async def test_unknown_paths(server: Server, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH", "OPTIONS"):
        answer = await server.client.request(method, f"http://headwater.test{path}")
        assert (answer.status_code, refusal(answer).code) == (404, "NOT_FOUND")


async def test_methods_that_a_path_does_not_take(server: Server) -> None:
    paths: dict[str, set[str]] = {}
    for endpoint in ROUTES:
        paths.setdefault(endpoint.path, set()).add(endpoint.method)
    for path, methods in paths.items():
        taken = methods | ({"HEAD"} if "GET" in methods else set())
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "NONSENSE"} - taken:
            answer = await server.client.request(method, path.replace("{", "").replace("}", ""))
            assert answer.status_code == 405, f"{method} {path}"
            assert set(answer.headers["allow"].split(", ")) == taken
            if method != "HEAD":
                refused = refusal(answer)
                assert refused.code == "METHOD_NOT_ALLOWED"
                assert set(refused.details.get("allowed", taken)) == taken


async def test_no_credential_and_bad_ones(ids: Ids) -> None:
    client = ids.company.server.client
    for endpoint in GUARDED:
        asked = ids.right(endpoint)
        for headers in (
            {},
            {"authorization": "Bearer hw_live_wrong"},
            {"x-api-key": "x"},
            {"authorization": "Basic eA=="},
        ):
            answer = await asked.send(client, **headers)
            assert answer.status_code == 401, name(endpoint)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_bodies_that_are_not_json(ids: Ids) -> None:
    for endpoint in WITH_JSON:
        asked = ids.right(endpoint)
        for content in (*NOT_JSON, asked.content + b" {}"):
            asked = asked.but(content=content)
            answer = await asked.send(ids.company.server.client, **ids.company.headers)
            assert answer.status_code == 400, f"{name(endpoint)} {content[:20]!r}"
            assert refusal(answer).names("body")


async def test_texts_that_are_not_utf_8(ids: Ids) -> None:
    for endpoint in WITH_JSON:
        asked = ids.right(endpoint)
        content = re.sub(rb'": "[^"]*"', b'": "\xc3"', asked.content)
        assert content != asked.content
        answer = await asked.but(content=content).send(ids.company.server.client, **ids.company.headers)
        assert answer.status_code == 400, name(endpoint)


async def test_bodies_of_another_shape(ids: Ids) -> None:
    for endpoint in WITH_JSON:
        for content in (b"[]", b"null", b'"text"', b"17", b"true"):
            asked = ids.right(endpoint).but(content=content)
            answer = await asked.send(ids.company.server.client, **ids.company.headers)
            assert answer.status_code == 400, f"{name(endpoint)} {content!r}"
            assert refusal(answer).names("body")


async def test_each_missing_field_is_named(ids: Ids) -> None:
    for endpoint in WITH_JSON:
        assert endpoint.body
        asked = ids.right(endpoint)
        for one in msgspec.structs.fields(endpoint.body):
            if not one.required:
                continue
            body = json.loads(asked.content)
            del body[one.encode_name]
            answer = await asked.but(content=json.dumps(body).encode()).send(
                ids.company.server.client, **ids.company.headers
            )
            assert answer.status_code == 400, f"{name(endpoint)} without {one.encode_name}"
            assert refusal(answer).problems == {one.encode_name: f"'{one.encode_name}' is required."}


async def test_each_field_of_a_wrong_type_is_named_with_what_is_allowed(ids: Ids) -> None:
    for endpoint in WITH_JSON:
        assert endpoint.body
        asked = ids.right(endpoint)
        for one in msgspec.structs.fields(endpoint.body):
            wrong = ["not this"] if _holds_an_object(one.type) else {"not": "this"}
            body = {**json.loads(asked.content), one.encode_name: wrong}
            answer = await asked.but(content=json.dumps(body).encode()).send(
                ids.company.server.client, **ids.company.headers
            )
            assert answer.status_code == 400, f"{name(endpoint)} {one.encode_name}"
            assert refusal(answer).names(one.encode_name)
            assert refusal(answer).says_what_is_allowed()


def _holds_an_object(kind: Any) -> bool:
    schema = msgspec.json.schema(kind)
    return any("$ref" in one or one.get("type") == "object" for one in (schema, *schema.get("anyOf", ())))


async def test_each_wrong_query_parameter_is_named(ids: Ids) -> None:
    for endpoint in [one for one in ROUTES if one.query]:
        assert endpoint.query
        asked = ids.right(endpoint)
        for one in msgspec.structs.fields(endpoint.query):
            # Any text can be meant by these; the channel of a conversation is also the name of what was deployed.
            if one.encode_name in ("metric[]", "search", "q", "external_id", "customerId", "requestId"):
                continue
            if (endpoint.path.rpartition("/")[2], one.encode_name) == ("conversations", "channel"):
                continue
            wrong = asked.but(params={**asked.params, one.encode_name: "not this"})
            answer = await wrong.send(ids.company.server.client, **ids.company.headers)
            # What names an entity is not there, whoever's it would be.
            expected = 404 if one.encode_name == "conversation_id" else 400
            assert answer.status_code == expected, f"{name(endpoint)} {one.encode_name}"
            assert refusal(answer).names(one.encode_name, prefix=True)


async def test_unknown_query_parameters_are_refused_with_the_nearest(ids: Ids) -> None:
    for endpoint in [one for one in ROUTES if one.refuse_unknown]:
        assert endpoint.query
        asked = ids.right(endpoint)
        known = msgspec.structs.fields(endpoint.query)[0].encode_name
        misspelt = known.removesuffix("[]") + "x"
        answer = await asked.but(params={**asked.params, misspelt: "1"}).send(
            ids.company.server.client, **ids.company.headers
        )
        assert answer.status_code == 400, name(endpoint)
        assert refusal(answer).names(misspelt)
        assert f"Did you mean '{known}'?" in refusal(answer).message


def test_the_analytics_endpoints_refuse_what_they_do_not_know() -> None:
    analytics = [one for one in ROUTES if "aggregation-api" in one.path]
    assert len(analytics) == 5
    assert all(one.refuse_unknown for one in analytics)


@pytest.mark.parametrize("query", [b"%ff=1", b"a=%00", b"limit=%c3"])
async def test_query_strings_that_no_route_reads(ids: Ids, query: bytes) -> None:
    for endpoint in GUARDED:
        asked = ids.right(endpoint)
        url = f"{asked.path}?{query.decode('ascii')}"
        answer = await asked.but(path=url, params={}).send(ids.company.server.client, **ids.company.headers)
        assert answer.status_code == 400, name(endpoint)


async def test_bodies_that_are_too_large(tmp_path: Path) -> None:
    async with serving(tmp_path, max_body_bytes=2000, max_ingest_bytes=3000, max_upload_bytes=3000) as server:
        ids = await Ids.of(await server.company())
        for endpoint in WITH_BODY:
            limit = 3000 if endpoint.max_body else 2000
            asked = ids.right(endpoint)
            filled = asked.content + b" " * (limit - len(asked.content))
            answer = await asked.but(content=filled).send(server.client, **ids.company.headers)
            assert answer.status_code in endpoint.answers, f"{name(endpoint)}: {answer.text}"
            answer = await asked.but(content=filled + b" ").send(server.client, **ids.company.headers)
            refused = refusal(answer)
            assert (answer.status_code, refused.code) == (413, "PAYLOAD_TOO_LARGE"), name(endpoint)
            assert refused.details in ({"field": "body", "allowed": limit}, {})
            assert f"{limit:,} bytes" in refused.message


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x"])
async def test_media_types_that_a_route_does_not_read(ids: Ids, media_type: str) -> None:
    for endpoint in WITH_BODY:
        if media_type.partition(";")[0] in endpoint.raw_body:
            continue
        asked = ids.right(endpoint).but(headers={"content-type": media_type})
        answer = await asked.send(ids.company.server.client, **ids.company.headers)
        assert answer.status_code == 415, name(endpoint)
        assert refusal(answer).names("Content-Type")
        assert refusal(answer).says_what_is_allowed()


async def test_encodings_that_a_route_does_not_read(ids: Ids) -> None:
    for endpoint in WITH_BODY:
        asked = ids.right(endpoint).but(headers={"content-encoding": "br"})
        answer = await asked.send(ids.company.server.client, **ids.company.headers)
        assert answer.status_code == 415, name(endpoint)
        assert refusal(answer).names("Content-Encoding")


async def test_a_failure_inside_says_nothing_of_the_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path) as server:
        whole = await Ids.of(await server.company())

    async def fails(_: Call[Any, Any]) -> Reply:
        raise RuntimeError("secret: /var/lib/headwater/control.db")

    with_handler(monkeypatch, fails)
    async with serving(tmp_path) as server:
        for endpoint in ROUTES:
            asked = whole.right(endpoint)
            with capture_logs() as lines:
                answer = await asked.send(server.client, **whole.company.headers)
            assert answer.status_code == 500, name(endpoint)
            assert refusal(answer).code == "INTERNAL_ERROR"
            assert "secret" not in answer.text
            assert "Runtime" not in answer.text
            logged = next(line for line in lines if line["event"] == "request.failed")
            assert logged["request_id"] == answer.headers["x-request-id"]


async def test_a_store_that_fails_says_nothing_of_itself(
    ids: Ids, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("disk /dev/sda1 is on fire")

    monkeypatch.setattr(company.server.services.engine, "ask", broken)
    for endpoint in [one for one in ROUTES if "aggregation-api" in one.path or one.path.endswith("/export")]:
        with capture_logs():
            answer = await ids.right(endpoint).send(company.server.client, **company.headers)
        assert answer.status_code == 500, name(endpoint)
        assert "disk" not in answer.text
