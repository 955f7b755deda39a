"""How many examples a property is tried on."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100


def examples(usual: int) -> int:
    """So many, or the part of them that the profile has of the usual hundred."""
    return usual * settings.default.max_examples // _USUAL
