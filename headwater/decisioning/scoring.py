"""The fourth stage: a score from 0 to 1 for each offer, by the method of the decision flow.

A score that is no number, or a method that fails, makes the whole request fall back to
``priority_weighted``, which cannot fail: half of the offers by one method and half by another
would be ranked by chance. Scores are rounded to the billionths in which they are kept, so that
what is ranked is what the trace shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

import msgspec
import structlog

from headwater.decisioning.board import Choice
from headwater.decisioning.propensity import Propensities
from headwater.query.decisions.state import OfferRecord

DEFAULT: Final = "priority_weighted"
WEIGHTS: Final = {"propensity": 0.4, "relevance": 0.2, "impact": 0.3, "emphasis": 0.1}
"""The exponents of ``formula`` where the flow gives none: likelihood, fit, business value, priority."""
_DIGITS = 9
log = structlog.get_logger(__name__)


class Unscorable(Exception):
    """What a method was given cannot be scored; the words are for the caller."""


class Given(msgspec.Struct, frozen=True):
    """What methods score by, beside the offer itself."""

    propensities: Propensities
    records: Mapping[int, OfferRecord]
    attributes: Mapping[str, Any]
    weights: Mapping[str, float]
    random: Random


class Scored(msgspec.Struct, frozen=True):
    """A score for each offer, in their order, and by which method; ``failure`` is why it is not the flow's."""

    scores: tuple[float, ...]
    method: str
    failure: str | None = None

    @property
    def degraded(self) -> bool:
        """Whether a fallback scored."""
        return self.failure is not None


Method = Callable[[Choice, Given], float]


def score(choices: Sequence[Choice], method: str, given: Given) -> Scored:
    """The offers' scores, by ``method`` or, where it fails, by the default."""
    try:
        return Scored(_all(choices, METHODS[method], given), method)
    except Unscorable as error:
        failure = str(error)
    except Exception:
        log.exception("decision.scoring_failed", method=method)
        failure = f"The method '{method}' failed."
    return Scored(_all(choices, priority_weighted, given), DEFAULT, failure)


def _all(choices: Sequence[Choice], method: Method, given: Given) -> tuple[float, ...]:
    return tuple([_kept(method(choice, given)) for choice in choices])


def _kept(score: float) -> float:
    if not isinstance(score, int | float) or math.isnan(score):
        raise Unscorable("A score is not a number.")
    return round(min(max(float(score), 0.0), 1.0), _DIGITS)


def priority_weighted(choice: Choice, _: Given) -> float:
    """What people set: the offer's priority times its creative's weight."""
    return choice.offer.priority / 100 * choice.creative.weight / 100


def propensity(choice: Choice, given: Given) -> float:
    """How likely the offer is to be taken."""
    return given.propensities.of(choice.offer)


def formula(choice: Choice, given: Given) -> float:
    """P^Wp × R^Wr × I^Wi × E^We: a factor of 0 rules an offer out unless its weight is 0."""
    offer, weights = choice.offer, given.weights
    return float(
        given.propensities.of(offer) ** weights["propensity"]
        * _relevance(offer.id, given.attributes) ** weights["relevance"]
        * (offer.business_value / 100) ** weights["impact"]
        * (offer.priority / 100) ** weights["emphasis"]
    )


def thompson_bandit(choice: Choice, given: Given) -> float:
    """A draw from what is believed of the offer's rate: offers little shown get their chance."""
    record = given.records.get(choice.offer.number) or OfferRecord()
    others = max(record.impressions - record.positive, 0)
    return given.random.betavariate(1 + record.positive, 1 + others)


METHODS: Final[Mapping[str, Method]] = {
    DEFAULT: priority_weighted,
    "propensity": propensity,
    "formula": formula,
    "thompson_bandit": thompson_bandit,
}


def _relevance(offer: str, attributes: Mapping[str, Any]) -> float:
    """How well the offer fits, as the caller says; 1 where it does not."""
    given = attributes.get("relevance")
    if given is None:
        return 1.0
    if not isinstance(given, Mapping):
        raise Unscorable("'attributes.relevance' is no object of offer ids and numbers.")
    own = given.get(offer, 1.0)
    if isinstance(own, bool) or not isinstance(own, int | float) or own < 0:
        raise Unscorable(f"'attributes.relevance' of '{offer}' is no number from 0.")
    return float(own)
