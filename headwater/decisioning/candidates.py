"""The first stage: which offers are considered at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from headwater.control.decisions.book import Offer
from headwater.decisioning.board import Board, Choice
from headwater.query.decisions.state import OfferRecord


def candidates(
    board: Board, channel: int, excluded: Collection[int], rates: Mapping[int, OfferRecord], now: datetime
) -> list[Choice]:
    """Active offers in schedule, within budget, with an active creative on the channel, that are not excluded."""
    return [
        choice
        for choice in board.choices(channel)
        if choice.offer.number not in excluded
        and in_schedule(choice.offer, now)
        and within_budget(choice.offer, rates.get(choice.offer.number))
    ]


def in_schedule(offer: Offer, now: datetime) -> bool:
    """Whether it has begun and not ended; at the very instant of ``ends_at`` it has."""
    begun = offer.starts_at is None or offer.starts_at <= now
    return begun and (offer.ends_at is None or now < offer.ends_at)


def within_budget(offer: Offer, record: OfferRecord | None) -> bool:
    """Whether anything of its budget is left; an offer without a budget may cost what it will."""
    return offer.allocated is None or (record.cost if record else 0) < offer.allocated
