"""The hourly request limit of an organisation's plan (contract: common, "Limits")."""

from __future__ import annotations

from headwater.errors import RateLimitExceeded
from headwater.kit.clock import Clock
from headwater.scope import Scope

_HOUR = 3600


class HourlyLimits:
    """Counts requests by organisation within the clock hour; a restart begins at nought."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hour = 0
        self._counts: dict[int, int] = {}

    def hit(self, scope: Scope) -> tuple[dict[str, str], RateLimitExceeded | None]:
        """Count a request: the headers of its response, and the refusal when it is one too many."""
        limit = scope.requests_per_hour
        if limit is None:
            return {}, None
        now = int(self._clock().timestamp())
        if now // _HOUR != self._hour:
            self._hour = now // _HOUR
            self._counts.clear()
        used = self._counts.get(scope.organisation_id, 0) + 1
        reset = (self._hour + 1) * _HOUR
        if used <= limit:
            self._counts[scope.organisation_id] = used
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(limit - used, 0)),
            "x-ratelimit-reset": str(reset),
        }
        if used <= limit:
            return headers, None
        wait = reset - now
        return headers, RateLimitExceeded(
            f"The plan allows {limit:,} requests an hour; the next hour begins in {wait} s.",
            retry_after=wait,
            limit=limit,
            reset=reset,
        )
