"""Why an offer is kept from a customer, in words; types of one's own keep their names. Pure.

>>> named("frequency_cap"), named("our_own_rule")
('Often enough on the channel', 'Our own rule')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "frequency_cap": "Often enough on the channel",
    "cross_channel_cap": "Often enough on all channels",
    "cooldown": "Too soon after the last time",
    "mutual_exclusion": "A better offer rules it out",
    "time_window": "Outside of the hours for sending",
    "outcome": "What the customer did before",
    "opt_out": "The customer wants no offers",
    "complaint": "The customer complained",
    "dismiss": "The customer put it away",
    "not_interested": "The customer is not interested",
    "accept": "The customer accepted it",
    "convert": "The customer took it",
    "conversion": "The customer took it",
}


def named(policy_type: str) -> str:
    """A policy's or suppression's type in words."""
    return _WORDS.get(policy_type) or policy_type.replace("_", " ").capitalize() or "Held back"
