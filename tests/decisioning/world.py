"""A small invented organisation to decide in: short ways to make books, policies and questions.

Numbers tell kinds apart in failures: offers from 1, creatives from 1000, channels 101 and 102.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from headwater.control.decisions.book import Book, Category, Channel, Creative, Offer, Policy, Rule, Segment
from headwater.decisioning.board import Board
from headwater.decisioning.candidates import candidates
from headwater.decisioning.decide import Asked, Considered, Decision, decide
from headwater.decisioning.propensity import Propensities
from headwater.decisioning.scoring import WEIGHTS, Given
from headwater.query.decisions.state import Contact, CustomerState, OfferRecord

NOW = datetime(2026, 3, 4, 10, 30)  # noqa: DTZ001 - facts' times; a Wednesday
MAIL, WEB = 101, 102
CHANNELS = (
    Channel(MAIL, "ch_mail", "Mail", "active", channel_type="email"),
    Channel(WEB, "ch_web", "Web", "active", channel_type="web", impression_mode="implicit"),
)
CARDS, CREDIT, LOANS = 201, 202, 203
CATEGORIES = (
    Category(CARDS, "cat_cards", "Cards", "active"),
    Category(CREDIT, "cat_credit", "Credit cards", "active", parent=CARDS),
    Category(LOANS, "cat_loans", "Loans", "active"),
)
VIP, NEW, GONE = 301, 302, 303
SEGMENTS = (
    Segment(VIP, "seg_vip", "Best customers", "active"),
    Segment(NEW, "seg_new", "New customers", "active"),
    Segment(GONE, "seg_gone", "Of old", "active", archived=True),
)


def offer(number: int, priority: int = 50, **fields: Any) -> Offer:
    """An active offer ``off_<number>``."""
    fields = {"name": f"Offer {number:03}", "status": "active", **fields}
    return Offer(number, f"off_{number}", priority=priority, **fields)


def creative(of: Offer, channel: int = WEB, weight: int = 100, number: int | None = None, **fields: Any) -> Creative:
    """An active creative of the offer on the channel."""
    number = 1000 + of.number * 10 + channel - MAIL if number is None else number
    fields = {"name": "As is", "status": "active", **fields}
    return Creative(number, f"cr_{number}", offer=of.number, channel=channel, weight=weight, **fields)


def policy(number: int, rule_type: Any, config: Mapping[str, Any], **fields: Any) -> Policy:
    """An active policy."""
    return Policy(number, f"pol_{number}", f"Policy {number}", "active", rule_type=rule_type, config=config, **fields)


def needs(*segments: str) -> Rule:
    """The rule that the customer must be in these segments."""
    return Rule("segment_required", {"requiredSegments": list(segments)})


def where(attribute: str, operator: str, value: object = None) -> Rule:
    """The rule of a condition on an attribute."""
    return Rule("attribute_condition", {"attribute": attribute, "operator": operator, "value": value})


def book(
    offers: Iterable[Offer], policies: Iterable[Policy] = (), creatives: Iterable[Creative] | None = None, **rest: Any
) -> Book:
    """A book in which every offer has a creative on both channels, unless others are given."""
    offers = list(offers)
    if creatives is None:
        creatives = [creative(one, channel) for one in offers for channel in (MAIL, WEB)]
    kinds = {"channels": CHANNELS, "categories": CATEGORIES, "segments": SEGMENTS, **rest}
    return Book(offers=offers, policies=policies, creatives=creatives, **kinds)


def ago(hours: float = 0, days: float = 0) -> datetime:
    """A moment before now."""
    return NOW - timedelta(hours=hours, days=days)


def contacts(offer: int, channel: int = WEB, *hours: float) -> tuple[Contact, ...]:
    """Impressions so many hours ago."""
    return tuple(Contact(offer, channel, ago(one)) for one in hours)


def asked(**fields: Any) -> Asked:
    """A question on the web channel, now."""
    fields = {
        "channel": WEB,
        "now": NOW,
        "limit": 5,
        "segments": frozenset(),
        "attributes": {},
        "method": "priority_weighted",
        **fields,
    }
    return Asked(**fields)


def given(of: Book, records: Mapping[int, OfferRecord] | None = None, seed: int = 1, **fields: Any) -> Given:
    """What methods score by."""
    records = records or {}
    fields = {"attributes": {}, "weights": WEIGHTS, **fields}
    return Given(propensities=Propensities(of.offers, records), records=records, random=Random(seed), **fields)


def decided(
    of: Book,
    state: CustomerState | None = None,
    records: Mapping[int, OfferRecord] | None = None,
    excluded: Iterable[int] = (),
    weights: Mapping[str, float] = WEIGHTS,
    **fields: Any,
) -> Decision:
    """The decision about one customer."""
    question = asked(**fields)
    board = Board(of)
    found = candidates(board, question.channel, set(excluded), records or {}, question.now)
    chosen_by = given(of, records, attributes=question.attributes, weights=weights)
    return decide(board, found, state or CustomerState(), question, chosen_by)


def selected(decision: Decision) -> list[int]:
    """The offers that the customer is given, best first."""
    return [one.choice.offer.number for one in decision.selected]


def fates(decision: Decision) -> dict[int, tuple[str, str]]:
    """Each candidate's fate, and what it was for."""
    return {one.choice.offer.number: (one.fate, one.reason or one.policy_type) for one in decision.considered}


def of(decision: Decision, number: int) -> Considered:
    """What was decided about an offer."""
    return next(one for one in decision.considered if one.choice.offer.number == number)
