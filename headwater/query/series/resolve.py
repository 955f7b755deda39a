"""What a series question needs: which levels, how each is read, over which days, of which members.

Pure. The roster knows whose figures count for whom; the catalogue knows where a
level is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

import msgspec

from headwater.catalogue.creators import LEVELS, SERIES
from headwater.catalogue.model import SnapshotDataset
from headwater.catalogue.series import Growth, Level, Ratio, Reading, SeriesMetric, Term
from headwater.query.series.calendar import edges, prior
from headwater.query.series.compile import Member
from headwater.query.series.daily import Measure
from headwater.query.series.question import Grid, SeriesQuestion, Span


class Roster(Protocol):
    """What the engine needs to know of an organisation's creators, videos and campaigns."""

    def public_id(self, kind: str, number: int) -> str:
        """What callers call it."""

    def count(self, kind: str) -> int:
        """How many there are of a kind."""

    def videos(self, kind: str, number: int) -> tuple[int, ...]:
        """The videos that count for an entity, each once."""

    def creators(self, kind: str, number: int) -> tuple[int, ...]:
        """The creators whose followers count for an entity, each once."""

    def posted_at(self, video: int) -> datetime | None:
        """When a video was posted; naive, UTC."""

    def lineage(self, kind: str, number: int) -> tuple[tuple[str, int], ...]:
        """An entity and all that it is part of."""


class Needs(msgspec.Struct, frozen=True):
    """``terms`` are what a metric is computed from; ``span`` all days that have to be read for it."""

    terms: tuple[Term, ...]
    span: Span


def needs(question: SeriesQuestion) -> Needs:
    """What the question's metric needs."""
    metric = SERIES[question.metric]
    spans = [question.span, *([prior(question.span, question.grid)] if question.compared else [])]
    first = min(span.first for span in spans)
    if isinstance(metric, Growth):
        first = min(day for span in spans for day in _looked_back_to(span, question.grid))
    return Needs(tuple(terms(metric, question.base, question.mode)), Span(first, question.span.last))


def _looked_back_to(span: Span, grid: Grid) -> tuple[date, date]:
    """Where the bucket before the span's first one begins, and the period before the span."""
    return edges(span, grid)[0], prior(span, grid).first


def terms(metric: SeriesMetric, base: str | None, mode: str) -> Iterable[Term]:
    """The levels that the metric is computed from, and how each is read."""
    if isinstance(metric, Level):
        return [Term(metric.name, "new" if mode == "new" else "cumulative")]
    if isinstance(metric, Ratio):
        return [*metric.numerator, *([metric.per] if isinstance(metric.per, Term) else [])]
    level = LEVELS[base or ""]
    return [Term(level.name, level.growth)]


def measures(dataset: SnapshotDataset, some: Iterable[Term]) -> tuple[Measure, ...]:
    """The sums that a dataset has to give for these terms."""
    kinds: dict[Reading, str] = {"new": "new", "cumulative": "level"}
    found: dict[Measure, None] = {}
    for term in some:
        if LEVELS[term.level].dataset == dataset.name:
            found[kinds[term.reading], term.level] = None
            found["known", term.level] = None
    return tuple(found)


def members(
    dataset: SnapshotDataset, roster: Roster, kind: str, entities: Iterable[tuple[int, int]]
) -> tuple[Member, ...]:
    """Whose facts count for each of ``(number, entity)``: the roster's number, and what rows come back under."""
    if dataset.subject == "creator_id":
        return tuple(
            Member(creator, entity, None) for number, entity in entities for creator in roster.creators(kind, number)
        )
    return tuple(
        Member(video, entity, roster.posted_at(video))
        for number, entity in entities
        for video in roster.videos(kind, number)
    )
