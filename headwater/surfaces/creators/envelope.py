"""``{"data", "error", "meta"}``: what every answer of the creators contract stands in.

Pure. An endpoint describes its answers as ``Enveloped[Row]`` or ``Listed[Row]`` and
makes them with ``enveloped`` and ``listed``; errors become ``Failure`` by themselves.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType, field

from headwater.errors import (
    Forbidden,
    HeadwaterError,
    InvalidRequest,
    PaymentRequired,
    RateLimitExceeded,
    RetentionExceeded,
)
from headwater.surfaces._http.envelope import ErrorForm

T = TypeVar("T")

PREFIXES: Final = (
    "/api/v1/projects",
    "/api/v1/creators",
    "/api/v1/videos",
    "/api/v1/campaigns",
    "/api/v1/org",
    "/api/v1/analytics",
)
_MOST_PROBLEMS: Final = 100


class Enveloped(msgspec.Struct, Generic[T], frozen=True):
    """A success."""

    data: T
    error: None
    meta: None


class PageMeta(msgspec.Struct, frozen=True):
    """``nextCursor`` is the ``cursor`` of the next page; null on the last."""

    next_cursor: str | None = field(name="nextCursor")


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list."""

    data: list[T]
    error: None
    meta: PageMeta


class FieldProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the request; ``path`` is the sender's own name for it."""

    path: str
    message: str


class FailureMeta(msgspec.Struct, frozen=True):
    """``code`` tells the kind of error; the other keys come with the kinds that they belong to."""

    code: str
    errors: list[FieldProblem] | UnsetType = UNSET
    tier_retention_days: int | UnsetType = UNSET
    oldest_allowed: str | UnsetType = UNSET
    limit_key: str | UnsetType = field(name="limitKey", default=UNSET)
    current: int | UnsetType = UNSET
    max: int | UnsetType = UNSET
    required: list[str] | UnsetType = UNSET
    granted: list[str] | UnsetType = UNSET
    retry_after: int | UnsetType = field(name="retryAfter", default=UNSET)


class Failure(msgspec.Struct, frozen=True):
    """An error: one sentence, and what a program needs to know of it."""

    data: None
    error: str
    meta: FailureMeta


def enveloped(data: T) -> Enveloped[T]:
    """One thing that was asked for."""
    return Enveloped(data, None, None)


def listed(rows: list[T], next_cursor: str | None) -> Listed[T]:
    """A page, and where the next one begins."""
    return Listed(rows, None, PageMeta(next_cursor))


_CODES: Final = {400: "invalid_params", 401: "invalid_api_key", 402: "limit_reached", 403: "insufficient_scope"}
_CODES_OF_PLACES: Final = {"query": "invalid_query", "body": "invalid_body"}


def error_body(error: HeadwaterError) -> Failure:
    """The error as a body."""
    match error:
        case InvalidRequest():
            return _invalid(error)
        case RetentionExceeded():
            return _failure(error.message, "retention_exceeded", **error.details)
        case PaymentRequired(details={"limitKey": key, "current": current, "max": most}):
            return _failure(f"Limit reached: {key}", "limit_reached", limit_key=key, current=current, max=most)
        case Forbidden(required=required, granted=granted):
            return _failure(error.message, "insufficient_scope", required=list(required), granted=list(granted))
        case RateLimitExceeded(retry_after=int(seconds)):
            return _failure(error.message, "rate_limit_exceeded", retry_after=seconds)
        case _:
            return _failure(error.message, _code(type(error)))


def _invalid(error: InvalidRequest) -> Failure:
    code = _CODES_OF_PLACES.get(error.place or "", "invalid_params")
    problems = [FieldProblem(path, message) for path, message in error.problems[:_MOST_PROBLEMS]]
    more = len(error.problems) - 1
    words = f"{error.message} {more} more: see meta.errors." if more else error.message
    return _failure(words, code, errors=problems)


def _failure(message: str, code: str, **meta: Any) -> Failure:
    return Failure(None, message, FailureMeta(code, **meta))


def _code(kind: type[HeadwaterError]) -> str:
    return _CODES.get(kind.status, kind.code.lower())


def _example(kind: type[HeadwaterError], words: str) -> dict[str, Any]:
    return {"data": None, "error": words, "meta": {"code": _code(kind)}}


FORM: Final = ErrorForm(PREFIXES, error_body, Failure, _example)
