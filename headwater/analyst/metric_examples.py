"""Questions that would be understood, from what the organisation has: shown where one was not. Pure."""

from __future__ import annotations

from typing import Final

from headwater.catalogue.asked import FAMILY_OF
from headwater.tools.metric_entities import Index

_EXAMPLES: Final = {
    "ads": (
        "which creative had the best click rate last week, and how does that compare with the week before?",
        "impressions by domain last month",
    ),
    "creators": ("top 5 creators by views last month",),
    "decisions": ("acceptance rate by offer last week", "which offers are never selected?"),
}


def examples(index: Index) -> tuple[str, ...]:
    """Of each family of which there are entities; ad events where there are none at all."""
    families = {FAMILY_OF[one.kind] for one in index.entities} or {"ads"}
    return tuple(text for family, some in _EXAMPLES.items() if family in families for text in some)
