"""What one span brought every video and creator, and where they stood at its end; the base of all aggregates.

One statement for each dataset, however many videos there are: sums over the whole
span instead of by day. Everything else is sums of these figures, made by the
modules that use them. Nothing here ranks, cuts or shapes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import add
from typing import NamedTuple, Protocol

import msgspec

from headwater.catalogue.creators import CREATOR_SNAPSHOTS, SERIES, VIDEO_SNAPSHOTS
from headwater.catalogue.series import Ratio, Term
from headwater.kit import tracing
from headwater.kit.clock import Clock
from headwater.kit.zones import DAY, midnight
from headwater.query.cache import Freshness, Tag, TaggedCache, TagGenerations
from headwater.query.series.compile import PLACES_OF_WHOLE, Member, Sums
from headwater.query.series.daily import Measure
from headwater.query.series.question import Span
from headwater.query.series.resolve import Roster
from headwater.query.series.run import ANALYTICS, ROSTER, SeriesEngine, expiry
from headwater.query.series.shape import Number
from headwater.scope import Scope
from headwater.storage.port import Row

_BYTES_PER_ENTITY = 350
_BYTES_PER_ANSWER = 1000
_WITHIN = 1
# What is new comes first, what lasts behind it.
_VIDEO_MEASURES: tuple[Measure, ...] = (
    *(("new", counter) for counter in VIDEO_SNAPSHOTS.counters),
    *(("known", counter) for counter in VIDEO_SNAPSHOTS.counters),
    ("level", "views"),
)
_FOLLOWER_MEASURES: tuple[Measure, ...] = (("new", "followers"), ("known", "followers"), ("level", "followers"))


class WholeRoster(Roster, Protocol):
    """A roster that can name all of a kind, of one project or of the whole organisation."""

    def numbers(self, kind: str, project: int | None = None) -> tuple[int, ...]:
        """All of a kind, a project's or everybody's."""


class TotalsQuestion(msgspec.Struct, frozen=True):
    """A span of whole days in a zone, of a project (by the roster's number) or of all of them."""

    project: int | None
    span: Span
    zone: str
    today: date

    @property
    def begun(self) -> Span | None:
        """The days of the span that are not in the future; None where all are."""
        if self.span.first > self.today:
            return None
        return Span(self.span.first, min(self.span.last, self.today))


class Figures(NamedTuple):
    """Of one entity: what is new in the span, where it stood at the span's end; None where nothing is known.

    ``views_total`` and ``followers`` are levels. Posts are counted, so they are always known.
    """

    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    views_total: int | None
    followers: int | None
    followers_change: int | None
    posts: int
    posts_total: int

    @property
    def engagement_rate(self) -> float | None:
        """The catalogue's ``engagement_rate_by_views``."""
        return self._rate("engagement_rate_by_views")

    @property
    def avg_views_per_post(self) -> float | None:
        """The catalogue's metric of that name."""
        return self._rate("avg_views_per_post")

    def posts_per_week(self, begun: int) -> float | None:
        """The catalogue's metric of that name, over the days of the span that have begun."""
        return self._rate("posts_per_week", begun)

    def _rate(self, metric: str, begun: int = 0) -> float | None:
        declared = SERIES[metric]
        if not isinstance(declared, Ratio):
            raise TypeError(f"{metric} is no rate.")
        per = self._reading(declared.per) if isinstance(declared.per, Term) else begun
        return declared.quotient(map(self._reading, declared.numerator), per)

    def _reading(self, term: Term) -> int | None:
        found: int | None = getattr(self, term.level if term.reading == "new" else _LEVELS[term.level])
        return found


_LEVELS: Mapping[str, str] = {"views": "views_total", "followers": "followers", "posts": "posts_total"}
NOTHING = Figures(None, None, None, None, None, None, None, None, 0, 0)


def together(parts: Iterable[Figures]) -> Figures:
    """The sum of several entities' figures.

    >>> together([NOTHING, NOTHING._replace(views=3, posts=1)]).views
    3
    """
    # Column by column, since a campaign may have tens of thousands of videos.
    columns = list(zip(*parts, strict=True))
    return Figures._make(map(_sum, columns)) if columns else NOTHING


def _sum(column: Sequence[int | None]) -> int | None:
    return None if column.count(None) == len(column) else sum(filter(None, column))


class Totals(msgspec.Struct, frozen=True):
    """The figures of every video that counts, and of every creator: its own followers and its videos' sum."""

    question: TotalsQuestion
    videos: Mapping[int, Figures]
    creators: Mapping[int, Figures]
    expires: datetime
    fresh: Freshness | None = None


class TotalsEngine:
    """Answers with totals within a scope, for a moment kept for all who ask for the same span."""

    def __init__(self, series: SeriesEngine, generations: TagGenerations, clock: Clock, *, cache_bytes: int) -> None:
        self._series = series
        self._clock = clock
        self._cache: TaggedCache[Totals] = TaggedCache(cache_bytes, generations, clock)

    async def ask(self, question: TotalsQuestion, roster: WholeRoster, scope: Scope, roster_generation: int) -> Totals:
        """The totals; ``roster_generation`` is what the series engine told before the roster was read."""
        facts: Tag = (scope.organisation_id, ANALYTICS, 0)
        members: Tag = (scope.organisation_id, ROSTER, 0)
        generations = (*self._cache.generations.of((facts,)), roster_generation)

        async def compute() -> Totals:
            return await self._compute(question, roster, scope)

        # By the roster's generation too: one that was read before a change must not pass for the one after it.
        key = (scope.organisation_id, question, roster_generation)
        expires = expiry(self._clock(), question.today, question.zone)
        with tracing.span("question", purpose="totals of the roster", dataset=ANALYTICS) as span:
            found, kept = await self._cache.get_or_compute(key, (facts, members), compute, _size, expires)
            span.set(kept=kept)
        fresh = Freshness(scope.organisation_id, (facts, members), generations, found.expires)
        return msgspec.structs.replace(found, fresh=fresh)

    async def _compute(self, question: TotalsQuestion, roster: WholeRoster, scope: Scope) -> Totals:
        projects = roster.numbers("project") if question.project is None else (question.project,)
        videos = [video for project in projects for video in roster.videos("project", project)]
        creators = roster.numbers("creator", question.project)
        expires = expiry(self._clock(), question.today, question.zone)
        viewed = [Member(video, video, roster.posted_at(video)) for video in videos]
        followed = [Member(creator, creator, None) for creator in creators]
        video_rows, creator_rows = await asyncio.gather(
            self._rows(Sums(VIDEO_SNAPSHOTS, _VIDEO_MEASURES, tuple(viewed), (), question.span, question.zone), scope),
            self._rows(
                Sums(CREATOR_SNAPSHOTS, _FOLLOWER_MEASURES, tuple(followed), (), question.span, question.zone), scope
            ),
        )

        def made() -> Totals:
            of_videos = _of_videos(viewed, video_rows, question)
            of_creators = _of_creators(creators, creator_rows, of_videos, roster)
            return Totals(question, of_videos, of_creators, expires)

        return await asyncio.to_thread(made)

    async def _rows(self, sums: Sums, scope: Scope) -> list[Row]:
        if not sums.members:
            return []
        return await self._series.rows(msgspec.structs.replace(sums, by_day=False), scope)


def _of_videos(videos: Sequence[Member], rows: Iterable[Row], question: TotalsQuestion) -> dict[int, Figures]:
    start, end = midnight(question.span.first, question.zone), midnight(question.span.last + DAY, question.zone)
    sums = _summed(rows, len(VIDEO_SNAPSHOTS.counters))
    counters = len(VIDEO_SNAPSHOTS.counters)
    nothing = (0,) * counters, (0,) * (counters + 1)
    found = {}
    for video in videos:
        new, (*known, level) = sums.get(video.subject, nothing)
        figures = [value if is_known else None for value, is_known in zip(new, known, strict=True)]
        posted = video.posted_at
        posts = int(posted is not None and start <= posted < end)
        posts_total = int(posted is not None and posted < end)
        views_total = level if known[0] else None
        found[video.subject] = Figures._make((*figures, views_total, None, None, posts, posts_total))
    return found


def _of_creators(
    creators: Iterable[int], rows: Iterable[Row], videos: Mapping[int, Figures], roster: Roster
) -> dict[int, Figures]:
    sums = _summed(rows, 1)
    found = {}
    for creator in creators:
        (new,), (known, level) = sums.get(creator, ((0,), (0, 0)))
        own = together(videos[video] for video in roster.videos("creator", creator))
        found[creator] = own._replace(followers=level if known else None, followers_change=new if known else None)
    return found


def _summed(rows: Iterable[Row], number_new: int) -> dict[int, tuple[Sequence[int], Sequence[int]]]:
    """By entity: what is new within the span, and what lasts, from all up to its end."""
    found: dict[int, tuple[Sequence[int], Sequence[int]]] = {}
    for row in rows:
        entity, place = divmod(row[0], PLACES_OF_WHOLE)
        if place > _WITHIN:
            continue
        new, lasting = row[1 : 1 + number_new], row[1 + number_new : -1]
        if place < _WITHIN:
            new = (0,) * number_new
        known = found.get(entity)
        if known is not None:
            new, lasting = tuple(map(add, known[0], new)), tuple(map(add, known[1], lasting))
        found[entity] = (new, lasting)
    return found


def _size(value: Totals) -> int:
    return _BYTES_PER_ANSWER + _BYTES_PER_ENTITY * (len(value.videos) + len(value.creators))


def number(figures: Figures, column: str) -> Number | None:
    """The value of a column of the figures, for ranking.

    >>> number(NOTHING._replace(views=3), "views")
    3
    """
    found: Number | None = getattr(figures, column)
    return found


def number_together(parts: Iterable[Figures], column: str) -> Number | None:
    """The same of several together; most columns need nothing but their own sum.

    >>> number_together([NOTHING, NOTHING._replace(views=3)], "views")
    3
    """
    if column not in Figures._fields:
        return number(together(parts), column)
    place = Figures._fields.index(column)
    return _sum([part[place] for part in parts])
