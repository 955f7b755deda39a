"""Counts what somebody did within a moving window, and refuses what is too much. Kept in this process.

>>> from limits import RateLimitItemPerMinute
>>> from headwater.kit.clock import system_clock
>>> limits = RateLimits(system_clock)
>>> limits.hit(RateLimitItemPerMinute(1), "ada", "Too many letters")
>>> limits.hit(RateLimitItemPerMinute(1), "ada", "Too many letters")
Traceback (most recent call last):
headwater.errors.RateLimitExceeded: Too many letters; try again in 60 s.
"""

from __future__ import annotations

import math

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from headwater.errors import RateLimitExceeded
from headwater.kit.clock import Clock


class RateLimits:
    """Windows by what is limited and by whose they are."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, item: RateLimitItem, key: str, words: str) -> None:
        """Count it, or refuse it with ``RateLimitExceeded``; ``words`` say what there was too much of."""
        if not self._limiter.hit(item, key):
            raise self._refusal(item, key, words)

    def check(self, item: RateLimitItem, key: str, words: str) -> None:
        """Refuse what would be too much, and count nothing."""
        if not self._limiter.test(item, key):
            raise self._refusal(item, key, words)

    def count(self, item: RateLimitItem, key: str) -> None:
        """Count it, also when it is too much."""
        self._limiter.hit(item, key)

    def _refusal(self, item: RateLimitItem, key: str, words: str) -> RateLimitExceeded:
        free_at = self._limiter.get_window_stats(item, key).reset_time
        wait = max(1, math.ceil(free_at - self._clock().timestamp()))
        return RateLimitExceeded(f"{words}; try again in {wait} s.", retry_after=wait)
