"""What the demo's bank offers to whom: categories, channels, offers, and what they did on an average day.

All names are invented. ``LOSER`` is considered in every decision and never selected;
``DROPPED`` pleases a quarter as many as before since ``DROPPED_DAYS_AGO`` days.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from headwater.control.decisions.kinds import (
    AttributeCondition,
    AttributeTest,
    RequiredSegments,
    SegmentRequired,
    Status,
)

DAYS: Final = 60
DROPPED_DAYS_AGO: Final = 7


class ChannelPlan(msgspec.Struct, frozen=True):
    """A channel: how much of an offer's showings it has, how well it works, and what one showing costs."""

    name: str
    channel_type: str
    reach: float
    pull: float
    cost: float
    implicit: bool = False


class OfferPlan(msgspec.Struct, frozen=True):
    """An offer: its showings on an average day, how many of them please, and what a conversion brings.

    ``burnt`` is how much of its budget is spent, None where it has none; ``trend`` its change a day.
    """

    name: str
    category: str
    priority: int
    daily: int
    appeal: float
    revenue: float
    channels: tuple[str, ...]
    burnt: float | None = None
    trend: float = 0.0
    value: int = 50
    status: Status = "active"
    rules: tuple[SegmentRequired | AttributeCondition, ...] = ()


CATEGORIES: Final = {
    "cat_cards": "Cards",
    "cat_savings": "Savings",
    "cat_loans": "Loans",
    "cat_insurance": "Insurance",
}

CHANNELS: Final = {
    "ch_app": ChannelPlan("Mobile app", "mobile", 1.4, 1.1, 0.0, implicit=True),
    "ch_web": ChannelPlan("Website", "web", 1.2, 0.8, 0.01),
    "ch_email": ChannelPlan("Newsletter", "email", 1.0, 0.6, 0.004),
    "ch_sms": ChannelPlan("Text message", "sms", 0.4, 0.9, 0.06),
    "ch_call": ChannelPlan("Call centre", "phone", 0.2, 2.2, 2.5),
}

SEGMENTS: Final = {
    "seg_high_value": "High value",
    "seg_engaged": "Engaged this month",
    "seg_new": "New customers",
}
NEWCOMERS: Final = "seg_new"
"""Told its members; the others have filters."""


def _segment(public_id: str) -> SegmentRequired:
    return SegmentRequired(config=RequiredSegments(required_segments=[public_id]))


def _attribute(name: str, operator: Any, value: Any) -> AttributeCondition:
    return AttributeCondition(config=AttributeTest(attribute=name, operator=operator, value=value))


LOSER: Final = "off_bridge_loan"
DROPPED: Final = "off_travel_cover"
JUMPED: Final = "off_gold_card"

_SCREENS: Final = ("ch_app", "ch_web", "ch_email")
_ALL: Final = (*_SCREENS, "ch_sms", "ch_call")

OFFERS: Final = {
    "off_gold_card": OfferPlan("Gold card", "cat_cards", 90, 74, 0.11, 120.0, _ALL, burnt=0.62, value=80),
    "off_cashback_card": OfferPlan("Cashback card", "cat_cards", 80, 62, 0.09, 45.0, _SCREENS, burnt=0.35, trend=0.004),
    "off_travel_card": OfferPlan("Travel card", "cat_cards", 60, 40, 0.07, 60.0, _SCREENS),
    "off_fixed_saver": OfferPlan("Fixed-term saver", "cat_savings", 70, 48, 0.06, 30.0, (*_SCREENS, "ch_call")),
    "off_round_up": OfferPlan("Round-up savings", "cat_savings", 65, 66, 0.13, 8.0, ("ch_app", "ch_web"), trend=0.006),
    "off_junior_saver": OfferPlan("Junior saver", "cat_savings", 40, 22, 0.05, 15.0, _SCREENS),
    "off_car_loan": OfferPlan(
        "Car loan",
        "cat_loans",
        75,
        42,
        0.04,
        310.0,
        ("ch_web", "ch_email", "ch_sms", "ch_call"),
        burnt=0.96,
        value=90,
        rules=(_attribute("income", "gte", 24_000),),
    ),
    "off_home_loan": OfferPlan(
        "Home improvement loan",
        "cat_loans",
        70,
        30,
        0.03,
        420.0,
        ("ch_web", "ch_email", "ch_call"),
        trend=-0.004,
        value=95,
    ),
    LOSER: OfferPlan(
        "Bridging loan",
        "cat_loans",
        20,
        0,
        0.01,
        900.0,
        _ALL,
        value=30,
        rules=(_segment("seg_high_value"), _attribute("owns_home", "eq", True)),
    ),
    DROPPED: OfferPlan("Travel cover", "cat_insurance", 55, 78, 0.1, 22.0, (*_SCREENS, "ch_sms"), burnt=0.48),
    "off_phone_cover": OfferPlan("Phone cover", "cat_insurance", 50, 44, 0.08, 12.0, ("ch_app", "ch_email", "ch_sms")),
    "off_pet_cover": OfferPlan(
        "Pet cover", "cat_insurance", 45, 18, 0.06, 18.0, ("ch_email",), trend=-0.02, status="paused"
    ),
    "off_student_card": OfferPlan("Student card", "cat_cards", 30, 0, 0.1, 20.0, ("ch_app",), status="draft"),
}
SHOWN: Final = {public_id: plan for public_id, plan in OFFERS.items() if plan.daily}
CANDIDATES: Final = {
    channel: [one for one, plan in OFFERS.items() if channel in plan.channels and plan.status == "active"]
    for channel in CHANNELS
}
"""Offers that can be shown on a channel."""


def creative_of(offer: str, channel: str) -> str:
    """The id of the creative that an offer has on a channel."""
    return f"cr_{offer.removeprefix('off_')}_{channel.removeprefix('ch_')}"
