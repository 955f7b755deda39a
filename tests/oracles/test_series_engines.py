"""Series have the same answers on both engines, whatever they are read from."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio

from headwater.catalogue.creators import SERIES
from headwater.catalogue.series import EntityKind, Growth, Level, modes
from headwater.query.series.question import SeriesQuestion
from headwater.query.series.run import SeriesEngine
from headwater.storage.port import Store
from tests.clickhouse import opened_clickhouse
from tests.conformance.facts import opened
from tests.series.reference import Reading
from tests.series.world import SCOPE, Roster, asked, engine, keep, read

START = datetime.fromisoformat("2026-03-20T00:00:00")
CREATORS = {1: (1, 2, 3), 2: (4, 5), 3: ()}
ZONES = ("Europe/Oslo", "UTC", "Asia/Kathmandu")
ROSTER = Roster(
    {("campaign", 9): tuple(range(1, 15)), **{("creator", creator): videos for creator, videos in CREATORS.items()}},
    {video: START + timedelta(hours=7 * video) for video in range(1, 15, 2)},
    {video: creator for creator, videos in CREATORS.items() for video in videos},
)
ENTITIES: tuple[tuple[EntityKind, tuple[int, ...]], ...] = (
    ("creator", (2, 1, 3)),
    ("campaign", (9,)),
    ("video", (3, 4)),
)


def questions() -> list[SeriesQuestion]:
    """Every metric of every kind in every mode, in the rollup's zone and in others."""
    found = []
    for metric in SERIES.values():
        for entity, ids in ENTITIES:
            for mode in modes(metric) if entity in metric.entities else ():
                base = "views" if isinstance(metric, Growth) else None
                parts = isinstance(metric, Level) and metric.name in ("views", "saves") and entity == "campaign"
                found += [
                    asked(
                        metric.name,
                        ids,
                        date(2026, 3, 22),
                        date(2026, 4, 5),
                        entity=entity,
                        mode=mode,
                        zone=zone,
                        base=base,
                        compared=True,
                        by_video=parts,
                        granularity="week" if zone == "UTC" else "day",
                    )
                    for zone in ZONES
                ]
    return found


async def fill(store: Store) -> None:
    """Readings in three commits, the late ones last: before the merge, before the campaign's sums are kept, after."""
    chance = random.Random(20260320)
    readings = [
        Reading(
            chance.randrange(1, 15),
            START + timedelta(minutes=chance.randrange(20 * 24 * 60)),
            (chance.randrange(10_000), *(chance.choice([None, chance.randrange(500)]) for _ in range(4))),
            chance.choice([None, None, None, True, False]),
        )
        for _ in range(300)
    ]
    followers = [
        Reading(chance.randrange(1, 4), START + timedelta(hours=chance.randrange(480)), (chance.randrange(9000),))
        for _ in range(60)
    ]
    await store.rezone(1, "Europe/Oslo")
    await read(store, readings[:150])
    await read(store, followers[:40], creators=True)
    await store.compact()
    await read(store, readings[150:220])
    await keep(store, ROSTER, 9)
    await read(store, readings[220:])
    await read(store, followers[40:], creators=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines() -> AsyncIterator[tuple[SeriesEngine, SeriesEngine]]:
    """The embedded engine, and ClickHouse with the same facts."""
    async with opened() as store, opened_clickhouse() as clickhouse:
        await fill(store)
        await fill(clickhouse)
        yield engine(store), engine(clickhouse)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("question", questions(), ids=lambda one: f"{one.metric} {one.mode} {one.entity} {one.zone}")
async def test_both_engines_agree(engines: tuple[SeriesEngine, SeriesEngine], question: SeriesQuestion) -> None:
    embedded, clickhouse = [await one.ask(question, ROSTER, SCOPE, 0) for one in engines]
    assert embedded.main == clickhouse.main
    assert embedded.compared == clickhouse.compared
    assert embedded.parts == clickhouse.parts
    assert embedded.first_data == clickhouse.first_data
    assert any(value is not None for line in embedded.main for value in line.values)
