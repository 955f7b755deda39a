"""How often offers were considered, scored and selected, and why one was not: from the newest traces."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Final

import msgspec

from headwater.catalogue.decisions import DECISION_TRACES
from headwater.catalogue.model import FRACTION
from headwater.kit.rounding import rounded
from headwater.query.decisions.compile_traces import HELD_BACK, OUTRANKED, RANKS, SELECTED, UNQUALIFIED, Sample
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.names import Names
from headwater.query.decisions.tally import Tally
from headwater.query.window import Window

SELECTION_CAP: Final = 10_000
WHY_NOT_CAP: Final = 1_000
BEATEN_BY: Final = 5


class OfferSelection(msgspec.Struct, frozen=True):
    """An offer in the sample; the rate has three decimals, the mean rank one; ``ranks`` count the first ten."""

    offer: int
    name: str
    eligible: int
    scored: int
    selected: int
    rate: Decimal
    mean_rank: Decimal | None
    ranks: tuple[int, ...]


class Selection(msgspec.Struct, frozen=True):
    """All offers that the sample names, the most often considered first."""

    offers: tuple[OfferSelection, ...]
    traces: int


class Winner(msgspec.Struct, frozen=True):
    """An offer that came first instead, and how often."""

    offer: int
    name: str
    count: int


class WhyNot(msgspec.Struct, frozen=True):
    """What became of one offer in the traces that considered it: every miss has one reason.

    ``read`` traces were gone through to find them, from the newest back.
    """

    offer: int
    name: str
    eligible: int
    selected: int
    miss_rate: Decimal
    outranked: int
    held_back: int
    unqualified: int
    beaten_by: tuple[Winner, ...]
    ranks: tuple[int, ...]
    mean_score: Decimal | None
    read: int


async def selection(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> Selection:
    """Of the newest traces that meet the filters; a category leaves out the rows of other offers."""
    sample = Sample(span.window, SELECTION_CAP, question.channel, question.flow, question.segment)
    rows, traces = await asyncio.gather(facts.selection(sample), facts.sample_size(sample))
    offers = []
    for number, eligible, scored, selected, rank_sum, *ranks in rows:
        offer = names.offers.get(number)
        if offer is None or question.category not in (None, offer.category):
            continue
        mean = rounded(rank_sum, scored, 1) if scored else None
        rate = rounded(selected, eligible, 3)
        offers.append(OfferSelection(number, offer.name, eligible, scored, selected, rate, mean, tuple(ranks)))
    return Selection(tuple(sorted(offers, key=lambda row: (-row.eligible, row.name, row.offer))), traces)


async def why_not(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> WhyNot:
    """Of the newest traces that had the offer among the candidates."""
    if question.offer is None:
        raise ValueError("Why not which offer?")
    sample = Sample(span.window, WHY_NOT_CAP, segment=question.segment)
    fates: Counter[str] = Counter()
    winners: Counter[int] = Counter()
    ranks = [0] * RANKS
    scored = score_sum = 0
    oldest = span.window.end
    for fate, winner, rank, traces, with_score, total, first in await facts.fates(question.offer, sample):
        fates[fate] += traces
        oldest = min(oldest, first)
        if fate == OUTRANKED and winner in names.offers:
            winners[winner] += traces
        if 1 <= rank <= RANKS:
            ranks[rank - 1] += traces
        scored, score_sum = scored + with_score, score_sum + total
    eligible = fates.total()
    read = Window(oldest if eligible == WHY_NOT_CAP else span.start, span.window.end)
    ((traces_read,),) = await facts.tally(Tally(DECISION_TRACES, ("traces",), (), read, within=question.segment))
    return WhyNot(
        offer=question.offer,
        name=names.offers[question.offer].name,
        eligible=eligible,
        selected=fates[SELECTED],
        miss_rate=rounded(eligible - fates[SELECTED], eligible, 3),
        outranked=fates[OUTRANKED],
        held_back=fates[HELD_BACK],
        unqualified=fates[UNQUALIFIED],
        beaten_by=_first(winners, names),
        ranks=tuple(ranks),
        mean_score=rounded(score_sum, scored * FRACTION.scale, 3) if scored else None,
        read=traces_read,
    )


def _first(winners: Counter[int], names: Names) -> tuple[Winner, ...]:
    found = [Winner(offer, names.offers[offer].name, count) for offer, count in winners.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.name, one.offer))[:BEATEN_BY])
