"""How much people outside a company may ask its agents: so much an address, so much a conversation.

Kept in this process.
"""

from __future__ import annotations

import math

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from headwater.errors import RateLimitExceeded
from headwater.kit.clock import Clock


class VisitorLimits:
    """What was asked within the last minute and hour."""

    def __init__(self, clock: Clock, per_minute: int, per_conversation: int) -> None:
        self._clock = clock
        self._of_address = RateLimitItemPerMinute(per_minute)
        self._of_conversation = RateLimitItemPerHour(per_conversation)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, address: str, conversation: str | None) -> None:
        """Count a message, or refuse it with ``RateLimitExceeded``."""
        self._hit(self._of_address, f"address:{address}", "Too many messages from your address")
        if conversation is not None:
            self.take_turn(conversation)

    def take_turn(self, conversation: str) -> None:
        """Count a message of a conversation alone: a platform's addresses are not those of people."""
        self._hit(self._of_conversation, f"conversation:{conversation}", "Too many messages in this conversation")

    def _hit(self, item: RateLimitItem, key: str, words: str) -> None:
        if not self._limiter.hit(item, key):
            free_at = self._limiter.get_window_stats(item, key).reset_time
            wait = max(1, math.ceil(free_at - self._clock().timestamp()))
            raise RateLimitExceeded(f"{words}; try again in {wait} s.", retry_after=wait)
