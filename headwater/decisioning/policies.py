"""Contact policies as they are applied: how far each reaches, and how many contacts it still leaves room for.

A policy is read once for each book. A policy of a category holds for the offers of the
categories below it, too. Caps count impressions of the window up to now (and any dated later, to
be on the safe side); a frequency cap those on the request's channel, a cross-channel cap those on
all. A cooldown runs from the last impression in its scope: on that channel where the scope is a
channel, on any channel otherwise. What a policy cannot judge before offers are ranked
(``mutual_exclusion``, and a cap that has room for some of them) is left to ``ranking``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from headwater.control.decisions.book import Book, Policy
from headwater.query.decisions.state import Contact

_LONGEST = timedelta(days=36_500)
_MIDNIGHT = 24


class Limit(msgspec.Struct, frozen=True):
    """A policy that holds for ``offers`` (None: all) on ``channel`` (None: every)."""

    rule_type: str
    channel: int | None
    offers: frozenset[int] | None

    def covers(self, offer: int) -> bool:
        """Whether it holds for the offer."""
        return self.offers is None or offer in self.offers

    def holds_on(self, channel: int) -> bool:
        """Whether it holds for what is sent on the channel."""
        return self.channel in (None, channel)

    @property
    def window(self) -> timedelta:
        """How far back it must know the customer's contacts."""
        return timedelta(0)

    def room(self, contacts: Sequence[Contact], channel: int, now: datetime) -> int | None:
        """How many further contacts it allows on the channel, None where it sets no number."""
        return None


class Cap(Limit, frozen=True):
    """At most ``most`` contacts within ``period``, over all channels where ``across``."""

    most: int
    period: timedelta
    across: bool

    @property
    def window(self) -> timedelta:
        """The window that it counts in."""
        return self.period

    def room(self, contacts: Sequence[Contact], channel: int, now: datetime) -> int | None:
        """What is left of ``most``."""
        since = now - self.period
        had = sum(
            one.at > since and (self.across or one.channel == channel) and self.covers(one.offer) for one in contacts
        )
        return max(self.most - had, 0)


class Cooldown(Limit, frozen=True):
    """No contact within ``period`` after the last one."""

    period: timedelta

    @property
    def window(self) -> timedelta:
        """The time that it waits."""
        return self.period

    def room(self, contacts: Sequence[Contact], channel: int, now: datetime) -> int | None:
        """None left while it waits; it does not count what goes out at one moment."""
        since = now - self.period
        waits = any(one.at > since and self.holds_on(one.channel) and self.covers(one.offer) for one in contacts)
        return 0 if waits else None


class Hours(Limit, frozen=True):
    """Contacts only from ``start`` until before ``end`` (hours, UTC) on ``days`` (Monday is 1).

    Where ``end`` is not after ``start`` the window runs over midnight, and what follows
    midnight belongs to the day on which it began.
    """

    days: frozenset[int]
    start: int
    end: int

    def room(self, contacts: Sequence[Contact], channel: int, now: datetime) -> int | None:
        """None left outside."""
        if self.start < self.end:
            inside = now.isoweekday() in self.days and self.start <= now.hour < self.end
        else:
            began = now if now.hour >= self.start else now - timedelta(days=1)
            inside = began.isoweekday() in self.days and (now.hour >= self.start or now.hour < self.end)
        return None if inside else 0


class Exclusion(Limit, frozen=True):
    """Of its ``offers`` only one goes out."""


def limits(book: Book) -> tuple[Limit, ...]:
    """The active policies, in the order in which they are asked: highest priority first, then oldest."""
    active = [policy for policy in book.policies.values() if policy.active]
    return tuple(_limit(policy, book) for policy in sorted(active, key=lambda one: (-one.priority, one.number)))


def _limit(policy: Policy, book: Book) -> Limit:
    config, channel, offers = policy.config, _channel(policy), _offers(policy, book)
    reach = policy.rule_type, channel, offers
    match policy.rule_type:
        case "frequency_cap" | "cross_channel_cap":
            across = policy.rule_type == "cross_channel_cap"
            return Cap(*reach, config["maxContacts"], _period(config["windowDays"] * 24), across)
        case "cooldown":
            return Cooldown(*reach, _period(config["cooldownHours"]))
        case "time_window":
            days = frozenset(config.get("days") or range(1, 8))
            return Hours(*reach, days, config.get("startHour", 0), config.get("endHour", _MIDNIGHT))
        case "mutual_exclusion":
            found = (book.find("offer", one) for one in config["offerIds"])
            rivals = frozenset(one for one in found if one is not None and (offers is None or one in offers))
            return Exclusion(policy.rule_type, channel, rivals)


def _channel(policy: Policy) -> int | None:
    return policy.target if policy.scope == "channel" else None


def _offers(policy: Policy, book: Book) -> frozenset[int] | None:
    """The offers within the scope, archived ones too: their impressions count."""
    if policy.scope == "offer":
        return frozenset((policy.target,)) if policy.target is not None else frozenset()
    if policy.scope != "category":
        return None
    below = {policy.target}
    while more := {one.number for one in book.categories.values() if one.parent in below} - below:
        below |= more
    return frozenset(one.number for one in book.offers.values() if one.category in below and one.category is not None)


def _period(hours: float) -> timedelta:
    return min(timedelta(hours=min(hours, _LONGEST.days * 24)), _LONGEST)
