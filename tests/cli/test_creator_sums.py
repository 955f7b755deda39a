"""What commands do to creators' figures on the data directory of a stopped server."""

from __future__ import annotations

import asyncio

from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.items import Items
from headwater.query.series.groups import fingerprint
from headwater.scope import Scope
from tests.cli.place import EMAIL, Place
from tests.contracts.creators.asking import made
from tests.contracts.creators.tracking import Tracking, set_zone
from tests.serving import Company, Server, serving


def company(server: Server, place: Place) -> Company:
    return Company(server, EMAIL, place.key, place.organisation_id)


def track(place: Place) -> str:
    """A video with two readings long ago and one now, in a campaign; the campaign's UUID."""

    async def work() -> str:
        async with serving(place.folder) as server:
            owner = company(server, place)
            tracking = Tracking(owner, str((await made(owner, "/projects", name="Spring"))["id"]))
            video = await tracking.video()
            readings = [("2024-01-01T08:00:00Z", 10), ("2024-01-02T08:00:00Z", 30), ("2025-05-02T08:00:00Z", 100)]
            await tracking.read(video, *readings)
            await set_zone(owner, "Asia/Tokyo")
            return await tracking.campaign(("video", video))

    return asyncio.run(work())


def in_step(place: Place) -> bool:
    """Whether the kept sums are those of the campaigns as they are now, in their zone."""

    async def work() -> bool:
        async with serving(place.folder) as server:
            store = server.services.store
            roster = await server.services.control.rosters.get(place.organisation_id)
            kept = store.groups(place.organisation_id)
            marks = {one: (fingerprint(roster, "campaign", one), roster.zone) for one in roster.numbers("campaign")}
            return marks == {one: (group.members, group.zone) for one, group in kept.items()}

    return asyncio.run(work())


def views(place: Place, campaign: str, start: str, end: str) -> tuple[int, int]:
    """What is new, and the level at the end."""
    params = {"entity": "campaign", "entity_id": campaign, "metric": "views", "from": start, "to": end}
    answers = [place.ask("/api/v1/analytics", **params, mode=mode) for mode in ("new", "cumulative")]
    new, level = (answer["data"]["series"][0]["total"] for answer in answers)
    return new, level


def test_rollup_sums_campaigns_of_all_organisations(place: Place) -> None:
    campaign = track(place)
    assert not in_step(place)
    assert place.run("rollup").out.splitlines()[1] == "Campaigns of creators summed anew: 1."
    assert in_step(place)
    assert views(place, campaign, "2025-05-01", "2025-05-03") == (70, 100)


def test_rollup_sums_again_what_was_in_step(place: Place) -> None:
    track(place)
    place.run("rollup")
    empty(place)
    assert not in_step(place)
    place.run("rollup")
    assert in_step(place)


def empty(place: Place) -> None:
    """Take everything out of the campaign."""

    async def work() -> None:
        async with serving(place.folder) as server:
            control = server.services.control
            scope: Scope = await control.access.operator_scope(place.organisation_id)
            async with control.unit_of_work() as unit:
                page = await Campaigns(unit.session, scope).list()
                items = Items(unit.session, scope)
                for item in (await items.list(page.rows[0]))[0]:
                    await items.remove(page.rows[0], item.item_type, item.item_id)

    asyncio.run(work())


def test_prune_takes_away_what_the_plan_does_not_keep(place: Place) -> None:
    campaign = track(place)
    assert place.run("prune").out == "Every organisation has a plan that keeps everything.\n"
    place.run("plan set", place.organisation_id, "free")
    done = place.run("prune")
    assert done.code == 0, done.err
    assert done.out.startswith(f"Organisation {place.organisation_id}: ")
    # Of the three readings, which are all older than 90 days by now, the last known level stays.
    assert ": 2 snapshots of before " in done.out
    assert ": 0 snapshots of before " in place.run("prune").out
    place.run("plan set", place.organisation_id, "enterprise")
    assert views(place, campaign, "2023-12-01", "2025-05-03") == (0, 100)
