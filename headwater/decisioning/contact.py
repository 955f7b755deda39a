"""The third stage: whether the customer may be contacted with an offer now.

A suppression comes first, then the policies in the order of their priority; the first that
holds an offer back names its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from headwater.decisioning.policies import Exclusion, Limit
from headwater.decisioning.ranking import Bound
from headwater.query.decisions.state import Contact, Suppression

SUPPRESSED = "suppressed"
"""The policy type of a suppression that does not say one."""


class Rules(msgspec.Struct, frozen=True):
    """What holds for this customer on this channel now.

    ``closed`` holds offers back whatever their score; ``bounds`` can only be judged once they are
    ranked. Both are in order of priority.
    """

    suppressions: tuple[Suppression, ...]
    closed: tuple[Limit, ...]
    bounds: tuple[Bound, ...]

    def holds_back(self, offer: int) -> str:
        """The type of the first rule that keeps the offer from the customer before it is scored; empty for none."""
        for suppression in self.suppressions:
            if suppression.offer in (0, offer):
                return suppression.policy_type or SUPPRESSED
        for limit in self.closed:
            if limit.covers(offer):
                return limit.rule_type
        return ""


def rules(
    limits: Iterable[Limit],
    suppressions: Sequence[Suppression],
    contacts: Sequence[Contact],
    channel: int,
    now: datetime,
) -> Rules:
    """What of all policies and the customer's suppressions holds on the channel now."""
    closed: list[Limit] = []
    bounds: list[Bound] = []
    for limit in limits:
        if not limit.holds_on(channel):
            continue
        room = limit.room(contacts, channel, now)
        if room == 0:
            closed.append(limit)
        elif isinstance(limit, Exclusion):
            bounds.append(Bound(limit.rule_type, limit.offers, 1, selected_only=False))
        elif room is not None:
            bounds.append(Bound(limit.rule_type, limit.offers, room))
    own = [one for one in suppressions if one.channel in (0, channel) and _lasts(one, now)]
    return Rules(_longest_first(own, now), tuple(closed), tuple(bounds))


def _lasts(suppression: Suppression, now: datetime) -> bool:
    return suppression.expires_at is None or suppression.expires_at > now


def _longest_first(suppressions: Sequence[Suppression], now: datetime) -> tuple[Suppression, ...]:
    """The one that lasts longest names the type; the order is total, so a trace does not hang on the store's."""
    by_type = sorted(suppressions, key=lambda one: one.policy_type)
    return tuple(sorted(by_type, key=lambda one: (one.expires_at is None, one.expires_at or now), reverse=True))
