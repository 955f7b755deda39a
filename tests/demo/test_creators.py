"""The demo's creators as a user of the API sees them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from headwater.demo.creators import CreatorsDemo, add_creators, sum_creators
from headwater.demo.people import LOST_DAYS_AGO, VIRAL_DAYS_AGO, WAVES
from headwater.query.series.groups import fingerprint
from tests.serving import NOW, Company, Server, serving

DAYS = 90
DAY = timedelta(days=1)
TODAY = NOW.date()
FIRST = TODAY - (DAYS - 1) * DAY


@dataclass(frozen=True)
class Filled:
    """A data directory with creators, and who may ask about them."""

    folder: Path
    key: str
    organisation_id: int
    demo: CreatorsDemo

    def company(self, server: Server) -> Company:
        return Company(server, "owner1@example.com", self.key, self.organisation_id)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    async def work(folder: Path) -> Filled:
        async with serving(folder) as server:
            company = await server.company("Demo Agency")
            services = server.services
            scope = await services.control.access.operator_scope(company.organisation_id)
            demo = await add_creators(services.control, services.store, scope, server.clock, DAYS, seed=3)
            await services.store.compact()
            await sum_creators(services.control, services.store, company.organisation_id)
            assert server.clock.now == NOW
            return Filled(folder, company.key, company.organisation_id, demo)

    return asyncio.run(work(tmp_path_factory.mktemp("demo") / "data"))


async def ask(company: Company, path: str, **params: Any) -> Any:
    answer = await company.get(f"/api/v1{path}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def series(company: Company, entity: str, entity_id: str, metric: str, **params: Any) -> list[Any]:
    """The values by day over all days of the demo."""
    span = {"from": FIRST.isoformat(), "to": TODAY.isoformat(), **params}
    data = await ask(company, "/analytics", entity=entity, entity_id=entity_id, metric=metric, **span)
    return [point["value"] for point in data["series"][0]["points"]]


async def named(company: Company, kind: str, field: str, value: str) -> Any:
    (found,) = (one for one in await ask(company, f"/{kind}", search=value, limit=100) if one[field] == value)
    return found


async def test_the_first_answers_come_from_kept_sums(filled: Filled) -> None:
    async with serving(filled.folder) as server:
        store, roster = server.services.store, await server.services.control.rosters.get(filled.organisation_id)
        groups = store.groups(filled.organisation_id)
        assert {one: groups[one].members for one in groups} == {
            one: fingerprint(roster, "campaign", one) for one in roster.numbers("campaign")
        }
        assert len(groups) == len(WAVES)
        assert not store.has_fresh("video-snapshots")


async def test_a_campaign_has_views_on_every_day_from_the_first(filled: Filled) -> None:
    async with serving(filled.folder) as server:
        values = await series(filled.company(server), "campaign", filled.demo.campaign_id, "views")
    assert len(values) == DAYS
    assert all(value > 0 for value in values[2:])


async def test_one_target_was_reached_and_one_was_not(filled: Filled) -> None:
    async with serving(filled.folder) as server:
        company = filled.company(server)
        reached = {}
        for wave in WAVES:
            if wave.target is not None:
                campaign = await named(company, "campaigns", "name", wave.name)
                levels = await series(company, "campaign", campaign["id"], "views", mode="cumulative")
                reached[wave.name] = levels[-1] >= campaign["target_views"]
    assert reached == {"Winter jackets": True, "One-pan challenge": False}


async def test_one_creator_loses_followers_and_one_wins_them(filled: Filled) -> None:
    async with serving(filled.folder) as server:
        company = filled.company(server)
        losing = await named(company, "creators", "handle", "the.slow.summit")
        winning = await named(company, "creators", "handle", "onepanoscar")
        lost = await series(company, "creator", losing["id"], "followers", mode="cumulative")
        won = await series(company, "creator", winning["id"], "followers", mode="cumulative")
    steps = [after / before for before, after in pairwise(lost)]
    assert min(steps) < 0.94
    assert steps.index(min(steps)) == DAYS - 1 - LOST_DAYS_AGO - 1
    steps = [after / before for before, after in pairwise(won)]
    assert max(steps) > 1.01
    assert steps.index(max(steps)) in range(DAYS - VIRAL_DAYS_AGO, DAYS - VIRAL_DAYS_AGO + 10)


async def test_what_waits_for_review_does_not_count(filled: Filled) -> None:
    async with serving(filled.folder) as server:
        company = filled.company(server)
        creator = await named(company, "creators", "handle", "WinterCraft")
        roster = await server.services.control.rosters.get(filled.organisation_id)
        number = roster.find("creator", creator["id"])
        assert number is not None
        own = [one for one in map(roster.video, roster.numbers("video")) if one.creator == number]
        assert creator["tracking_mode"] == "selective"
        assert sum(one.tracking_status == "pending_review" for one in own) == 3
        assert len(roster.videos("creator", number)) < len(own) - 3
        posts = await series(company, "creator", creator["id"], "posts", mode="cumulative")
        assert posts[-1] == len(roster.videos("creator", number))


async def test_campaigns_are_marked_on_the_days_of_the_story(filled: Filled) -> None:
    async with serving(filled.folder) as server:
        company = filled.company(server)
        span = {"from": FIRST.isoformat(), "to": TODAY.isoformat()}
        data = await ask(
            company, "/analytics", entity="campaign", entity_id=filled.demo.campaign_id, metric="views", **span
        )
        campaigns = await ask(company, "/campaigns", limit=100)
    made = {one["name"]: date.fromisoformat(one["created_at"][:10]) for one in campaigns}
    assert made == {wave.name: TODAY - wave.made * DAY for wave in WAVES}
    assert {"First snow", "Monthly figures sent to both clients"} <= {one["title"] for one in data["annotations"]}
    assert {one["source"] for one in data["annotations"]} == {"auto", "user"}
    assert max(one["at"] for one in data["annotations"] if one["kind"] == "item_added") < "2025-04-01"


async def test_late_readings_left_no_trace(filled: Filled) -> None:
    """The sums by day are those of the readings in order, whenever they came."""
    async with serving(filled.folder) as server:
        company = filled.company(server)
        creator = await named(company, "creators", "handle", "onepanoscar")
        new = await series(company, "creator", creator["id"], "views")
        levels = await series(company, "creator", creator["id"], "views", mode="cumulative")
    known = [(value, level) for value, level in zip(new, levels, strict=True) if level is not None]
    assert all(value >= 0 for value, _ in known)
    # What was posted within the days is new; only the one post from before set a level.
    assert all(level - before == value for (_, before), (value, level) in pairwise(known))
