"""What became of each offer in a decision, in one form for a decision just made and for one read again. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from headwater.control.decisions.book import Book
from headwater.decisioning.decide import Considered
from headwater.query.decisions.state import TraceOffer

Result = Literal["not_qualified", "held_back", "ranked", "selected", "considered"]


class Explained(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far an offer came: ``reason`` is why it did not qualify, ``policyType`` what held it back.

    Only traces that were sent hold offers that were ``considered`` and nothing else is known of.
    """

    offer_id: str
    offer_name: str
    result: Result
    reason: str | None
    policy_type: str | None
    score: float | None
    rank: int | None


def of_decision(one: Considered) -> Explained:
    """A candidate of a decision just made."""
    offer = one.choice.offer
    return Explained(
        offer_id=offer.id,
        offer_name=offer.name,
        result=one.fate,
        reason=one.reason or None,
        policy_type=one.policy_type or None,
        score=one.score,
        rank=one.rank,
    )


def of_trace(one: TraceOffer, book: Book) -> Explained:
    """An offer of a stored decision."""
    return Explained(
        offer_id=book.id_of("offer", one.offer),
        offer_name=book.name_of("offer", one.offer),
        result=_result(one),
        reason=one.reason or None,
        policy_type=one.policy_type or None,
        score=one.score,
        rank=one.rank,
    )


def _result(one: TraceOffer) -> Result:
    """The first that applies, as ``why_not_ranked`` counts them."""
    if one.selected is not None:
        return "selected"
    if one.qualified is False:
        return "not_qualified"
    if one.permitted is False:
        return "held_back"
    return "considered" if one.rank is None else "ranked"
