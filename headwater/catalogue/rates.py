"""Rates of events and of interactions: one sum divided by another, declared once as data.

Rates of creators' series are ``Ratio``s in ``creators.py``. A rate is never averaged: over
several entities or days it is the ratio of the sums, and unknown where the denominator is 0.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from headwater.catalogue.model import MONEY, SECONDS, Unit
from headwater.catalogue.series import PERCENT


class Rate(msgspec.Struct, frozen=True):
    """``factor`` × ``numerator`` ÷ ``denominator``, both names of additive metrics of the same dataset."""

    name: str
    label: str
    description: str
    numerator: str
    denominator: str
    factor: int = 1
    unit: Unit = PERCENT

    def quotient(self, numerator: int, denominator: int) -> Fraction | None:
        """The exact rate of two sums in their units.

        >>> CLICK_RATE.quotient(3, 200), CLICK_RATE.quotient(3, 0)
        (Fraction(3, 2), None)
        """
        return Fraction(numerator * self.factor, denominator) if denominator else None


CLICK_RATE = Rate(
    "click_rate",
    "Click rate",
    "Clicks on links per hundred impressions.",
    "link_clicks",
    "impressions",
    100,
)

AD_RATES = (
    CLICK_RATE,
    Rate(
        "viewability_rate",
        "Viewability rate",
        "Viewable impressions per hundred impressions.",
        "viewable_impressions",
        "impressions",
        100,
    ),
    Rate(
        "interaction_rate",
        "Interaction rate",
        "Sessions that interacted per hundred impressions.",
        "interacted",
        "impressions",
        100,
    ),
    Rate(
        "start_rate",
        "Start rate",
        "Sessions that started the conversation flow per hundred impressions.",
        "started",
        "impressions",
        100,
    ),
    Rate(
        "end_rate",
        "Flow completion rate",
        "Sessions that reached the final component per hundred that started the flow.",
        "reached_end",
        "started",
        100,
    ),
    Rate(
        "view_through_rate",
        "View-through rate",
        "Sessions that watched the whole video per hundred impressions.",
        "watched_100",
        "impressions",
        100,
    ),
    Rate(
        "video_completion_rate",
        "Video completion rate",
        "Sessions that watched the whole video per hundred video plays.",
        "watched_100",
        "plays",
        100,
    ),
    Rate(
        "time_in_view_per_impression",
        "Average time in view",
        "Seconds in the viewport per impression.",
        "seconds_in_view",
        "impressions",
        unit=SECONDS,
    ),
    Rate(
        "active_time_per_interaction",
        "Average active time",
        "Seconds of active engagement per session that interacted.",
        "seconds_total_active",
        "interacted",
        unit=SECONDS,
    ),
)

DECISION_RATES = (
    Rate(
        "acceptance_rate",
        "Acceptance rate",
        "Positive outcomes per hundred offers shown.",
        "positive",
        "impressions",
        100,
    ),
    Rate(
        "rejection_rate",
        "Rejection rate",
        "Negative outcomes per hundred offers shown.",
        "negative",
        "impressions",
        100,
    ),
    Rate(
        "revenue_per_impression",
        "Revenue per impression",
        "What interactions brought per offer shown.",
        "revenue",
        "impressions",
        unit=MONEY,
    ),
    Rate(
        "revenue_per_conversion",
        "Revenue per conversion",
        "What interactions brought per positive outcome.",
        "revenue",
        "positive",
        unit=MONEY,
    ),
)
