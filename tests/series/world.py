"""A small organisation for series questions: a roster without a database, and facts in a real store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pyarrow as pa

from headwater.catalogue.creators import CREATOR_SNAPSHOTS, VIDEO_SNAPSHOTS
from headwater.catalogue.series import EntityKind, Mode
from headwater.kit.clock import FixedClock
from headwater.query.cache import TagGenerations
from headwater.query.series.groups import fingerprint
from headwater.query.series.question import Granularity, Grid, SeriesQuestion, Span
from headwater.query.series.run import SeriesEngine
from headwater.query.series.upkeep import members
from headwater.scope import ALL_PERMISSIONS, Role, Scope
from headwater.storage import schema
from headwater.storage.port import FactBatch, Store

from .reference import COUNTERS, Reading

SCOPE = Scope(1, 1, Role.owner, ALL_PERMISSIONS, "operator")
ELSEWHERE = Scope(2, 2, Role.owner, ALL_PERMISSIONS, "operator")
TODAY = date(2026, 4, 10)


class Roster:
    """``holds`` maps (kind, number) to videos, ``posted`` videos to times, ``authors`` videos to creators.

    There are ``others`` besides these videos.
    """

    def __init__(
        self,
        holds: Mapping[tuple[str, int], tuple[int, ...]],
        posted: Mapping[int, datetime] | None = None,
        authors: Mapping[int, int] | None = None,
        others: int = 0,
    ) -> None:
        self._holds = holds
        self._others = others
        self._posted = dict(posted or {})
        self._authors = dict(authors or {})

    def public_id(self, kind: str, number: int) -> str:
        return f"{kind}-{number:03}"

    def count(self, kind: str) -> int:
        return self._others + len({video for videos in self._holds.values() for video in videos})

    def videos(self, kind: str, number: int) -> tuple[int, ...]:
        return (number,) if kind == "video" else self._holds.get((kind, number), ())

    def creators(self, kind: str, number: int) -> tuple[int, ...]:
        if kind == "creator":
            return (number,)
        return tuple(sorted({self._authors[video] for video in self.videos(kind, number) if video in self._authors}))

    def posted_at(self, video: int) -> datetime | None:
        return self._posted.get(video)

    def lineage(self, kind: str, number: int) -> tuple[tuple[str, int], ...]:
        return ((kind, number),)


def engine(store: Store, today: date = TODAY, *, cache_bytes: int = 0) -> SeriesEngine:
    """The engine over ``store`` at noon (UTC) of ``today``."""
    clock = FixedClock(datetime(today.year, today.month, today.day, 12, tzinfo=UTC))
    return SeriesEngine(store, TagGenerations(), clock, cache_bytes=cache_bytes, max_points=100_000)


async def read(store: Store, readings: Sequence[Reading], *, scope: Scope = SCOPE, creators: bool = False) -> None:
    """Store snapshots of videos (or creators) as one commit."""
    dataset = CREATOR_SNAPSHOTS if creators else VIDEO_SNAPSHOTS
    rows = [
        {dataset.subject: one.subject, "read_at": one.at, "record_id": "", "is_baseline": one.is_baseline}
        | dict(zip(dataset.counters, one.counters, strict=True))
        for one in readings
    ]
    await store.append([FactBatch(scope, dataset.name, pa.Table.from_pylist(rows, schema.arrow_schema(dataset)))])


async def keep(store: Store, roster: Roster, campaign: int, scope: Scope = SCOPE) -> None:
    """Have the store keep a campaign's sums."""
    marks = fingerprint(roster, "campaign", campaign)
    await store.keep_group(VIDEO_SNAPSHOTS.name, scope.organisation_id, campaign, members(roster, campaign), marks)


def asked(
    metric: str,
    ids: Sequence[int],
    first: date,
    last: date,
    *,
    entity: EntityKind = "creator",
    mode: Mode = "new",
    granularity: Granularity = "day",
    days: int = 1,
    zone: str = "UTC",
    today: date = TODAY,
    base: str | None = None,
    compared: bool = False,
    by_video: bool = False,
    oldest: date | None = None,
) -> SeriesQuestion:
    """A question, with what most tests do not care about filled in."""
    grid = Grid(granularity, days)
    span = Span(first, last)
    return SeriesQuestion(metric, mode, entity, tuple(ids), span, grid, zone, today, base, compared, by_video, oldest)


def views(subject: int, at: str, value: int, *, likes: int | None = None, baseline: bool | None = None) -> Reading:
    """A reading of views (and likes)."""
    counters = (value, likes, *(None for _ in COUNTERS[2:]))
    return Reading(subject, datetime.fromisoformat(at), counters, baseline)
