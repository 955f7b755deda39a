"""What deciding needs from elsewhere; the composition root fills these in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from headwater.control.decisions.book import Book
from headwater.query.decisions.state import CustomerState, Decided, OfferRecord
from headwater.scope import Scope
from headwater.storage.port import Appended, FactBatch


class Books(Protocol):
    """Where an organisation's decision entities are found."""

    async def get(self, organisation_id: int) -> Book:
        """The organisation's entities as they are now."""


class DecisionFacts(Protocol):
    """What the facts say of customers, offers and earlier decisions."""

    async def customer(
        self, customer_id: str, since: datetime, segments: Sequence[int], now: datetime, scope: Scope
    ) -> CustomerState:
        """Contacts since a time, suppressions that have not expired, and which of the segments list the customer.

        One statement; it sees every append that has been answered.
        """

    async def rates(self, scope: Scope) -> Mapping[int, OfferRecord]:
        """What became of each offer that has interactions, at most half a second old."""

    async def decided(self, request_id: str, scope: Scope) -> Decided | None:
        """The newest decision under this request id."""


class Facts(Protocol):
    """Where facts are stored."""

    async def append_together(self, batches: Sequence[FactBatch]) -> list[Appended]:
        """Store all batches in one transaction; durable on return, nothing of them stored on an error."""
