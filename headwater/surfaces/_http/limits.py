"""The hourly request limit of an organisation's plan (contract: common, "Limits")."""

from __future__ import annotations

from datetime import timedelta

from headwater.errors import RateLimitExceeded
from headwater.kit.clock import Clock
from headwater.scope import Scope
from headwater.shared import Shared

_HOUR = 3600
_COUNT_LIFE = timedelta(hours=2)


class HourlyLimits:
    """Counts requests by organisation within the clock hour, over all processes where they share a server for it.

    What this process counts, or has last heard of the others', goes on while that server does not answer, and
    when it has begun anew; a restart of all begins at nought.
    """

    def __init__(self, shared: Shared, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock
        self._hour = 0
        self._counts: dict[int, int] = {}

    async def hit(self, scope: Scope) -> tuple[dict[str, str], RateLimitExceeded | None]:
        """Count a request: the headers of its response, and the refusal when it is one too many."""
        limit = scope.requests_per_hour
        if limit is None:
            return {}, None
        now = int(self._clock().timestamp())
        if now // _HOUR != self._hour:
            self._hour = now // _HOUR
            self._counts.clear()
        hour, reset = self._hour, (self._hour + 1) * _HOUR
        used = await self._used(scope.organisation_id, limit)
        if used <= limit and hour == self._hour:
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

    async def _used(self, organisation_id: int, limit: int) -> int:
        """How many requests there were in this hour, with the one that asks; those that are refused do not count."""
        name = f"requests:{self._hour}:{organisation_id}"
        together = await self._shared.count(name, 1, _COUNT_LIFE)
        used = max(self._counts.get(organisation_id, 0) + 1, together or 0)
        if together is not None and used > limit:
            await self._shared.count(name, -1, _COUNT_LIFE)
        return used
