"""How likely offers are to be taken, from what became of them: positive rates, smoothed where there is little.

From 50 impressions an offer has a rate of its own. Below, ten impressions' worth of its parent's
rate are mixed in; the parent is the offer's category from 20 impressions, else all offers from 10,
else one half. A rate is positive outcomes over impressions, at most 1, and 0 without impressions.

>>> from headwater.control.decisions.book import Offer
>>> offer = Offer(1, "a", "A", "active")
>>> Propensities({1: offer}, {1: OfferRecord(impressions=10, positive=5)}).of(offer)
0.5
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from headwater.control.decisions.book import Offer
from headwater.query.decisions.state import OfferRecord

ENOUGH = 50
ENOUGH_OF_CATEGORY = 20
ENOUGH_OF_ALL = 10
MIXED_IN = 10
UNKNOWN = 0.5


class Propensities:
    """Positive rates of one organisation's offers at one moment."""

    def __init__(self, offers: Mapping[int, Offer], records: Mapping[int, OfferRecord]) -> None:
        self._offers = offers
        self._records = records

    def of(self, offer: Offer) -> float:
        """How likely it is that the offer is taken, from 0 to 1."""
        record = self._records.get(offer.number)
        shown = record.impressions if record else 0
        own = _rate(record.positive, shown) if record else 0.0
        if shown >= ENOUGH:
            return own
        of_category, of_all = self._parents
        parent = of_all if offer.category is None else of_category.get(offer.category, of_all)
        return (shown * own + MIXED_IN * parent) / (shown + MIXED_IN)

    @cached_property
    def _parents(self) -> tuple[Mapping[int, float], float]:
        """The rate of each category that has enough, and that of all; only some methods ask."""
        categories: dict[int, tuple[int, int]] = {}
        for number, record in self._records.items():
            offer = self._offers.get(number)
            if offer is not None and offer.category is not None:
                shown, positive = categories.get(offer.category, (0, 0))
                categories[offer.category] = shown + record.impressions, positive + record.positive
        impressions = sum(record.impressions for record in self._records.values())
        positive = sum(record.positive for record in self._records.values())
        enough = {one: sums for one, sums in categories.items() if sums[0] >= ENOUGH_OF_CATEGORY}
        of_category = {category: _rate(positive, shown) for category, (shown, positive) in enough.items()}
        return of_category, _rate(positive, impressions) if impressions >= ENOUGH_OF_ALL else UNKNOWN


def _rate(positive: int, impressions: int) -> float:
    return min(positive / impressions, 1.0) if impressions else 0.0
