"""Contract: creators, "Envelope": every answer is {"data", "error", "meta"}, and every problem is told at once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType, field

from headwater import errors
from headwater.app import ERROR_FORMS
from headwater.errors import HeadwaterError, InvalidRequest, Problem
from headwater.surfaces._http.envelope import FIRST_FORM
from headwater.surfaces._http.params import parse_query
from headwater.surfaces._http.validation import decode
from headwater.surfaces.creators.envelope import FORM, PREFIXES, enveloped, error_body, listed
from tests.serving import Server


def body(error: HeadwaterError) -> Any:
    """The error as it goes out."""
    return msgspec.json.decode(msgspec.json.encode(error_body(error)))


class Page(msgspec.Struct, frozen=True):
    """A query of a route."""

    entity: Literal["creator", "video"]
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    id: list[int] = field(name="id[]", default_factory=list)


class Child(msgspec.Struct, frozen=True):
    """A struct within a body."""

    handle: Annotated[str, Meta(max_length=3)]
    followers: int | UnsetType = UNSET


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of a route."""

    name: str
    first: Child | None = None
    creators: list[Child] | UnsetType = UNSET


def problems(error: InvalidRequest) -> dict[str, str]:
    return {one["path"]: one["message"] for one in body(error)["meta"]["errors"]}


TABLE = [
    (InvalidRequest("x", place="query", field="a"), "invalid_query", {"errors": [{"path": "a", "message": "x"}]}),
    (InvalidRequest("x", place="body", field="a"), "invalid_body", {"errors": [{"path": "a", "message": "x"}]}),
    (InvalidRequest("x", place="path", field="a"), "invalid_params", {"errors": [{"path": "a", "message": "x"}]}),
    (errors.Unauthorized("x"), "invalid_api_key", {}),
    (
        errors.RetentionExceeded(90, date(2026, 1, 2)),
        "retention_exceeded",
        {"tier_retention_days": 90, "oldest_allowed": "2026-01-02"},
    ),
    (
        errors.PaymentRequired("Limit reached: max_creators", limitKey="max_creators", current=5, max=5),
        "limit_reached",
        {"limitKey": "max_creators", "current": 5, "max": 5},
    ),
    (
        errors.Forbidden("x", required=["write"], granted=["read"]),
        "insufficient_scope",
        {"required": ["write"], "granted": ["read"]},
    ),
    (errors.NotFound("x"), "not_found", {}),
    (errors.MethodNotAllowed("x", ["GET"]), "method_not_allowed", {}),
    (errors.RequestTimeout("x"), "request_timeout", {}),
    (errors.Conflict("x", field="name"), "conflict", {}),
    (errors.PayloadTooLarge("x"), "payload_too_large", {}),
    (errors.UnsupportedMediaType("x"), "unsupported_media_type", {}),
    (errors.RateLimitExceeded("x", retry_after=7), "rate_limit_exceeded", {"retryAfter": 7}),
    (errors.InternalError("x"), "internal_error", {}),
    (errors.UpstreamError("x"), "upstream_error", {}),
    (errors.Unavailable("x"), "unavailable", {}),
    (errors.Timeout("x"), "timeout", {}),
]


@pytest.mark.parametrize(("error", "code", "more"), TABLE, ids=lambda one: one if isinstance(one, str) else "")
def test_each_error_has_the_code_and_the_keys_of_the_table(
    error: HeadwaterError, code: str, more: dict[str, Any]
) -> None:
    assert body(error) == {"data": None, "error": error.message, "meta": {"code": code, **more}}


def test_every_kind_of_error_is_in_the_table() -> None:
    assert {type(error).code for error, _, _ in TABLE} == {one.code for one in HeadwaterError.__subclasses__()}


def test_a_limit_that_is_reached_is_named() -> None:
    error = errors.PaymentRequired("Whatever was said.", limitKey="max_projects", current=1, max=1)
    assert body(error)["error"] == "Limit reached: max_projects"


def test_successes_have_the_three_keys() -> None:
    assert msgspec.to_builtins(enveloped({"id": 1})) == {"data": {"id": 1}, "error": None, "meta": None}
    assert msgspec.to_builtins(listed([1], None)) == {"data": [1], "error": None, "meta": {"nextCursor": None}}


def test_every_wrong_query_parameter_is_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_query(b"limt=1&limit=0&entity=creater&id=1,x&limit=3", Page, refuse_unknown=True)
    assert problems(refused.value) == {
        "limt": "Unknown parameter 'limt'. Did you mean 'limit'?",
        "limit": "'limit' must be at least 1.",
        "entity": "'entity' cannot be 'creater'. Did you mean 'creator'?",
        "id[][1]": "'id[][1]' must be a whole number.",
    }
    assert body(refused.value)["meta"]["code"] == "invalid_query"


def test_a_missing_parameter_is_told_with_the_wrong_ones() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_query(b"limit=101", Page, refuse_unknown=False)
    assert set(problems(refused.value)) == {"entity", "limit"}
    assert body(refused.value)["error"].endswith("1 more: see meta.errors.")


def test_every_wrong_field_of_a_body_is_told_at_once_at_any_depth() -> None:
    sent = {"x": 1, "first": {"handle": "long"}, "creators": [{"handle": "abc"}, {"followers": "1"}, 7]}
    with pytest.raises(InvalidRequest) as refused:
        decode(msgspec.json.encode(sent), Sent)
    assert problems(refused.value) == {
        "x": "'x' is unknown.",
        "name": "'name' is required.",
        "first.handle": "'first.handle' must have at most 3 characters.",
        "creators[1].handle": "'creators[1].handle' is required.",
        "creators[1].followers": "'creators[1].followers' must be a whole number, and not a text.",
        "creators[2]": "'creators[2]' must be an object, and not a whole number.",
    }
    assert body(refused.value)["meta"]["code"] == "invalid_body"


@pytest.mark.parametrize("content", [b"[]", b"17", b"{", b'{"name": 1} x', b'{"name": 1, "x": ' + b"[" * 9999])
def test_a_body_that_is_wrong_as_a_whole_is_one_problem(content: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode(content, Sent)
    assert len(problems(refused.value)) == 1


def test_rules_behind_the_parsing_tell_theirs_the_same_way() -> None:
    error = InvalidRequest.of([Problem("to", "It ends early."), Problem("mode", "Unknown.")], "query")
    assert problems(error) == {"to": "It ends early.", "mode": "Unknown."}
    assert error.details == {"field": "to"}


def test_a_flood_of_problems_is_cut() -> None:
    error = InvalidRequest.of([Problem(str(number), "x") for number in range(5000)])
    assert len(body(error)["meta"]["errors"]) == 100


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_form_is_that_of_the_longest_prefix(prefix: str) -> None:
    for path in (prefix, f"{prefix}/", f"{prefix}/1/x"):
        assert ERROR_FORMS.of(path) is FORM
    for path in (f"{prefix}x", f"/x{prefix}", "/api/v1", "/api/v1/health", "//", ""):
        assert ERROR_FORMS.of(path) is FIRST_FORM


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_unknown_paths_below_the_prefixes_answer_in_this_form(server: Server, prefix: str) -> None:
    answer = await server.client.post(f"{prefix}/a/b/c/d")
    assert answer.status_code == 404
    assert answer.json()["meta"] == {"code": "not_found"}
    assert answer.json()["data"] is None
    elsewhere = await server.client.post(f"{prefix}x")
    assert elsewhere.json()["code"] == "NOT_FOUND"
