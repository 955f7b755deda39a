"""The API description, OpenAPI 3.1, made from the endpoints and their structs and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.errors import (
    Conflict,
    Forbidden,
    HeadwaterError,
    InternalError,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    RateLimitExceeded,
    RequestTimeout,
    Timeout,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from headwater.surfaces._http.endpoint import READ, Endpoint
from headwater.surfaces._http.envelope import ErrorForm, ErrorForms

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_TITLE = "Headwater"


def describe(endpoints: Sequence[Endpoint], forms: ErrorForms, version: str) -> dict[str, Any]:
    """The whole document."""
    of_errors = dict.fromkeys(forms.of(endpoint.path).schema for endpoint in endpoints)
    types = [*(kind for endpoint in endpoints for kind in _types(endpoint)), *of_errors]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, forms.of(endpoint.path), by_type)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _TITLE,
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "One server for marketing measurement. Send `Authorization: Bearer <API key>` with every"
            " request.",
        },
        "security": [{"bearer": []}, {"apiKey": []}, {"session": []}],
        "tags": [{"name": name} for name in dict.fromkeys(endpoint.tag for endpoint in endpoints)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token."},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "headwater_session",
                    "description": "Set by `POST /v2/login`; requests that change something also need `X-CSRF-Token`.",
                },
            },
        },
    }


def _types(endpoint: Endpoint) -> list[Any]:
    bodies = [body for answers in endpoint.answers.values() for body in answers.bodies]
    return [*bodies, *([endpoint.body] if endpoint.body else [])]


def _operation(endpoint: Endpoint, form: ErrorForm, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)],
        "responses": _responses(endpoint, form, schemas),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.access is None:
        operation["security"] = []
    else:
        operation["x-permission"] = endpoint.access.permission
        operation["x-role"] = endpoint.access.role.name
    if endpoint.body or endpoint.raw_body:
        operation["requestBody"] = _request_body(endpoint, schemas)
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    if endpoint.operation_id:
        return endpoint.operation_id
    words = [word for word in re.split(r"\W+", endpoint.path) if word not in ("", "api", "v1", "v2")]
    return "_".join([endpoint.method.lower(), *words]).replace("-", "_")


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = _inline(endpoint.query)
    required = set(schema.get("required", ()))
    return [
        # Some contracts look for what is missing themselves, to tell it with all else that is wrong.
        _query_parameter(name, one, one.pop("x-required", False) or name in required)
        for name, one in schema["properties"].items()
    ]


def _inline(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """A struct's own schema; the structs of queries have no nested ones."""
    _, components = msgspec.json.schema_components([struct], ref_template=_REF)
    return dict(components[struct.__name__])


def _query_parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    if schema.get("default") in ("", []):
        # Nothing is what a parameter that is left out means, not a value to send.
        del schema["default"]
    found = {"name": name, "in": "query", "required": required, "schema": schema}
    if "description" in schema:
        found["description"] = schema["description"]
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": True}
    if schema.get("examples"):
        found["example"] = schema["examples"][0]
    return found


def _header_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.method != "POST":
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key with the same body within 24 hours returns the first answer again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        }
    ]


def _request_body(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    if endpoint.raw_body:
        first, *others = endpoint.raw_body
        schema = {"type": "object" if first == "application/json" else "string"}
        content: dict[str, Any] = {first: {"schema": schema, "example": endpoint.body_example}}
        content |= {media_type: {"schema": {}} for media_type in others}
    else:
        content = {"application/json": {"schema": schemas[repr(endpoint.body)], "example": endpoint.body_example}}
    return {"required": True, "content": content}


def _responses(endpoint: Endpoint, form: ErrorForm, schemas: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answers in endpoint.answers.items():
        found: dict[str, Any] = {"description": answers.description, "headers": _headers(endpoint)}
        responses[str(status)] = found
        if status != 204:
            found["content"] = {media_type: {} for media_type in answers.media_types}
        if answers.bodies:
            bodies = [schemas[repr(body)] for body in answers.bodies]
            schema = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
            found["content"]["application/json"] = {"schema": schema, "example": answers.example}
    for error in _errors(endpoint):
        responses.setdefault(str(error.status), _error(error, form, schemas))
    return responses


def _errors(endpoint: Endpoint) -> list[type[HeadwaterError]]:
    """The declared errors, and those that access, limits, parsing and the stores bring by themselves."""
    errors: list[type[HeadwaterError]] = [InvalidRequest, *endpoint.errors, InternalError]
    if endpoint.access is not None:
        errors += [Unauthorized, Forbidden, RateLimitExceeded]
    if endpoint.body or endpoint.raw_body:
        errors += [RequestTimeout, PayloadTooLarge, UnsupportedMediaType]
    if _PARAMETER.search(endpoint.path):
        errors.append(NotFound)
    if endpoint.method == "POST":
        errors.append(Conflict)
    if endpoint.access == READ:
        errors += [Timeout, Unavailable]
    return sorted(set(errors), key=lambda error: error.status)


def _error(error: type[HeadwaterError], form: ErrorForm, schemas: dict[str, Any]) -> dict[str, Any]:
    words = (error.__doc__ or "").strip().partition("\n")[0]
    return {
        "description": words,
        "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": schemas[repr(form.schema)], "example": form.example(error, words)}},
    }


def _headers(endpoint: Endpoint) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"schema": {"type": "string"}}}
    if endpoint.access is not None:
        for name, words in (
            ("X-RateLimit-Limit", "Requests an hour that the plan allows; absent without a limit."),
            ("X-RateLimit-Remaining", "Requests left in this clock hour."),
            ("X-RateLimit-Reset", "When the next hour begins, in Unix seconds."),
        ):
            headers[name] = {"description": words, "schema": {"type": "integer"}}
    return headers
