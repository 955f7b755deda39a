"""The series engine: takes a question about levels over time through every stage.

Like ``query.run``, the only caller of ``Store.fetch`` for its questions. Answers
are kept for five minutes at most, and not beyond midnight in the question's zone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from heapq import nsmallest

import msgspec

from headwater.catalogue.creators import LEVELS, POSTS, VIDEO_SNAPSHOTS
from headwater.catalogue.model import SnapshotDataset
from headwater.catalogue.registry import SNAPSHOTS
from headwater.catalogue.series import EntityKind
from headwater.errors import InvalidRequest
from headwater.kit import tracing
from headwater.kit.clock import Clock
from headwater.kit.zones import DAY, local_date, midnight
from headwater.query.cache import Freshness, Tag, TaggedCache, TagGenerations
from headwater.query.series.calendar import Bucket
from headwater.query.series.compile import Member, Sums, compile_sums
from headwater.query.series.daily import Daily, Measure, of_posts, of_slots
from headwater.query.series.groups import Fingerprints
from headwater.query.series.question import SeriesQuestion, Span
from headwater.query.series.resolve import Needs, Roster, measures, members, needs
from headwater.query.series.shape import Lines, Series, compared_axis, main_axis, partial_bucket, series
from headwater.scope import Scope
from headwater.storage.port import Row, Statement, Store

CACHE_SECONDS = 300
TOP = 10
ANALYTICS, ROSTER = "analytics", "roster"
_BYTES_PER_POINT = 120
_BYTES_PER_ANSWER = 2000


Levels = tuple[int | None, ...]
"""A video's counters in the order of the dataset."""


class SeriesAnswer(msgspec.Struct, frozen=True):
    """Lines in the order of the question's ids; ``parts`` are the top videos, then all others together."""

    main: tuple[Series, ...]
    compared: tuple[Series, ...]
    parts: tuple[Series, ...]
    partial: Bucket | None
    first_data: date | None
    expires: datetime
    fresh: Freshness | None = None
    cached: bool = False


class SeriesEngine:
    """Answers series questions within a scope."""

    def __init__(
        self, store: Store, generations: TagGenerations, clock: Clock, *, cache_bytes: int, max_points: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._cache: TaggedCache[SeriesAnswer] = TaggedCache(cache_bytes, generations, clock)
        self._max_points = max_points
        self._fingerprints = Fingerprints()

    def roster_generation(self, scope: Scope) -> int:
        """How often the organisation's roster has changed; to be asked for before the roster is."""
        return self._cache.generations.of((_roster_tag(scope),))[0]

    async def ask(self, question: SeriesQuestion, roster: Roster, scope: Scope, roster_generation: int) -> SeriesAnswer:
        """The answer, from the cache while nothing that it depends on has changed.

        Whoever keeps what is made of it must drop that with every change of the roster;
        here only a change of the entities' own members makes another answer.
        """
        self._check_size(question)
        # Before the generations, which it may raise.
        members = self._members(question, roster, scope)
        tags = tags_of(question.entity, question.ids, roster, scope)
        generations = self._cache.generations.of(tags)

        async def compute() -> SeriesAnswer:
            return await self._compute(question, roster, scope)

        expires = self._expiry(question)
        key = (scope.organisation_id, question, members)
        with tracing.span("question", purpose=f"series by {question.entity}", dataset=ANALYTICS) as span:
            found, kept = await self._cache.get_or_compute(key, tags, compute, _size, expires)
            span.set(kept=kept)
        fresh = Freshness(
            scope.organisation_id,
            (*tags, _roster_tag(scope)),
            (*generations, roster_generation),
            min(found.expires, expires),
        )
        return msgspec.structs.replace(found, cached=kept, fresh=fresh)

    def _members(self, question: SeriesQuestion, roster: Roster, scope: Scope) -> tuple[str, ...]:
        """The fingerprints of the question's entities; where one has changed, its answers of before are stale."""
        found = []
        for number in question.ids:
            mark, former = self._fingerprints.of(roster, question.entity, number)
            if former not in (None, mark):
                self._cache.generations.bump([(scope.organisation_id, question.entity, number)])
            found.append(mark)
        return tuple(found)

    def _expiry(self, question: SeriesQuestion) -> datetime:
        return expiry(self._clock(), question.today, question.zone)

    async def latest(self, videos: Sequence[int], scope: Scope) -> Mapping[int, Levels]:
        """The last known level of each of the videos' counters; None for what was never given."""
        what: tuple[Measure, ...] = tuple(
            (kind, one) for one in VIDEO_SNAPSHOTS.counters for kind in ("level", "known")
        )
        # When they were posted decides what is new, but not how high a level is.
        who = tuple(Member(video, video, None) for video in videos)
        today = self._clock().date()
        sums = Sums(VIDEO_SNAPSHOTS, what, who, (), Span(today, today), "UTC", by_day=False)
        totals = {video: [0] * len(what) for video in videos}
        for slot, *values, _ in await self.rows(sums, scope):
            video = slot // sums.places
            totals[video] = [total + value for total, value in zip(totals[video], values, strict=True)]
        return {
            video: tuple(level if known else None for level, known in zip(found[::2], found[1::2], strict=True))
            for video, found in totals.items()
        }

    def explain(self, question: SeriesQuestion, roster: Roster, scope: Scope) -> list[Statement]:
        """What would be read for the question's entities; nothing is run."""
        return [self._statement(one, scope) for one in self._sums(question, needs(question), roster, scope)]

    async def _compute(self, question: SeriesQuestion, roster: Roster, scope: Scope) -> SeriesAnswer:
        needed = needs(question)
        parts: dict[int | None, Lines] = {}
        lines = await self._entities(question, needed, roster, scope)
        if question.by_video:
            parts = await self._parts(question, needed, lines[question.ids[0]], roster, scope)
        axis = main_axis(question, needed.span)
        earlier = compared_axis(question, needed.span) if question.compared else None
        kind, ids = question.entity, question.ids
        return SeriesAnswer(
            main=tuple(series(question, kind, number, axis, lines[number]) for number in ids),
            compared=tuple(series(question, kind, number, earlier, lines[number]) for number in ids if earlier),
            parts=tuple(series(question, "video", part, axis, parts[part]) for part in parts),
            partial=partial_bucket(question),
            first_data=min(filter(None, (lines[number].first(needed.terms) for number in question.ids)), default=None),
            expires=self._expiry(question),
        )

    async def _entities(
        self, question: SeriesQuestion, needed: Needs, roster: Roster, scope: Scope
    ) -> dict[int, Lines]:
        """The daily sums of each entity that was asked for."""
        sums = self._sums(question, needed, roster, scope)
        daily = await asyncio.gather(*(self._daily(one, len(question.ids), scope) for one in sums))
        lines = {}
        for place, number in enumerate(question.ids):
            found = {one.dataset.name: of[place] for one, of in zip(sums, daily, strict=True)}
            if POSTS in _sources(needed):
                found[POSTS] = of_posts(_posts(roster, question, number), needed.span)
            lines[number] = Lines(found)
        return lines

    def _sums(self, question: SeriesQuestion, needed: Needs, roster: Roster, scope: Scope) -> list[Sums]:
        """What to read for the entities, of each dataset at once."""
        return [
            Sums(
                dataset,
                measures(dataset, needed.terms),
                *self._who(dataset, question, roster, scope),
                needed.span,
                question.zone,
            )
            for name, dataset in SNAPSHOTS.items()
            if name in _sources(needed)
        ]

    async def _parts(
        self, question: SeriesQuestion, needed: Needs, whole: Lines, roster: Roster, scope: Scope
    ) -> dict[int | None, Lines]:
        """The daily sums of the top videos, most first, and under None of all others together."""
        videos = roster.videos(question.entity, question.ids[0])
        top = await self._top(question, needed, videos, roster, scope)
        who = tuple(Member(video, place, roster.posted_at(video)) for place, video in enumerate(top))
        sums = Sums(VIDEO_SNAPSHOTS, measures(VIDEO_SNAPSHOTS, needed.terms), who, (), needed.span, question.zone)
        daily = await self._daily(sums, len(top), scope)
        found: dict[int | None, Daily] = dict(zip(top, daily, strict=True))
        if len(videos) > len(top):
            found[None] = whole.by_dataset[VIDEO_SNAPSHOTS.name].without(daily)
        return {part: Lines({VIDEO_SNAPSHOTS.name: of}) for part, of in found.items()}

    async def _top(
        self, question: SeriesQuestion, needed: Needs, videos: Sequence[int], roster: Roster, scope: Scope
    ) -> list[int]:
        """The videos of which the question's span holds most, the most first, ties by their ids."""
        who = tuple(Member(video, video, roster.posted_at(video)) for video in videos)
        what = measures(VIDEO_SNAPSHOTS, needed.terms)[:1]
        is_most = 2 * len(videos) > roster.count("video")
        sums = Sums(VIDEO_SNAPSHOTS, what, who, (), question.span, question.zone, most=TOP, of_most_subjects=is_most)
        totals: dict[int, int] = dict(await self.rows(sums, scope))
        # What was not found has no facts, or is none of the top: only a top that is not full of gains has room for it.
        gained = [video for video, total in totals.items() if total > 0]
        ranked = gained if len(gained) >= TOP else videos
        return nsmallest(TOP, ranked, key=lambda video: (-totals.get(video, 0), roster.public_id("video", video)))

    def _who(
        self, dataset: SnapshotDataset, question: SeriesQuestion, roster: Roster, scope: Scope
    ) -> tuple[tuple[Member, ...], tuple[tuple[int, int], ...]]:
        """Whose facts count for which place in the question: members, and groups whose sums are kept."""
        groups: list[tuple[int, int]] = []
        entities: list[tuple[int, int]] = []
        for place, number in enumerate(question.ids):
            group = self._kept_group(dataset, question, number, roster, scope)
            if group is None:
                entities.append((number, place))
            else:
                groups.append((group, place))
        return members(dataset, roster, question.entity, entities), tuple(groups)

    def _kept_group(
        self, dataset: SnapshotDataset, question: SeriesQuestion, number: int, roster: Roster, scope: Scope
    ) -> int | None:
        """The group whose sums the store keeps for a campaign, if its members and days are those asked for."""
        if question.entity != "campaign" or not dataset.group_rollup:
            return None
        group = self._store.groups(scope.organisation_id).get(number)
        if group is None or group.zone != question.zone:
            return None
        return group.id if group.members == self._fingerprints.of(roster, "campaign", number)[0] else None

    async def _daily(self, sums: Sums, count: int, scope: Scope) -> list[Daily]:
        """The sums by day of the entities 0 to ``count``; for one without facts they are all 0."""
        return of_slots(await self.rows(sums, scope), sums.measures, sums.span, count)

    async def rows(self, sums: Sums, scope: Scope) -> list[Row]:
        """The sums as the store has them; see ``compile_sums`` for the columns."""
        return await self._store.fetch(self._statement(sums, scope))

    def _statement(self, sums: Sums, scope: Scope) -> Statement:
        kept_zone = self._store.zone(scope.organisation_id)
        fresh = self._store.has_fresh(sums.dataset.name)
        return compile_sums(sums, scope, self._store.dialect, kept_zone=kept_zone, fresh=fresh)

    def _check_size(self, question: SeriesQuestion) -> None:
        days = question.span.days * (len(question.ids) + TOP * question.by_video) * (1 + question.compared)
        if days > self._max_points:
            raise InvalidRequest(
                f"{question.span.days:,} days of {len(question.ids)} entities are too many values;"
                " ask for a shorter range or fewer entities.",
                field="from",
                allowed=f"at most {self._max_points} days times entities",
            )


def expiry(now: datetime, today: date, zone: str) -> datetime:
    """Five minutes from now, or the end of the day that a question calls today."""
    return min(now + timedelta(seconds=CACHE_SECONDS), midnight(today + DAY, zone).replace(tzinfo=UTC))


def _roster_tag(scope: Scope) -> Tag:
    return (scope.organisation_id, ROSTER, 0)


def tags_of(kind: EntityKind, numbers: Iterable[int], roster: Roster, scope: Scope) -> tuple[Tag, ...]:
    """What an answer depends on: the organisation's facts, and each entity with all whose annotations it shows."""
    organisation = scope.organisation_id
    lineages = {entity for number in numbers for entity in roster.lineage(kind, number)}
    # What a campaign holds does not change with it; what holds it may mark what it shows.
    entities = sorted(entity for entity in lineages if entity[0] != "campaign" or kind == "campaign")
    own = ((organisation, ANALYTICS, 0), (organisation, "org", organisation))
    return (*own, *((organisation, *entity) for entity in entities))


def _sources(needed: Needs) -> set[str]:
    """The datasets that the levels are read from, and where posts are counted."""
    return {LEVELS[term.level].dataset for term in needed.terms}


def _posts(roster: Roster, question: SeriesQuestion, number: int) -> Iterable[date]:
    """The local days on which the videos that count were posted."""
    for video in roster.videos(question.entity, number):
        posted = roster.posted_at(video)
        if posted is not None:
            yield local_date(posted, question.zone)


def _size(value: SeriesAnswer) -> int:
    lines = (*value.main, *value.compared, *value.parts)
    return _BYTES_PER_ANSWER + sum(len(line.values) for line in lines) * _BYTES_PER_POINT
