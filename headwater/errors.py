"""Every error that a caller can meet, with its code and HTTP status.

    HeadwaterError
    ├── InvalidRequest        400 INVALID_REQUEST
    │   └── HostRefused       the same, of an address that the server does not connect to
    ├── Unauthorized          401 UNAUTHORIZED
    ├── PaymentRequired       402 PAYMENT_REQUIRED
    │   └── RetentionExceeded the same, of a plan's days of history
    ├── Forbidden             403 FORBIDDEN
    ├── NotFound              404 NOT_FOUND
    │   └── UnknownPath       the same, of no route
    ├── MethodNotAllowed      405 METHOD_NOT_ALLOWED
    ├── RequestTimeout        408 REQUEST_TIMEOUT
    ├── Conflict              409 CONFLICT
    │   └── StoreInUse        the same, met on the command line only
    ├── PayloadTooLarge       413 PAYLOAD_TOO_LARGE
    ├── UnsupportedMediaType  415 UNSUPPORTED_MEDIA_TYPE
    ├── RateLimitExceeded     429 RATE_LIMIT_EXCEEDED
    ├── InternalError         500 INTERNAL_ERROR
    ├── UpstreamError         502 UPSTREAM_ERROR
    │   └── UpstreamTimeout   504 TIMEOUT
    ├── Unavailable           503 UNAVAILABLE
    │   └── OutcomeUnknown    the same, of what may have been done
    └── Timeout               504 TIMEOUT

The place that knows what is wrong raises one of these with a message for the
caller; surfaces put it into their own envelope. Nothing here knows HTTP beyond
the status number, and no message may carry text from inside the server.

>>> InvalidRequest("'metric' is unknown", field="metric[]").details
{'field': 'metric[]'}
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Literal, NamedTuple

Place = Literal["query", "body", "path", "header"]


class HeadwaterError(Exception):
    """An error with words for the caller.

    ``details`` holds machine-readable facts: ``field`` is the caller's own name
    for what is wrong, ``allowed`` what would have been right. ``retry_after`` is
    in whole seconds and becomes the ``Retry-After`` header.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, retry_after: int | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after


class Problem(NamedTuple):
    """One thing that is wrong with a request: the caller's own name for it, and a sentence."""

    path: str
    message: str


class InvalidRequest(HeadwaterError):
    """The request cannot be understood or breaks a rule of its contract.

    ``place`` is where it is wrong; who raises it need not know, since the route does.
    ``problems`` are all that were found, for contracts that tell every one at once;
    the message is the first one's.
    """

    code, status = "INVALID_REQUEST", 400

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        problems: Sequence[Problem] = (),
        retry_after: int | None = None,
        **details: object,
    ) -> None:
        super().__init__(message, retry_after=retry_after, **details)
        self.place = place
        self._problems = tuple(problems)

    @classmethod
    def of(cls, problems: Sequence[Problem], place: Place | None = None) -> InvalidRequest:
        """The error of several problems; there must be one at least."""
        return cls(problems[0].message, place=place, problems=problems, field=problems[0].path)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong."""
        return self._problems or (Problem(str(self.details.get("field", self.place or "")), self.message),)


class HostRefused(InvalidRequest):
    """A URL or host that the server does not connect to: badly written, private, or of the machine itself."""


class Unauthorized(HeadwaterError):
    """No credential, or one that is unknown, expired or revoked."""

    code, status = "UNAUTHORIZED", 401


class PaymentRequired(HeadwaterError):
    """A cap of the organisation's plan is reached; ``details.cap`` names it."""

    code, status = "PAYMENT_REQUIRED", 402


class RetentionExceeded(PaymentRequired):
    """The question reaches further back than the plan keeps."""

    def __init__(self, days: int, oldest_allowed: date) -> None:
        super().__init__(
            f"Your plan keeps {days} days; the oldest day that can be asked for is {oldest_allowed.isoformat()}.",
            tier_retention_days=days,
            oldest_allowed=oldest_allowed.isoformat(),
        )


class Forbidden(HeadwaterError):
    """The credential is good but may not do this.

    ``required`` is what would do, ``granted`` what the caller has of that sort.
    """

    code, status = "FORBIDDEN", 403

    def __init__(
        self, message: str, *, required: Sequence[str] = (), granted: Sequence[str] = (), **details: object
    ) -> None:
        super().__init__(message)
        self.details = details
        self.required = tuple(required)
        self.granted = tuple(granted)


class NotFound(HeadwaterError):
    """Unknown, or another organisation's: the two are not told apart."""

    code, status = "NOT_FOUND", 404


class UnknownPath(NotFound):
    """No route has this path."""


class MethodNotAllowed(HeadwaterError):
    """The path exists, but not for this method."""

    code, status = "METHOD_NOT_ALLOWED", 405

    def __init__(self, message: str, allowed: list[str]) -> None:
        super().__init__(message, allowed=allowed)
        self.allowed = allowed


class RequestTimeout(HeadwaterError):
    """The body came too slowly."""

    code, status = "REQUEST_TIMEOUT", 408


class Conflict(HeadwaterError):
    """The request contradicts what is already there."""

    code, status = "CONFLICT", 409


class StoreInUse(Conflict):
    """Another process holds the data directory's facts."""


class PayloadTooLarge(HeadwaterError):
    """The body, as sent or unfolded, is over the limit."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UnsupportedMediaType(HeadwaterError):
    """The body's media type or encoding is not one that the route reads."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class RateLimitExceeded(HeadwaterError):
    """The organisation's hourly limit, or a login limit, is used up."""

    code, status = "RATE_LIMIT_EXCEEDED", 429


class InternalError(HeadwaterError):
    """Something failed inside; the log has it under the request id."""

    code, status = "INTERNAL_ERROR", 500


class UpstreamError(HeadwaterError):
    """Another server, which this one had to ask, cannot be reached or answers what cannot be used."""

    code, status = "UPSTREAM_ERROR", 502


class UpstreamTimeout(UpstreamError):
    """Another server did not answer in time."""

    code, status = "TIMEOUT", 504


class Unavailable(HeadwaterError):
    """The server cannot take this now; nothing of it was done."""

    code, status = "UNAVAILABLE", 503


class OutcomeUnknown(Unavailable):
    """What was to be stored may have been: nobody can say now."""


class Timeout(HeadwaterError):
    """The query ran into its time limit and was stopped."""

    code, status = "TIMEOUT", 504
