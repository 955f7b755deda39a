"""The API description: valid OpenAPI 3.1, whole, and with examples that are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis

from headwater.app import endpoints
from headwater.surfaces._http.endpoint import Endpoint
from tests.openapi import conformity
from tests.serving import serving

DOCUMENT = conformity.document()
ROUTES = [one for one in endpoints() if not conformity.IS_PAGE(one.path)]
OPERATIONS = [(path, method, one) for path, methods in DOCUMENT["paths"].items() for method, one in methods.items()]


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def test_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_a_broken_document_is_not_openapi() -> None:
    path, method, operation = OPERATIONS[0]
    broken = {**DOCUMENT, "paths": {path: {method: {**operation, "responses": "none"}}}}
    with pytest.raises(Exception, match="not of type"):
        schemathesis.openapi.from_dict(broken).validate()


async def test_is_served_as_it_is_checked_here(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        answer = await server.client.get("/openapi.json")
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(DOCUMENT))


@pytest.mark.parametrize("endpoint", ROUTES, ids=_name)
def test_every_route_is_described(endpoint: Endpoint) -> None:
    operation = DOCUMENT["paths"][endpoint.path][endpoint.method.lower()]
    assert operation["summary"]
    assert operation["tags"] == [endpoint.tag]
    in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", endpoint.path))
    fields = msgspec.structs.fields(endpoint.query) if endpoint.query else ()
    in_query = {one["name"]: one["required"] for one in operation["parameters"] if one["in"] == "query"}
    assert in_query == {field.encode_name: field.required or _looked_for(field.type) for field in fields}
    assert ("requestBody" in operation) == bool(endpoint.body or endpoint.raw_body)
    assert any(status.startswith("2") for status in operation["responses"])
    has_own_credential = endpoint.path.endswith(("/login", "/refresh", "/inbound")) or endpoint.path == "/metrics"
    assert ("401" in operation["responses"]) == (endpoint.access is not None or has_own_credential)


def test_nothing_else_is_described() -> None:
    assert {(path, method.upper()) for path, method, _ in OPERATIONS} == {(one.path, one.method) for one in ROUTES}


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    found = set(re.findall(r"#/components/schemas/([\w.]+)", msgspec.json.encode(DOCUMENT).decode()))
    assert found
    assert found <= set(DOCUMENT["components"]["schemas"])


def _examples() -> Iterator[Any]:
    for path, method, operation in OPERATIONS:
        places = [("request", operation.get("requestBody", {}))]
        places += list(operation["responses"].items())
        for place, one in places:
            for media_type, content in one.get("content", {}).items():
                if media_type == "application/json" and content.get("schema"):
                    yield pytest.param(content, id=f"{method.upper()} {path} {place}")
        for parameter in operation["parameters"]:
            if "example" in parameter:
                yield pytest.param(parameter, id=f"{method.upper()} {path} {parameter['name']}")


@pytest.mark.parametrize("described", list(_examples()))
def test_every_json_body_has_an_example_that_its_schema_allows(described: dict[str, Any]) -> None:
    assert "example" in described
    assert list(conformity.errors(described["schema"], described["example"])) == []


async def test_the_reference_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        page = await server.client.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        links = re.findall(r'<(?:link|script|img)[^>]* (?:src|href)="([^"]+)"', page.text)
        assert links
        for link in links:
            assert link.startswith(("/", "data:"))
            if link.startswith("/"):
                assert (await server.client.get(link)).status_code == 200, link


def _looked_for(kind: Any) -> bool:
    """Whether a contract looks for the parameter itself, to tell that it is missing beside all else."""
    return any(bool((meta.extra_json_schema or {}).get("x-required")) for meta in getattr(kind, "__metadata__", ()))
