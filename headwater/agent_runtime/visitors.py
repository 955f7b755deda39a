"""How much people outside a company may ask its agents: so much an address, so much a conversation."""

from __future__ import annotations

from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
from headwater.kit.clock import Clock


class VisitorLimits:
    """What was asked within the last minute and hour."""

    def __init__(self, clock: Clock, per_minute: int, per_conversation: int) -> None:
        self._of_address = RateLimitItemPerMinute(per_minute)
        self._of_conversation = RateLimitItemPerHour(per_conversation)
        self._limits = RateLimits(clock)

    def take(self, address: str, conversation: str | None) -> None:
        """Count a message, or refuse it with ``RateLimitExceeded``."""
        self._limits.hit(self._of_address, f"address:{address}", "Too many messages from your address")
        if conversation is not None:
            self.take_turn(conversation)

    def take_turn(self, conversation: str) -> None:
        """Count a message of a conversation alone: a platform's addresses are not those of people."""
        self._limits.hit(
            self._of_conversation, f"conversation:{conversation}", "Too many messages in this conversation"
        )
