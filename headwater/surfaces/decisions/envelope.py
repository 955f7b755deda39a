"""The form of errors of the decisions contract: ``{"error": {"code", "message", "status", "details"}}``."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headwater.control.decisions.kinds import KINDS
from headwater.errors import HeadwaterError, InvalidRequest, RateLimitExceeded
from headwater.surfaces._http.envelope import ErrorForm

_CODES: Final[dict[type[HeadwaterError], str]] = {InvalidRequest: "BAD_REQUEST", RateLimitExceeded: "RATE_LIMITED"}
"""Codes that this contract spells in its own way."""


class DecisionErrorContent(msgspec.Struct, frozen=True):
    """``details`` name the field that is wrong, by the caller's own name for it, and what is allowed."""

    code: str
    message: str
    status: int
    details: dict[str, Any]


class DecisionError(msgspec.Struct, frozen=True):
    """An error."""

    error: DecisionErrorContent


def error_body(error: HeadwaterError) -> DecisionError:
    """The error as a body."""
    return DecisionError(DecisionErrorContent(_code(type(error)), error.message, error.status, error.details))


def _code(kind: type[HeadwaterError]) -> str:
    return next((code for known, code in _CODES.items() if issubclass(kind, known)), kind.code)


def _example(kind: type[HeadwaterError], words: str) -> dict[str, Any]:
    return {"error": {"code": _code(kind), "message": words, "status": kind.status, "details": {}}}


FORM: Final = ErrorForm(
    (
        *(f"/api/v1/{kind.path}" for kind in KINDS),
        "/api/v1/dashboard-data",
        "/api/v1/recommend",
        "/api/v1/respond",
        "/api/v1/decision-traces",
    ),
    error_body,
    DecisionError,
    _example,
)
