"""The nearest known name for a misspelt one.

>>> nearest("impresions", ["impressions", "interacted"])
'impressions'
>>> nearest("acne", ["Acme"])
'Acme'
>>> nearest("xyz", ["impressions"]) is None
True
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to ``name``, or ``None`` when none is close."""
    spelt = {one.lower(): one for one in known}
    matches = get_close_matches(name.lower(), list(spelt), n=1, cutoff=0.6)
    return spelt[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence to end an error message with: empty when nothing is near.

    >>> did_you_mean("clicks", ["link_clicks"])
    " Did you mean 'link_clicks'?"
    """
    match = nearest(name, known)
    return f" Did you mean '{match}'?" if match else ""
