"""Counts failed logins, or mails that were asked for, per address and per IP, and refuses more for a while.

Kept in this process; a login that succeeds is not counted and does not clear what was.
"""

from __future__ import annotations

import math
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from headwater.errors import RateLimitExceeded
from headwater.kit.clock import Clock

_PER_ADDRESS: Final = RateLimitItemPerMinute(10, 15)
_PER_IP: Final = RateLimitItemPerMinute(50, 15)


class AddressThrottle:
    """What was counted in the last fifteen minutes; ``words`` refuse what is too many."""

    def __init__(self, clock: Clock, words: str) -> None:
        self._clock = clock
        self._words = words
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, email: str, ip: str | None) -> None:
        """Refuse the attempt where too many were counted."""
        for item, key in _counted(email, ip):
            if not self._limiter.test(item, key):
                free_at = self._limiter.get_window_stats(item, key).reset_time
                wait = max(1, math.ceil(free_at - self._clock().timestamp()))
                raise RateLimitExceeded(self._words, retry_after=wait)

    def take(self, email: str, ip: str | None) -> None:
        """Count the attempt, or refuse it."""
        self.check(email, ip)
        self.count(email, ip)

    def count(self, email: str, ip: str | None) -> None:
        """Count an attempt."""
        for item, key in _counted(email, ip):
            self._limiter.hit(item, key)


def _counted(email: str, ip: str | None) -> list[tuple[RateLimitItemPerMinute, str]]:
    counted = [(_PER_ADDRESS, f"address:{email}")]
    if ip is not None:
        counted.append((_PER_IP, f"ip:{ip}"))
    return counted
