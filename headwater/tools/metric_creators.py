"""Metric questions about creators, videos and their campaigns, answered from totals of spans. No SQL.

Whatever is asked about is a set of videos (whose figures are summed, each once) and of creators
(whose followers are), so that overlapping campaigns count no video twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final

import msgspec

from headwater.catalogue.asked import Asked
from headwater.control.creators.roster import Roster
from headwater.errors import InvalidRequest, NotFound
from headwater.query.series.question import Span
from headwater.query.series.retention import oldest_allowed
from headwater.query.series.totals import Figures, Totals, TotalsEngine, TotalsQuestion, together
from headwater.scope import Scope
from headwater.tools.metric_days import split
from headwater.tools.metric_parts import Key, Value
from headwater.tools.metric_question import Id, MetricQuestion, Period

MOST_SPANS: Final = 93
"""Each bucket is a question of its own; a quarter of days is the most."""


class Members(msgspec.Struct, frozen=True):
    """Whose figures count: videos and, for followers, creators."""

    videos: frozenset[int]
    creators: frozenset[int]


class CreatorFacts:
    """Figures of one question of an organisation, whose entities ``roster`` knows."""

    def __init__(self, totals: TotalsEngine, roster: Roster, generation: int, scope: Scope, today: date) -> None:
        self._totals = totals
        self._roster = roster
        self._generation = generation
        self._scope = scope
        self._today = today

    def resolved(self, ids: Sequence[Id], kind: str) -> tuple[Id, ...]:
        """The ids as their UUIDs are written; ``NotFound`` for one that the organisation does not have."""
        found: dict[str, None] = {}
        for one in ids:
            number = self._roster.find(_kind(kind), str(one))
            if number is None:
                raise NotFound(f"There is no {kind.replace('_', ' ')} {str(one)[:64]}.", field="entity.ids")
            found[self._roster.public_id(_kind(kind), number)] = None
        return tuple(found)

    async def measured(
        self, question: MetricQuestion, metrics: Sequence[Asked], period: Period
    ) -> dict[Key, dict[str, Value]]:
        """The metrics of a period by key."""
        oldest_allowed(Span(period.first, period.last), self._today, self._scope.retention_days)
        if question.only:
            raise InvalidRequest("Creators' figures take no 'only'; name entities instead.", field="only")
        spans = list(split(period, question.granularity)) if question.granularity else [(None, period)]
        if len(spans) > MOST_SPANS:
            raise InvalidRequest(
                f"{len(spans)} buckets are too many for creators.",
                field="granularity",
                allowed=f"at most {MOST_SPANS} buckets",
            )
        found: dict[Key, dict[str, Value]] = {}
        for bucket, part in spans:
            totals = await self._ask(part)
            begun = max((min(part.last, self._today) - part.first).days + 1, 0)
            for key, members in self._keys(question, totals, bucket):
                figures = _figures(members, totals)
                found[key] = {metric.name: _value(metric, figures, begun) for metric in metrics}
        return found

    async def _ask(self, period: Period) -> Totals:
        span = Span(period.first, period.last)
        asked = TotalsQuestion(None, span, self._roster.zone, self._today)
        return await self._totals.ask(asked, self._roster, self._scope, self._generation)

    def _keys(self, question: MetricQuestion, totals: Totals, bucket: date | None) -> Iterable[tuple[Key, Members]]:
        kind, ids = question.entity.kind, question.entity.ids
        numbers = self._all(kind, totals) if ids == "all" else [self._number(kind, one) for one in ids]
        whole = _union(self._members(kind, number, totals) for number in numbers)
        if question.breakdown is None:
            yield Key(bucket), whole
            return
        by = question.breakdown
        # Campaigns that overlap with those that are asked about are not asked about.
        for number in numbers if by == kind else self._all(by, totals):
            own = self._members(by, number, totals)
            # A campaign may hold only some of a creator's videos: those count.
            part = Members(own.videos & whole.videos, own.creators & whole.creators)
            if part.videos or part.creators:
                kind_of = _kind(by)
                yield Key(bucket, self._roster.public_id(kind_of, number), self._roster.label(kind_of, number)), part

    def _all(self, kind: str, totals: Totals) -> Sequence[int]:
        return sorted(totals.videos) if kind == "video" else self._roster.numbers(_kind(kind))

    def _number(self, kind: str, public_id: Id) -> int:
        number = self._roster.find(_kind(kind), str(public_id))
        if number is None:
            raise NotFound(f"There is no {kind.replace('_', ' ')} {str(public_id)[:64]}.", field="entity.ids")
        return number

    def _members(self, kind: str, number: int, totals: Totals) -> Members:
        of = _kind(kind)
        videos = frozenset(one for one in self._roster.videos(of, number) if one in totals.videos)
        creators = () if kind == "video" else self._roster.creators(of, number)
        return Members(videos, frozenset(creators))


def _kind(kind: str) -> str:
    """The roster's word for a kind."""
    return "campaign" if kind == "creator_campaign" else kind


def _union(some: Iterable[Members]) -> Members:
    found = list(some)
    return Members(
        frozenset(video for one in found for video in one.videos),
        frozenset(creator for one in found for creator in one.creators),
    )


def _figures(members: Members, totals: Totals) -> Figures:
    figures = together(totals.videos[video] for video in members.videos)
    own = [totals.creators[one] for one in members.creators if one in totals.creators]
    return figures._replace(
        followers=_sum(one.followers for one in own), followers_change=_sum(one.followers_change for one in own)
    )


def _sum(parts: Iterable[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _value(metric: Asked, figures: Figures, begun: int) -> Value:
    if metric.name == "posts_per_week":
        found: float | None = figures.posts_per_week(begun)
    else:
        found = getattr(figures, metric.name)
    return None if found is None else Fraction(found)
