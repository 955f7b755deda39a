"""The error form of most surfaces and of unknown routes (contract: common, "Errors")."""

from __future__ import annotations

from typing import Any

import msgspec

from headwater.errors import HeadwaterError


class ErrorBody(msgspec.Struct, frozen=True):
    """``details`` name the field that is wrong, by the caller's own name for it, and what is allowed."""

    error: bool
    message: str
    code: str
    details: dict[str, Any]


def error_body(error: HeadwaterError) -> ErrorBody:
    """The error as a body."""
    return ErrorBody(True, error.message, error.code, error.details)
