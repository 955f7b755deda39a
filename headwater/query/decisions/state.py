"""What the facts say that a decision needs, and decisions as they were stored: plain values.

The engine of decisions fills them in from statements; deciding and answering read them. Offers,
channels, creatives, segments, flows and models go by their numbers, 0 where there is none;
times are UTC without saying so, as facts have them. It knows no names and no statement.

>>> Suppression(0, 0, "opt_out").covers(offer=7, channel=2)
True
>>> Suppression(7, 0, "dismiss").covers(offer=8, channel=2)
False
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

EVERY = 0
"""The offer or channel of a suppression that holds for all of them."""


class Contact(msgspec.Struct, frozen=True):
    """An impression that a customer had; several at one moment are as many contacts."""

    offer: int
    channel: int
    at: datetime


class Suppression(msgspec.Struct, frozen=True):
    """What a customer is not to be offered until ``expires_at``, None for good."""

    offer: int
    channel: int
    policy_type: str
    expires_at: datetime | None = None

    def covers(self, offer: int, channel: int) -> bool:
        """Whether it keeps this offer off this channel."""
        return self.offer in (EVERY, offer) and self.channel in (EVERY, channel)


class CustomerState(msgspec.Struct, frozen=True):
    """A customer at one moment, from one statement.

    ``contacts`` are those since the time asked for, in any order; ``suppressions`` those
    that have not expired; ``segments`` those of the ones asked for that list the customer.
    """

    contacts: tuple[Contact, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    segments: frozenset[int] = frozenset()


class OfferRecord(msgspec.Struct, frozen=True):
    """An offer's interactions of all time: impressions, positive outcomes, and what they cost together."""

    impressions: int = 0
    positive: int = 0
    cost: Decimal = Decimal(0)


class Decided(msgspec.Struct, frozen=True):
    """What a request was answered: for each rank from 1, the offer and its creative."""

    at: datetime
    customer_id: str
    channel: int
    selected: Mapping[int, tuple[int, int]]


class TraceOffer(msgspec.Struct, frozen=True):
    """One offer in one decision, as far as it came; None is a step that it never reached.

    ``candidate`` is its place among the candidates from 1, ``rank`` its place by score and
    ``selected`` its place in the answer, both from 1.
    """

    offer: int
    candidate: int | None = None
    qualified: bool | None = None
    reason: str = ""
    permitted: bool | None = None
    policy_type: str = ""
    score: float | None = None
    rank: int | None = None
    model: int = 0
    selected: int | None = None
    creative: int = 0


class Trace(msgspec.Struct, frozen=True):
    """One decision; ``id`` is the one that callers know, ``offers`` begin with the candidates in their order."""

    number: int
    id: str
    at: datetime
    customer_id: str
    channel: int
    flow: int
    request_id: str
    degraded: bool
    latency_ms: float | None
    offers: tuple[TraceOffer, ...]


class TraceFilter(msgspec.Struct, frozen=True):
    """Which decisions: those that meet every condition given; ``offer`` is one among its candidates."""

    customer_id: str | None = None
    request_id: str | None = None
    offer: int | None = None


class Page(msgspec.Struct, frozen=True):
    """Some of the decisions found, newest first, and how many there are in all."""

    rows: tuple[Trace, ...]
    total: int
