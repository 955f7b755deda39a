"""Pruning takes old snapshots away; what is asked from the limit on stays as it was."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from headwater.query.series.run import SeriesEngine
from headwater.storage.port import Store
from tests.stores import Opening

from .world import SCOPE, Roster, asked, engine, keep, read, views

LIMIT = datetime.fromisoformat("2026-03-10T00:00:00")
ROSTER = Roster({("campaign", 5): (1, 2)})


async def answers(asking: SeriesEngine) -> list[object]:
    """Every counter of a video and the campaign, from the limit on."""
    found: list[object] = []
    for entity, number in (("video", 1), ("video", 2), ("campaign", 5)):
        for mode in ("new", "cumulative"):
            for level in ("views", "likes", "saves"):
                question = asked(
                    level,
                    [number],
                    date(2026, 3, 10),
                    date(2026, 3, 20),
                    entity=entity,
                    mode=mode,
                )
                found += [line.values for line in (await asking.ask(question, ROSTER, SCOPE, 0)).main]
    return found


async def filled(store: Store) -> None:
    for day in range(1, 18):
        likes = day * 3 if day % 2 else None
        await read(store, [views(1, f"2026-03-{day:02}T10:00:00", day * 10, likes=likes)])
    await read(store, [views(2, "2026-03-09T23:59:59", 7, baseline=False), views(2, "2026-03-12T10:00:00", 9)])


@pytest.mark.parametrize("merged", [True, False])
async def test_answers_from_the_limit_on_stay(opening: Opening, merged: bool) -> None:
    async with opening() as store:
        await filled(store)
        await keep(store, ROSTER, 5)
        if merged:
            await store.compact()
        before = await answers(engine(store))
        assert await store.prune(1, LIMIT) == 8
        assert await answers(engine(store)) == before
        assert await store.prune(1, LIMIT) == 0
        await read(store, [views(1, "2026-03-18T10:00:00", 500), views(1, "2026-03-11T08:00:00", 105)])
        await store.compact()
        (line,) = (
            await engine(store).ask(
                asked("views", [1], date(2026, 3, 10), date(2026, 3, 18), entity="video"), ROSTER, SCOPE, 0
            )
        ).main
        assert line.values == [10, 10, 10, 10, 10, 10, 10, 10, 330]


async def test_what_was_new_before_the_limit_is_gone(opening: Opening) -> None:
    async with opening() as store:
        await filled(store)
        await store.prune(1, LIMIT)
        question = asked("views", [1], date(2026, 3, 1), date(2026, 3, 10), entity="video")
        (line,) = (await engine(store).ask(question, ROSTER, SCOPE, 0)).main
        assert line.values == [None] * 8 + [0, 10]


async def test_other_organisations_are_left_alone(opening: Opening) -> None:
    async with opening() as store:
        await filled(store)
        assert await store.prune(2, LIMIT + timedelta(days=30)) == 0
