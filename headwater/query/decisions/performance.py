"""How offers and channels do: impressions, outcomes, revenue and their rates.

A conversion is a positive outcome; ``converts`` are the outcomes called so. Rates are of
impressions. Rows are ordered by impressions, most first, then by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from headwater.catalogue.decisions import INTERACTIONS
from headwater.catalogue.model import MONEY
from headwater.kit.rounding import percent, rounded
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.names import Names, category_name, category_of
from headwater.query.decisions.tally import SEGMENT, Tally
from headwater.query.window import Window
from headwater.storage.port import Row

TOP_OFFERS: Final = 20
_MEASURES: Final = ("impressions", "positive", "negative", "converts", "revenue")


class Performance(msgspec.Struct, frozen=True):
    """What interactions came to."""

    impressions: int = 0
    positive: int = 0
    negative: int = 0
    converts: int = 0
    revenue_units: int = 0

    @property
    def revenue(self) -> Decimal:
        """In money, two decimals."""
        return money(self.revenue_units)

    @property
    def rate(self) -> Decimal:
        """Positive outcomes per impression, four decimals."""
        return rounded(self.positive, self.impressions, 4)

    @property
    def percent(self) -> str:
        """The same per hundred, one decimal."""
        return percent(self.positive, self.impressions)


NOTHING: Final = Performance()


class OfferRow(msgspec.Struct, frozen=True):
    """An offer and what its interactions came to."""

    offer: int
    name: str
    priority: int
    creatives: int
    result: Performance


class ChannelRow(msgspec.Struct, frozen=True):
    """A channel and what interactions on it came to."""

    channel: int
    name: str
    result: Performance


class Group(msgspec.Struct, frozen=True):
    """Offers that belong together; ``number`` None are those without a category."""

    number: int | None
    name: str
    offers: tuple[OfferRow, ...]


def money(units: int) -> Decimal:
    """An amount as facts keep it, in money with two decimals."""
    return rounded(units, MONEY.scale, 2)


async def acceptance(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> tuple[OfferRow, ...]:
    """Offers that are active or had interactions."""
    return _offers(await _by(facts, "offer", question, span.window, names), names)


async def offer_performance(
    facts: Facts, question: DashboardQuestion, span: Span, names: Names
) -> tuple[OfferRow, ...]:
    """The first of the active offers."""
    found = await _by(facts, "offer", question, span.window, names)
    active = {number: result for number, result in found.items() if names.offers[number].active}
    return _offers(active, names)[:TOP_OFFERS]


async def channel_effectiveness(
    facts: Facts, question: DashboardQuestion, span: Span, names: Names
) -> tuple[ChannelRow, ...]:
    """Channels that are active or had interactions."""
    found = await _by(facts, "channel", question, span.window, names)
    numbers = {*found, *(number for number, channel in names.channels.items() if channel.active)}
    rows = [ChannelRow(one, names.channels[one].name, found.get(one, NOTHING)) for one in numbers]
    return tuple(sorted(rows, key=lambda row: (-row.result.impressions, row.name, row.channel)))


async def grouped(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> tuple[Group, ...]:
    """Offers with interactions, by channel, by category or by every active segment."""
    segments = tuple(number for number, segment in names.segments.items() if segment.active)
    if question.group_by == "segment" and not segments:
        return ()
    by: Mapping[str, tuple[str, ...]] = {"channel": ("channel", "offer"), "segment": (SEGMENT, "offer")}
    rows = await facts.tally(
        Tally(
            INTERACTIONS,
            _MEASURES,
            by.get(question.group_by or "channel", ("offer",)),
            span.window,
            segments=segments if question.group_by == "segment" else (),
            within=question.segment,
        )
    )
    if question.group_by == "category":
        known = [row for row in rows if row[0] in names.offers]
        return _groups([(category_of(names, row[0]), *row) for row in known], names, "category")
    return _groups(rows, names, question.group_by or "channel")


def _groups(rows: Iterable[Row], names: Names, kind: str) -> tuple[Group, ...]:
    of: defaultdict[int | None, dict[int, Performance]] = defaultdict(dict)
    for group, offer, *values in rows:
        if offer in names.offers:
            of[group][offer] = Performance(*values)
    known = names.segments if kind == "segment" else names.channels
    groups = [
        Group(
            number,
            category_name(names, number) if kind == "category" or number is None else known[number].name,
            _rows(found, names),
        )
        for number, found in of.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-_impressions(group), group.name, group.number or 0)))


def _impressions(group: Group) -> int:
    return sum(offer.result.impressions for offer in group.offers)


async def _by(
    facts: Facts, dimension: str, question: DashboardQuestion, window: Window, names: Names
) -> dict[int, Performance]:
    """What interactions came to; an entity made after the names were read is not told of yet."""
    rows = await facts.tally(Tally(INTERACTIONS, _MEASURES, (dimension,), window, within=question.segment))
    known = names.offers if dimension == "offer" else names.channels
    return {number: Performance(*values) for number, *values in rows if number in known}


def _offers(found: Mapping[int, Performance], names: Names) -> tuple[OfferRow, ...]:
    """Those found, and active ones with nothing."""
    silent = {number: NOTHING for number, offer in names.offers.items() if offer.active and number not in found}
    return _rows({**found, **silent}, names)


def _rows(found: Mapping[int, Performance], names: Names) -> tuple[OfferRow, ...]:
    creatives = creative_counts(names)
    rows = []
    for number, result in found.items():
        offer = names.offers[number]
        rows.append(OfferRow(number, offer.name, offer.priority, creatives.get(number, 0), result))
    return tuple(sorted(rows, key=lambda row: (-row.result.impressions, row.name, row.offer)))


def creative_counts(names: Names) -> Mapping[int, int]:
    """How many creatives each offer has, archived ones left out."""
    counts: defaultdict[int, int] = defaultdict(int)
    for creative in names.creatives.values():
        if not creative.archived:
            counts[creative.offer] += 1
    return counts
