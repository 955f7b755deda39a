"""Counts failed logins, or mails that were asked for, per address and per IP, and refuses more for a while.

A login that succeeds is not counted and does not clear what was.
"""

from __future__ import annotations

from typing import Final

from limits import RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
from headwater.kit.clock import Clock

_PER_ADDRESS: Final = RateLimitItemPerMinute(10, 15)
_PER_IP: Final = RateLimitItemPerMinute(50, 15)


class AddressThrottle:
    """What was counted in the last fifteen minutes; ``words`` refuse what is too many."""

    def __init__(self, clock: Clock, words: str) -> None:
        self._words = words
        self._limits = RateLimits(clock)

    def check(self, email: str, ip: str | None) -> None:
        """Refuse the attempt where too many were counted."""
        for item, key in _counted(email, ip):
            self._limits.check(item, key, self._words)

    def take(self, email: str, ip: str | None) -> None:
        """Count the attempt, or refuse it."""
        self.check(email, ip)
        self.count(email, ip)

    def count(self, email: str, ip: str | None) -> None:
        """Count an attempt."""
        for item, key in _counted(email, ip):
            self._limits.count(item, key)


def _counted(email: str, ip: str | None) -> list[tuple[RateLimitItemPerMinute, str]]:
    counted = [(_PER_ADDRESS, f"address:{email}")]
    if ip is not None:
        counted.append((_PER_IP, f"ip:{ip}"))
    return counted
