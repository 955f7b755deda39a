"""The last stages: offers by score, what only an order can decide, and the selected ones.

Of offers that exclude each other the best ranked one is left. A cap that has room for two
contacts lets the two best ranked of its offers through and holds the others back, so that one
answer cannot exceed it; once the answer is full, a cap holds nothing back any more: what
follows ranks too low anyway. Ranks count what is left, from 1; the first ``most`` are selected.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headwater.decisioning.board import Choice


class Bound(msgspec.Struct, frozen=True):
    """Of ``offers`` (None: all) only ``room`` may be left: among all that rank, or among the selected alone."""

    policy_type: str
    offers: frozenset[int] | None
    room: int
    selected_only: bool = True

    def can_bind(self, most: int) -> bool:
        """Whether it can hold anything back from an answer of ``most`` offers."""
        some = self.offers is None or len(self.offers) > self.room
        return some and (self.room < most or not self.selected_only)


class Ranked(msgspec.Struct, frozen=True):
    """What became of a scored offer, by its number: its rank from 1, or the policy that held it back."""

    ranks: dict[int, int]
    held_back: dict[int, str]


def rank(scored: Sequence[tuple[Choice, float]], bounds: Sequence[Bound], most: int) -> Ranked:
    """Ranks of offers that come in the order in which those of one score stand."""
    ranks: dict[int, int] = {}
    held_back: dict[int, str] = {}
    bounds = [bound for bound in bounds if bound.can_bind(most)]
    left = [bound.room for bound in bounds]
    for choice, _ in sorted(scored, key=lambda one: -one[1]):
        offer = choice.offer.number
        if len(ranks) == most:
            left = [room for bound, room in zip(bounds, left, strict=True) if not bound.selected_only]
            bounds = [bound for bound in bounds if not bound.selected_only]
        own = [place for place, bound in enumerate(bounds) if bound.offers is None or offer in bound.offers]
        against = next((bounds[place].policy_type for place in own if left[place] <= 0), None)
        if against is not None:
            held_back[offer] = against
            continue
        ranks[offer] = len(ranks) + 1
        for place in own:
            left[place] -= 1
    return Ranked(ranks, held_back)
