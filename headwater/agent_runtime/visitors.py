"""How much people outside a company may ask its agents: so much an address, so much a conversation."""

from __future__ import annotations

from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from headwater.control.rate_limits import RateLimits
from headwater.kit.clock import Clock
from headwater.shared import Shared


class VisitorLimits:
    """What was asked within the last minute and hour."""

    def __init__(self, shared: Shared, clock: Clock, per_minute: int, per_conversation: int) -> None:
        self._of_address = RateLimitItemPerMinute(per_minute)
        self._of_conversation = RateLimitItemPerHour(per_conversation)
        self._limits = RateLimits("visitors", shared, clock)

    async def take(self, address: str, conversation: str | None) -> None:
        """Count a message, or refuse it with ``RateLimitExceeded``."""
        await self._limits.hit(self._of_address, f"address:{address}", "Too many messages from your address")
        if conversation is not None:
            await self.take_turn(conversation)

    async def take_turn(self, conversation: str) -> None:
        """Count a message of a conversation alone: a platform's addresses are not those of people."""
        await self._limits.hit(
            self._of_conversation, f"conversation:{conversation}", "Too many messages in this conversation"
        )
