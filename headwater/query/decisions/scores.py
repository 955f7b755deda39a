"""How scores are spread over tenths, in all and by channel, offer or category; and how often scoring was degraded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from headwater.catalogue.decisions import BUCKETS, DECISION_TRACES, TRACE_OFFERS
from headwater.catalogue.model import FRACTION
from headwater.kit.rounding import rounded
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.names import Names, category_name, category_of
from headwater.query.decisions.tally import Tally
from headwater.storage.port import Row


class ScoreGroup(msgspec.Struct, frozen=True):
    """Scores of one channel, offer or category (None: without); the mean has three decimals."""

    number: int | None
    name: str
    count: int
    mean: Decimal


class ScoreDistribution(msgspec.Struct, frozen=True):
    """Scores in each tenth from the lowest, and by what they were grouped by."""

    buckets: tuple[int, ...]
    groups: tuple[ScoreGroup, ...]

    @property
    def total(self) -> int:
        """All scores."""
        return sum(self.buckets)


class Degraded(msgspec.Struct, frozen=True):
    """Decisions that a fallback scored, and all that were scored."""

    degraded: int
    scored: int


async def distribution(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> ScoreDistribution:
    """Scores of all traces in the window, or of one channel, offer or category; grouped by channel unless asked."""
    dimension = "offer" if question.group_by in ("offer", "category") else "channel"
    only = _only(question, names)
    rows = await facts.tally(Tally(TRACE_OFFERS, ("scores", "score_sum"), (dimension, "bucket"), span.window, only))
    known = names.offers if dimension == "offer" else names.channels
    rows = [row for row in rows if row[0] in known]
    return ScoreDistribution(_buckets(row[1:] for row in rows), _groups(rows, question, names))


def _only(question: DashboardQuestion, names: Names) -> tuple[tuple[str, tuple[int, ...]], ...]:
    if question.filter is None:
        return ()
    if question.group_by == "category":
        offers = tuple(number for number, offer in names.offers.items() if offer.category == question.filter)
        return (("offer", offers),)
    return ((question.group_by or "channel", (question.filter,)),)


def _buckets(rows: Iterable[Sequence[int | None]]) -> tuple[int, ...]:
    counts = [0] * BUCKETS
    for bucket, scores, _ in rows:
        # What was never scored has no bucket.
        if bucket is not None:
            counts[bucket] += scores or 0
    return tuple(counts)


def _groups(rows: Sequence[Row], question: DashboardQuestion, names: Names) -> tuple[ScoreGroup, ...]:
    sums: defaultdict[int | None, list[int]] = defaultdict(lambda: [0, 0])
    for number, _, scores, total in rows:
        group = category_of(names, number) if question.group_by == "category" else number
        sums[group][0] += scores
        sums[group][1] += total
    groups = [
        ScoreGroup(number, _name(question, names, number), count, rounded(total, count * FRACTION.scale, 3))
        for number, (count, total) in sums.items()
        if count
    ]
    return tuple(sorted(groups, key=lambda group: (-group.count, group.name, group.number or 0)))


def _name(question: DashboardQuestion, names: Names, number: int | None) -> str:
    if question.group_by == "category" or number is None:
        return category_name(names, number)
    return (names.offers if question.group_by == "offer" else names.channels)[number].name


async def degraded(facts: Facts, span: Span) -> Degraded:
    """Of the window's traces."""
    rows = await facts.tally(Tally(DECISION_TRACES, ("degraded", "scored"), (), span.window))
    return Degraded(*rows[0])
