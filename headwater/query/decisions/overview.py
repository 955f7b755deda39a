"""How many entities there are, and how far offers have come from draft to creative. Counts of rows alone."""

from __future__ import annotations

import msgspec

from headwater.query.decisions.names import Names
from headwater.query.decisions.performance import creative_counts


class Summary(msgspec.Struct, frozen=True):
    """Counts of the whole organisation."""

    active_offers: int
    active_channels: int
    active_experiments: int
    journeys: int
    active_triggers: int
    pending_approvals: int


class Funnel(msgspec.Struct, frozen=True):
    """Offers that are there, active, and active with a creative; and all creatives."""

    offers: int
    active: int
    with_creatives: int
    creatives: int


def summary(names: Names) -> Summary:
    """Counts as they are now."""
    return Summary(
        active_offers=sum(offer.active for offer in names.offers.values()),
        active_channels=sum(channel.active for channel in names.channels.values()),
        active_experiments=names.counts.active_experiments,
        journeys=names.counts.journeys,
        active_triggers=names.counts.active_triggers,
        pending_approvals=names.counts.pending_approvals,
    )


def funnel(names: Names) -> Funnel:
    """Archived rows count nowhere."""
    creatives = creative_counts(names)
    present = [offer for offer in names.offers.values() if not offer.archived]
    active = [offer for offer in present if offer.active]
    return Funnel(
        offers=len(present),
        active=len(active),
        with_creatives=sum(offer.number in creatives for offer in active),
        creatives=sum(creatives.values()),
    )
