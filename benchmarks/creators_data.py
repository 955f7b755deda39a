"""A data directory with invented creators: one campaign of all videos, each read once a day for a year."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from benchmarks.data import WORK
from headwater.app import Headwater
from headwater.catalogue.creators import VIDEO_SNAPSHOTS
from headwater.control import Control
from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.creators import Creators
from headwater.control.creators.items import Items
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CampaignFields, CreatorFields, ProjectFields, VideoFields
from headwater.control.creators.videos import Videos
from headwater.control.tokens.api_keys import ApiKeys
from headwater.demo.creators import sum_creators
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.storage import schema
from headwater.storage.port import FactBatch

CREATORS = 500
VIDEOS = 5000
DAYS = 365
START = date(2025, 1, 1)
END = START + timedelta(days=DAYS - 1)
_VIDEOS_PER_COMMIT = 1000


class Creator(msgspec.Struct, frozen=True):
    """A creator's number, UUID and the numbers of the videos."""

    number: int
    public_id: str
    videos: tuple[int, ...]


class Known(msgspec.Struct, frozen=True):
    """What a run needs to know of the directory."""

    key: str
    campaign_id: str
    campaign: int
    creators: list[Creator]


def directory() -> Path:
    """The data directory; made if it is not there."""
    path = WORK / f"creators-{VIDEOS}x{DAYS}"
    if not (path / "bench.json").exists():
        print(f"Making {VIDEOS:,} videos with {DAYS} readings each …", flush=True)
        asyncio.run(_make(path))
    return path


def facts(path: Path) -> Known:
    """The directory's key, campaign and creators."""
    return msgspec.json.decode((path / "bench.json").read_bytes(), type=Known)


async def _make(path: Path) -> None:
    headwater = Headwater(Settings(data_dir=str(path)))
    await headwater.start()
    control, store = headwater.services.control, headwater.services.store
    newcomer = await control.registration.newcomer("bench@example.com", "benchmark-password", "B")
    async with control.unit_of_work() as unit:
        registered = await control.registration.found(unit, newcomer, "Bench")
    scope = await control.access.operator_scope(registered.organisation.id)
    key, campaign_id = await _rows(control, scope)
    roster = await control.rosters.get(scope.organisation_id)
    videos = roster.numbers("video")
    for first in range(0, VIDEOS, _VIDEOS_PER_COMMIT):
        rows = _snapshots(videos[first : first + _VIDEOS_PER_COMMIT])
        await store.append([FactBatch(scope, VIDEO_SNAPSHOTS.name, rows)])
        print(f"  {first + _VIDEOS_PER_COMMIT:,}", end="\r", flush=True)
    await store.compact()
    await sum_creators(control, store, scope.organisation_id)
    (campaign,) = roster.numbers("campaign")
    creators = [
        Creator(number, roster.public_id("creator", number), roster.videos("creator", number))
        for number in roster.numbers("creator")
    ]
    await headwater.stop()
    (path / "bench.json").write_bytes(msgspec.json.encode(Known(key, campaign_id, campaign, creators)))


async def _rows(control: Control, scope: Scope) -> tuple[str, str]:
    """Everything but snapshots; an API key, and the UUID of the campaign that holds all creators."""
    async with control.unit_of_work() as unit:
        project = await Projects(unit.session, scope).create(ProjectFields(name="Project"))
        people = [CreatorFields(handle=f"creator{number}") for number in range(CREATORS)]
        creators = await Creators(unit.session, scope).create_many(project, people)
        posts = [
            VideoFields(
                external_id=f"video{number}",
                title=f"Video {number}",
                creator_id=creators[number % CREATORS],
                posted_at=f"{START}T12:00:00Z",
            )
            for number in range(VIDEOS)
        ]
        await Videos(unit.session, scope).create_many(project, posts)
        campaign = await Campaigns(unit.session, scope).create(project, CampaignFields(name="Everything"))
        items = Items(unit.session, scope)
        for creator in creators:
            await items.add(campaign, "creator", creator)
        _, key = await ApiKeys(unit.session, scope).create("bench", ["read"])
    return key, campaign.public_id


def _snapshots(videos: Sequence[int]) -> pa.Table:
    """A year of readings, every evening; views rise fast at first and then ever more slowly."""
    connection = duckdb.connect()
    connection.register("video", pa.table({"video_id": pa.array(videos, pa.int64())}))
    query = f"""
        SELECT video_id, TIMESTAMP '{START} 21:40:00' + to_days(place::INTEGER) + to_seconds(hash(video_id) % 600)
                   AS read_at,
               views, views // 14 AS likes, views // 300 AS comments, views // 120 AS shares, views // 90 AS saves,
               NULL::BOOLEAN AS is_baseline, '' AS record_id
        FROM (SELECT video_id, place, ((1000 + hash(video_id, 1) % 400000)
                     * (0.8 * (1 - exp(-(place + 1) / 3.0)) + 0.2 * (1 - exp(-(place + 1) / 120.0))))::BIGINT AS views
              FROM video, range({DAYS}) AS days(place))
        ORDER BY read_at, video_id"""
    return connection.sql(query).to_arrow_table().cast(schema.arrow_schema(VIDEO_SNAPSHOTS))


def bare_copy(path: Path) -> Path:
    """The sorted daily sums alone, of single videos and of the campaign, as a plain DuckDB file for the floor."""
    copy = path / "bare.duckdb"
    if not copy.exists():
        owners = [(video, creator.number) for creator in facts(path).creators for video in creator.videos]
        connection = duckdb.connect(str(copy))
        connection.execute(f"ATTACH '{path / 'facts.duckdb'}' AS facts (READ_ONLY)")
        connection.execute(
            "CREATE TABLE video_day AS SELECT * FROM facts.video_day ORDER BY organisation_id, video_id, day"
        )
        # Under the campaign's own number: each rebuild gives its sums another one.
        connection.execute(
            "CREATE TABLE campaign_day AS SELECT number AS campaign_id, kept.* FROM facts.video_group_day AS kept"
            " JOIN (SELECT number, max(group_id) AS group_id FROM facts.member_group GROUP BY 1) USING (group_id)"
            " ORDER BY campaign_id, day"
        )
        numbers = pa.table([list(column) for column in zip(*owners, strict=True)], ["video_id", "creator_id"])
        connection.register("owners", numbers)
        connection.execute("CREATE TABLE video AS SELECT * FROM owners ORDER BY video_id")
        connection.close()
    return copy
