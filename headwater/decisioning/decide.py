"""The whole decision, from candidates to ranks: pure, so that a trace can be explained by running it again.

candidates → qualification → suppressions and contact policies → scores → ranks. Each
candidate has one fate: it did not qualify, was held back, ranks, or ranks and is selected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Literal

import msgspec

from headwater.decisioning.board import Board, Choice
from headwater.decisioning.contact import Rules, rules
from headwater.decisioning.qualification import disqualified
from headwater.decisioning.ranking import rank
from headwater.decisioning.scoring import Given, score
from headwater.query.decisions.state import CustomerState

Fate = Literal["not_qualified", "held_back", "ranked", "selected"]


class Asked(msgspec.Struct, frozen=True):
    """For whom a decision is made, on which channel, when, and by which method; ``limit`` is how many at most."""

    channel: int
    now: datetime
    limit: int
    segments: Set[int]
    attributes: Mapping[str, Any]
    method: str


class Considered(msgspec.Struct, frozen=True):
    """A candidate and how far it came.

    ``reason`` is why it did not qualify, ``policy_type`` what held it back; ``score`` and
    ``rank`` are those of an offer that neither happened to.
    """

    choice: Choice
    reason: str = ""
    policy_type: str = ""
    score: float | None = None
    rank: int | None = None
    selected: bool = False

    @property
    def fate(self) -> Fate:
        """What became of it."""
        if self.reason:
            return "not_qualified"
        if self.policy_type:
            return "held_back"
        return "selected" if self.selected else "ranked"


class Decision(msgspec.Struct, frozen=True):
    """What was considered, in the order of the candidates; ``failure`` is why scoring fell back, if it did."""

    considered: tuple[Considered, ...]
    method: str
    failure: str | None = None

    @property
    def degraded(self) -> bool:
        """Whether a fallback scored."""
        return self.failure is not None

    @property
    def selected(self) -> list[Considered]:
        """What the customer is given, best first."""
        return sorted((one for one in self.considered if one.selected), key=lambda one: one.rank or 0)

    @property
    def qualified(self) -> int:
        """How many candidates passed their rules."""
        return sum(not one.reason for one in self.considered)

    @property
    def ranked(self) -> int:
        """How many came to be ranked."""
        return sum(one.rank is not None for one in self.considered)


def decide(board: Board, candidates: Sequence[Choice], state: CustomerState, asked: Asked, given: Given) -> Decision:
    """Take the candidates through every stage."""
    segments = asked.segments | state.segments
    holding = rules(board.limits, state.suppressions, state.contacts, asked.channel, asked.now)
    early = {one.offer.number: _early(one, segments, asked.attributes, holding) for one in candidates}
    permitted = [one for one in candidates if early[one.offer.number] is None]
    scored = score(permitted, asked.method, given)
    scores = dict(zip((one.offer.number for one in permitted), scored.scores, strict=True))
    ranked = rank(list(zip(permitted, scored.scores, strict=True)), holding.bounds, asked.limit)

    def considered(choice: Choice) -> Considered:
        offer = choice.offer.number
        if (out := early[offer]) is not None:
            return out
        if against := ranked.held_back.get(offer):
            return Considered(choice, policy_type=against)
        place = ranked.ranks[offer]
        return Considered(choice, score=scores[offer], rank=place, selected=place <= asked.limit)

    return Decision(tuple([considered(one) for one in candidates]), scored.method, scored.failure)


def _early(choice: Choice, segments: Set[int], attributes: Mapping[str, Any], holding: Rules) -> Considered | None:
    """The fate of a candidate that does not come to be scored."""
    if choice.rules and (reason := disqualified(choice, segments, attributes)):
        return Considered(choice, reason=reason)
    if policy_type := holding.holds_back(choice.offer.number):
        return Considered(choice, policy_type=policy_type)
    return None
