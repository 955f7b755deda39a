"""What each two campaigns have in common: videos and creators that count in both. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import msgspec

from headwater.query.series.ranking import Cut, Order, Page, ranked
from headwater.query.series.shape import Number
from headwater.query.series.totals import Totals, WholeRoster, together

OVERLAP_COLUMNS = ("videos", "creators", "views", "jaccard")
Pair = tuple[int, int]


class Overlap(msgspec.Struct, frozen=True):
    """Two campaigns (the roster's numbers); ``views`` are what is new of the videos that count in both."""

    campaigns: Pair
    videos: int
    creators: int
    views: int | None
    jaccard: float


class _Common(msgspec.Struct, frozen=True):
    """How much two campaigns have in common, and how many videos are in either."""

    campaigns: Pair
    videos: int
    creators: int
    either: int

    @property
    def jaccard(self) -> float:
        """Videos in both ÷ videos in either (P. Jaccard, 1912): 0 for none in common, 1 for the same."""
        return self.videos / self.either if self.either else 0.0


def overlaps(totals: Totals, roster: WholeRoster, order: Order, cut: Cut) -> Page[Overlap]:
    """Every pair of campaigns with at least one video or creator in common."""

    def views(common: _Common) -> int | None:
        first, second = (frozenset(roster.videos("campaign", campaign)) for campaign in common.campaigns)
        return together(totals.videos[video] for video in first & second).views

    def value(common: _Common) -> Number | None:
        # Only these cost more than counting bits: they are summed for the page alone where nobody orders by them.
        if order.column == "views":
            return views(common)
        found: Number = getattr(common, order.column)
        return found

    campaigns = roster.numbers("campaign", totals.question.project)
    page = ranked(_common(campaigns, roster), value, lambda one: _name(one.campaigns, roster), order, cut)
    rows = [
        (rank, Overlap(one.campaigns, one.videos, one.creators, views(one), one.jaccard)) for rank, one in page.rows
    ]
    return Page(rows, page.total)


def _common(campaigns: Iterable[int], roster: WholeRoster) -> Iterator[_Common]:
    videos = _Members({one: roster.videos("campaign", one) for one in campaigns})
    creators = _Members({one: roster.creators("campaign", one) for one in campaigns})
    for pair in combinations(campaigns, 2):
        common, owners = videos.common(pair), creators.common(pair)
        if common or owners:
            yield _Common(pair, common, owners, videos.count(pair[0]) + videos.count(pair[1]) - common)


class _Members:
    """Sets as bits of one number each: what two have in common costs microseconds, whatever they hold."""

    def __init__(self, held: Mapping[int, Iterable[int]]) -> None:
        places = {one: place for place, one in enumerate({one for some in held.values() for one in some})}
        self._sets = {name: _bits(some, places) for name, some in held.items()}

    def count(self, name: int) -> int:
        """How many one holds."""
        return self._sets[name].bit_count()

    def common(self, pair: Pair) -> int:
        """How many both hold."""
        return (self._sets[pair[0]] & self._sets[pair[1]]).bit_count()


def _bits(some: Iterable[int], places: Mapping[int, int]) -> int:
    bits = bytearray(len(places) // 8 + 1)
    for one in some:
        place = places[one]
        bits[place // 8] |= 1 << place % 8
    return int.from_bytes(bits, "little")


def _name(pair: Pair, roster: WholeRoster) -> str:
    return " ".join(roster.public_id("campaign", one) for one in pair)
