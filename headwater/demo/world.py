"""Who advertises what in the demo: campaigns, creatives and how people meet them.

All names are invented. Rates lie inside what real delivery logs show: click rates
of 0.2 to 1.5 %, two thirds of impressions viewable, one in four plays watched to
the end.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Style = Literal["conversation", "video", "static"]


class Creative(msgspec.Struct, frozen=True):
    """A creative: its impressions on an average day, how engaging it is, when it began (days ago)."""

    name: str
    style: Style
    daily: int
    appeal: float
    began: int = 90
    ended: int = -1


class Campaign(msgspec.Struct, frozen=True):
    """A campaign: its creative groups, the placements it buys, and its change a day."""

    name: str
    groups: dict[str, tuple[Creative, ...]]
    domains: tuple[str, ...]
    dsps: tuple[str, ...]
    trend: float = 0.0


FLOW = (
    ("Statement", "Hi! Shall we find what suits you?"),
    ("Choice", "What matters most to you?"),
    ("Input", "Where are you starting from?"),
    ("Slider", "How much would you like to spend?"),
    ("Link", "See your match"),
    ("Goal", "Thank you"),
)

CAMPAIGNS = (
    Campaign(
        "Fjell Outdoor: winter jackets",
        {
            "Conversational": (
                Creative("Jacket finder, 300x600", "conversation", 60, 1.3),
                Creative("Jacket finder, 300x250", "conversation", 80, 1.0),
            ),
            "Static": (
                Creative("Snow line, 728x90", "static", 125, 0.6),
                Creative("Snow line, 970x250", "static", 45, 0.8, began=45),
            ),
        },
        ("weather-today.example", "nordnews.example", "skireport.example", "recipes-daily.example"),
        ("DV360", "Xandr", "The Trade Desk"),
        trend=0.006,
    ),
    Campaign(
        "Aurora Air: city breaks",
        {
            "Video": (
                Creative("Weekend in Lisbon, 15 s", "video", 70, 1.1),
                Creative("Weekend in Lisbon, 6 s", "video", 95, 0.9),
                Creative("Northern lights, 30 s", "video", 35, 1.4, began=60),
            ),
            "Conversational": (Creative("Where to next?", "conversation", 60, 1.2),),
        },
        ("traveller.example", "nordnews.example", "cityguide.example", "weather-today.example"),
        ("DV360", "Adform"),
    ),
    Campaign(
        "Brightside Bank: first account",
        {
            "Conversational": (
                Creative("Savings quiz", "conversation", 55, 0.9),
                Creative("Savings quiz, short", "conversation", 40, 1.1, began=30),
            ),
            "Static": (Creative("No fees, 300x250", "static", 100, 0.4),),
        },
        ("moneymatters.example", "nordnews.example", "studentlife.example"),
        ("Xandr", "Adform"),
        trend=-0.004,
    ),
    Campaign(
        "Kitchen & Co: autumn sale",
        {
            "Video": (Creative("One pan, 15 s", "video", 65, 1.0, began=75, ended=12),),
            "Static": (
                Creative("Autumn sale, 300x250", "static", 110, 0.7, began=75, ended=12),
                Creative("Autumn sale, 320x50", "static", 140, 0.3, began=75, ended=12),
            ),
        },
        ("recipes-daily.example", "homeideas.example", "tv-tonight.example"),
        ("The Trade Desk",),
    ),
)
