"""Counts failed logins, or mails that were asked for, per address and per IP, and refuses more for a while.

A login that succeeds is not counted and does not clear what was.
"""

from __future__ import annotations

from typing import Final, Literal

from limits import RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
from headwater.kit.clock import Clock
from headwater.shared import Shared

_PER_ADDRESS: Final = RateLimitItemPerMinute(10, 15)
_PER_IP: Final = RateLimitItemPerMinute(50, 15)


_WORDS: Final = {
    "login": "Too many failed logins",
    "register": "Too many registrations",
    "recover": "Too many mails were asked for",
}


class AddressThrottle:
    """What was counted of one kind of attempts in the last fifteen minutes."""

    def __init__(self, kind: Literal["login", "register", "recover"], shared: Shared, clock: Clock) -> None:
        self._words = _WORDS[kind]
        self._limits = RateLimits(kind, shared, clock)

    async def check(self, email: str, ip: str | None) -> None:
        """Refuse the attempt where too many were counted."""
        for item, key in _counted(email, ip):
            await self._limits.check(item, key, self._words)

    async def take(self, email: str, ip: str | None) -> None:
        """Count the attempt, or refuse it; of those that come at once no more are let in than there may be."""
        # What one window refuses should not be counted in the other.
        await self.check(email, ip)
        for item, key in _counted(email, ip):
            await self._limits.hit(item, key, self._words)

    async def count(self, email: str, ip: str | None) -> None:
        """Count an attempt."""
        for item, key in _counted(email, ip):
            await self._limits.count(item, key)


def _counted(email: str, ip: str | None) -> list[tuple[RateLimitItemPerMinute, str]]:
    counted = [(_PER_ADDRESS, f"address:{email}")]
    if ip is not None:
        counted.append((_PER_IP, f"ip:{ip}"))
    return counted
