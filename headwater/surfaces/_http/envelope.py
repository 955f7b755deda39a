"""The forms of errors: each surface answers in its own, chosen by the longest prefix of the path.

The first form is that of most surfaces and of unknown routes (contract: common, "Errors").
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from headwater.errors import HeadwaterError
from headwater.surfaces._http.endpoint import Headers, Reply
from headwater.surfaces._http.services import Services


class ErrorBody(msgspec.Struct, frozen=True):
    """``details`` name the field that is wrong, by the caller's own name for it, and what is allowed."""

    error: bool
    message: str
    code: str
    details: dict[str, Any]


def error_body(error: HeadwaterError) -> ErrorBody:
    """The error as a body."""
    return ErrorBody(True, error.message, error.code, error.details)


def _error_example(kind: type[HeadwaterError], words: str) -> dict[str, Any]:
    return {"error": True, "message": words, "code": kind.code, "details": {}}


class Visit(NamedTuple):
    """What a page for people needs to know of the request that failed."""

    method: str
    path: str
    query: str
    request_id: str
    headers: Headers


@dataclass(frozen=True)
class ErrorForm:
    """How errors are answered at ``prefixes`` and below.

    ``body`` makes the body of an error; ``schema`` is its struct and ``example`` shows
    one kind of error in the API description. Where ``page`` is set, people look at
    these paths: it answers instead.
    """

    prefixes: tuple[str, ...]
    body: Callable[[HeadwaterError], msgspec.Struct]
    schema: type[msgspec.Struct]
    example: Callable[[type[HeadwaterError], str], dict[str, Any]]
    page: Callable[[HeadwaterError, Visit, Services], Awaitable[Reply]] | None = None


FIRST_FORM = ErrorForm(("",), error_body, ErrorBody, _error_example)


class ErrorForms:
    """The forms of all surfaces.

    >>> ErrorForms().of("/nowhere") is FIRST_FORM
    True
    """

    def __init__(self, forms: Sequence[ErrorForm] = ()) -> None:
        self.all = (FIRST_FORM, *forms)
        by_prefix = [(prefix, form) for form in self.all for prefix in form.prefixes]
        self._by_prefix = sorted(by_prefix, key=lambda one: len(one[0]), reverse=True)

    def of(self, path: str) -> ErrorForm:
        """The form of a path, known or not."""
        return next(form for prefix, form in self._by_prefix if not prefix or path == prefix or _below(path, prefix))


def _below(path: str, prefix: str) -> bool:
    # Everything is below "/"; as a prefix it is that page alone.
    return prefix != "/" and path.startswith(f"{prefix}/")
