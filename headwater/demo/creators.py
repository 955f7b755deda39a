"""Puts the demo's creators into both stores, through the same services as everybody: rows, snapshots, sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Final

import msgspec
import pyarrow as pa

from headwater.catalogue.creators import CREATOR_SNAPSHOTS, VIDEO_SNAPSHOTS
from headwater.catalogue.model import SnapshotDataset
from headwater.control import Control
from headwater.control.annotations.service import Annotations
from headwater.control.creators.roster import Roster
from headwater.demo import growth
from headwater.demo.people import LOST_DAYS_AGO, REMARKS, TEAMS, Person
from headwater.demo.posts import Post, Reading, draw, readings, rounds
from headwater.demo.rows import Rows
from headwater.kit.clock import FixedClock
from headwater.query.cache import Tag
from headwater.query.series.upkeep import Upkeep
from headwater.scope import Scope
from headwater.storage import schema
from headwater.storage.port import FactBatch, Store

_DAY = timedelta(days=1)
_SHOWN: Final = "Winter jackets"
_FOLLOWERS_PER_VIEW: Final = 0.0035


class CreatorsDemo(msgspec.Struct, frozen=True):
    """How much there is, and a campaign to ask about."""

    campaign_id: str
    videos: int
    snapshots: int


async def add_creators(
    control: Control, store: Store, scope: Scope, clock: FixedClock, days: int, seed: int
) -> CreatorsDemo:
    """Creators with their videos and campaigns, and what was read of them on so many days up to now."""
    random = Random(seed)  # noqa: S311  # invented data wants to be the same every time, not secret
    now = clock()
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - (days - 1) * _DAY
    posts, times = draw(first, now, random), rounds(first, now)
    read = {post.number: readings(post, times, random) for post in posts}
    views = {number: some[-1].counters[0] if some else 0 for number, some in read.items()}
    async with control.unit_of_work() as unit:
        rows = Rows(unit.session, scope, clock, posts)
        await rows.make(first, views)
    roster = await control.rosters.get(scope.organisation_id)
    await _annotate(control, scope, rows, roster, now)
    numbers = {number: roster.find("video", public_id) for number, public_id in rows.videos.items()}
    videos = [(one, _video_row(numbers[post.number], one)) for post in posts for one in read[post.number]]
    creators = list(_creator_rows(posts, times, rows, now, random))
    late = [row for reading, row in videos if reading.late]
    in_time = [row for reading, row in videos if not reading.late]
    await store.append([_batch(scope, VIDEO_SNAPSHOTS, in_time), _batch(scope, CREATOR_SNAPSHOTS, creators)])
    await store.append([_batch(scope, VIDEO_SNAPSHOTS, late)])
    return CreatorsDemo(rows.campaigns[_SHOWN].public_id, len(posts), len(videos) + len(creators))


async def sum_creators(control: Control, store: Store, organisation_id: int) -> None:
    """Keep the sums from which questions are answered; to be done when all rows are there."""
    roster = await control.rosters.get(organisation_id)
    await Upkeep(store, _keep_nothing).rebuild(organisation_id, roster, everything=True)


async def _keep_nothing(_: Iterable[Tag]) -> None:
    """Nobody has asked for anything yet."""


async def _annotate(control: Control, scope: Scope, rows: Rows, roster: Roster, now: datetime) -> None:
    async with control.unit_of_work() as unit:
        annotations = Annotations(unit.session, scope, roster)
        for remark in REMARKS:
            entity = ("org", scope.organisation_id)
            if remark.creator:
                entity = ("creator", rows.creators[remark.creator].id)
            elif remark.wave:
                entity = ("campaign", rows.campaigns[remark.wave].id)
            at = now.replace(hour=9, minute=30, second=0, microsecond=0) - remark.days_ago * _DAY
            await annotations.create(entity, at, remark.title, remark.body)


def _video_row(number: int | None, reading: Reading) -> dict[str, Any]:
    row = {"video_id": number, "read_at": reading.at.replace(tzinfo=None), "is_baseline": None, "record_id": ""}
    return {**row, **dict(zip(VIDEO_SNAPSHOTS.counters, reading.counters, strict=True))}


def _creator_rows(
    posts: Sequence[Post], times: Sequence[datetime], rows: Rows, now: datetime, random: Random
) -> Iterator[dict[str, Any]]:
    lost_on = len(times) - 1 - LOST_DAYS_AGO
    for person in (person for team in TEAMS for person in team.people):
        gained = _gained(person, posts, times)
        counts = growth.followers(
            person.followers, len(times), random, lost=person.lost, lost_on=lost_on, gained=gained
        )
        for time, followers in zip(times, counts, strict=True):
            number = rows.creators[person.handle].id
            read_at = min(time + timedelta(seconds=random.randrange(600)), now).replace(tzinfo=None)
            yield {"creator_id": number, "read_at": read_at, "followers": followers, "record_id": ""}


def _gained(person: Person, posts: Iterable[Post], times: Sequence[datetime]) -> Mapping[int, int]:
    """Who follows because of the post that everybody saw."""
    habit = growth.HABITS[person.platform]
    found: dict[int, int] = {}
    for post in posts:
        if post.viral and post.person == person:
            seen = [growth.share_seen(max(time - post.posted_at, 0 * _DAY), habit, viral=True) for time in times]
            for day, (before, after) in enumerate(pairwise(seen), 1):
                found[day] = round((after - before) * post.final * _FOLLOWERS_PER_VIEW)
    return found


def _batch(scope: Scope, dataset: SnapshotDataset, rows: list[dict[str, Any]]) -> FactBatch:
    return FactBatch(scope, dataset.name, pa.Table.from_pylist(rows, schema.arrow_schema(dataset)))
