"""Errors as they were answered, read in the form of their path, for tests that hold over all forms.

Which path has which form stands here a second time, by the contracts' own words.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import httpx

from headwater.errors import HeadwaterError

STATUS_OF_CODE = {error.code: error.status for error in HeadwaterError.__subclasses__()}
OF_CREATORS = re.compile(r"/api/v1/(projects|creators|videos|campaigns|org|analytics)(/.*)?", re.DOTALL).fullmatch
OF_DECISIONS = re.compile(
    r"/api/v1/(offers|categories|channels|creatives|segments|decision-flows|algorithm-models|contact-policies"
    r"|experiments|journeys|triggers|approvals|outcome-types|dashboard-data|recommend|respond|decision-traces)(/.*)?",
    re.DOTALL,
).fullmatch
_PLACES = {"invalid_query", "invalid_body", "invalid_params"}
_KEYS = {
    **{code: {"errors"} for code in _PLACES},
    "retention_exceeded": {"tier_retention_days", "oldest_allowed"},
    "limit_reached": {"limitKey", "current", "max"},
    "insufficient_scope": {"required", "granted"},
    "rate_limit_exceeded": {"retryAfter"},
}
_FIRST_CODES = {
    **dict.fromkeys(_PLACES, "INVALID_REQUEST"),
    "invalid_api_key": "UNAUTHORIZED",
    "retention_exceeded": "PAYMENT_REQUIRED",
    "limit_reached": "PAYMENT_REQUIRED",
    "insufficient_scope": "FORBIDDEN",
}

_FIRST_CODES_OF_DECISIONS = {"BAD_REQUEST": "INVALID_REQUEST", "RATE_LIMITED": "RATE_LIMIT_EXCEEDED"}


class Refusal(NamedTuple):
    """What every form tells: the kind of error in the first form's words, a sentence, and what is wrong."""

    code: str
    message: str
    details: dict[str, Any]
    problems: dict[str, str] | None

    def names(self, field: str, *, prefix: bool = False) -> bool:
        """Whether the answer names this field, where its form names fields at all."""
        if self.problems is None:
            return True
        return any(_same(one, field, prefix) for one in self.problems)

    def says_what_is_allowed(self) -> bool:
        """In its details, or in its sentence."""
        return bool(self.details.get("allowed")) or (not self.details and bool(self.message))


def refusal(response: httpx.Response) -> Refusal:
    """The error of an answer, whose form is checked on the way."""
    body = response.json()
    path = response.request.url.path
    if OF_CREATORS(path):
        found = _of_creators(body)
    elif path == "/mcp":
        found = _of_mcp(body, response.status_code)
    elif OF_DECISIONS(path):
        found = _of_decisions(body, response.status_code)
    else:
        found = _of_the_first_form(body)
    assert found.message
    assert isinstance(found.message, str)
    assert STATUS_OF_CODE[found.code] == response.status_code, f"{response.status_code} with {found.code}"
    return found


def _of_the_first_form(body: dict[str, Any]) -> Refusal:
    assert set(body) == {"error", "message", "code", "details"}, f"with {body}"
    assert body["error"] is True
    assert isinstance(body["details"], dict)
    field = body["details"].get("field")
    return Refusal(body["code"], body["message"], body["details"], {} if field is None else {field: body["message"]})


def _of_creators(body: dict[str, Any]) -> Refusal:
    assert set(body) == {"data", "error", "meta"}, f"with {body}"
    assert body["data"] is None
    meta = body["meta"]
    code = meta["code"]
    assert set(meta) - {"code"} == _KEYS.get(code, set()), f"with {meta}"
    problems = {one["path"]: one["message"] for one in meta["errors"]} if code in _PLACES else None
    return Refusal(_FIRST_CODES.get(code, code.upper()), body["error"], {}, problems)


def _of_decisions(body: dict[str, Any], status: int) -> Refusal:
    assert set(body) == {"error"}, f"with {body}"
    error = body["error"]
    assert set(error) == {"code", "message", "status", "details"}, f"with {body}"
    assert error["status"] == status
    field = error["details"].get("field")
    code = _FIRST_CODES_OF_DECISIONS.get(error["code"], error["code"])
    return Refusal(code, error["message"], error["details"], {} if field is None else {field: error["message"]})


def _of_mcp(body: dict[str, Any], status: int) -> Refusal:
    assert set(body) == {"jsonrpc", "id", "error"}, f"with {body}"
    error = body["error"]
    assert (body["jsonrpc"], set(error) - {"data"}) == ("2.0", {"code", "message"}), f"with {body}"
    data = dict(error.get("data") or {})
    # What the protocol's own library refuses has a code of the protocol only.
    code = data.pop("code", None) or next(one for one, of in STATUS_OF_CODE.items() if of == status)
    field = data.get("field")
    return Refusal(code, error["message"], data, {} if field is None else {field: error["message"]})


def _same(one: str, field: str, prefix: bool) -> bool:
    return one.partition("[")[0] == field.partition("[")[0] if prefix else one == field
