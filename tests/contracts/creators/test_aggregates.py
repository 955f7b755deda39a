"""``GET /api/v1/analytics/aggregate/…``: every list with figures derived by hand, its pages, and what it refuses."""

from __future__ import annotations

from statistics import quantiles
from typing import Any, NamedTuple

import pytest

from tests.contracts.creators.asking import UNKNOWN, data, made
from tests.contracts.creators.test_analytics import on_plan
from tests.contracts.creators.tracking import TODAY, Tracking, send, set_zone
from tests.serving import Server

NAMES = (
    "video-leaderboard",
    "posting-heatmap",
    "view-distribution",
    "outliers",
    "creator-leaderboard",
    "posting-consistency",
    "creator-scatter",
    "campaign-leaderboard",
    "member-overlap",
)
APRIL = {"from": "2025-04-01", "to": "2025-04-30"}


async def aggregate(tracking: Tracking, name: str, **params: Any) -> Any:
    """The whole answer over April."""
    answer = await tracking.company.get(f"/api/v1/analytics/aggregate/{name}", **{**APRIL, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rows(tracking: Tracking, name: str, **params: Any) -> Any:
    """The rows of an answer over April."""
    return (await aggregate(tracking, name, **params))["data"]["rows"]


def labels(some: list[Any]) -> list[str]:
    """What the rows are of."""
    return [row["entity_ref"]["label"] for row in some]


class Spring(NamedTuple):
    """Ada posts three times, Bo once, Cy never; one video has nobody, one is excluded.

    New views in April: First 500, Second 100 (its first snapshot is new), Third unknown,
    Bo's 40, Direct 7.
    """

    ada: str
    bo: str
    cy: str
    first: str
    second: str
    third: str
    of_bo: str
    direct: str


@pytest.fixture
async def spring(tracking: Tracking) -> Spring:
    ada, bo, cy = [await tracking.creator(display_name=name) for name in ("Ada", "Bo", "Cy")]
    # A Monday, a Wednesday and the next Monday but one.
    first = await tracking.video(ada, title="First", posted_at="2025-04-07T18:10:00Z")
    second = await tracking.video(ada, title="Second", posted_at="2025-04-09T18:10:00Z")
    third = await tracking.video(ada, title="Third", posted_at="2025-04-21T18:50:00Z")
    of_bo = await tracking.video(bo, title="Of Bo", posted_at="2025-03-01T08:00:00Z")
    direct = await tracking.video(title="Direct")
    hidden = await tracking.video(ada, title="Hidden", tracking_status="excluded", posted_at="2025-04-10T00:00:00Z")
    await send(
        tracking.company,
        "video-snapshots",
        [
            {"video_id": first, "at": "2025-04-08T19:00:00Z", "views": 1000, "likes": 10, "comments": 1},
            {"video_id": first, "at": "2025-04-20T12:00:00Z", "views": 1500, "likes": 40, "comments": 6},
            {"video_id": second, "at": "2025-04-09T20:00:00Z", "views": 100, "likes": 5, "shares": 1, "saves": 2},
            {"video_id": third, "at": "2025-05-01T00:00:00Z", "views": 999},
            {"video_id": of_bo, "at": "2025-03-31T23:59:59Z", "views": 60},
            {"video_id": of_bo, "at": "2025-04-30T23:59:59Z", "views": 100},
            {"video_id": direct, "at": "2025-03-02T12:00:00Z", "views": 1, "is_baseline": True},
            {"video_id": direct, "at": "2025-04-02T12:00:00Z", "views": 8},
            {"video_id": hidden, "at": "2025-04-10T12:00:00Z", "views": 9999, "is_baseline": False},
        ],
    )
    await tracking.follow(ada, ("2025-03-30T00:00:00Z", 500), ("2025-04-15T00:00:00Z", 620))
    await tracking.follow(bo, ("2025-04-02T00:00:00Z", 90), ("2025-04-03T00:00:00Z", 80))
    return Spring(ada, bo, cy, first, second, third, of_bo, direct)


async def test_videos_by_new_views(tracking: Tracking, spring: Spring) -> None:
    answer = await aggregate(tracking, "video-leaderboard")
    assert {**answer["data"], "rows": []} == {**APRIL, "tz": "UTC", "project_id": None, "rows": []}
    assert (answer["error"], answer["meta"]) == (None, {"total": 5, "limit": 20, "offset": 0})
    found = answer["data"]["rows"]
    assert labels(found) == ["First", "Second", "Of Bo", "Direct", "Third"]
    assert [row["rank"] for row in found] == [1, 2, 3, 4, 5]
    assert found[0] == {
        "rank": 1,
        "entity_ref": {"type": "video", "id": spring.first, "label": "First"},
        "creator": {"type": "creator", "id": spring.ada, "label": "Ada"},
        "posted_at": "2025-04-07T18:10:00Z",
        "views": 500,
        "likes": 30,
        "comments": 5,
        "shares": None,
        "saves": None,
        "views_total": 1500,
        "engagement_rate": 7.0,
    }
    assert found[1] == found[1] | {"views": 100, "likes": 5, "comments": None, "shares": 1, "saves": 2}
    assert (found[1]["views_total"], found[1]["engagement_rate"]) == (100, 8.0)
    assert (found[3]["creator"], found[3]["posted_at"], found[3]["views"]) == (None, None, 7)
    assert (found[4]["views"], found[4]["views_total"], found[4]["engagement_rate"]) == (None, None, None)


async def test_the_lists_say_the_same_as_the_time_series(tracking: Tracking, spring: Spring) -> None:
    span = {"start": APRIL["from"], "end": APRIL["to"]}
    for row in await rows(tracking, "video-leaderboard"):
        video = row["entity_ref"]["id"]
        for metric in ("views", "likes", "comments", "shares", "saves"):
            assert row[metric] == await tracking.total("video", video, metric, **span)
        assert row["views_total"] == await tracking.total("video", video, mode="cumulative", **span)
        assert row["engagement_rate"] == await tracking.total("video", video, "engagement_rate_by_views", **span)
    for row in await rows(tracking, "creator-leaderboard"):
        creator = row["entity_ref"]["id"]
        assert row["views"] == await tracking.total("creator", creator, **span)
        assert row["followers"] == await tracking.total("creator", creator, "followers", mode="cumulative", **span)
        assert row["followers_change"] == await tracking.total("creator", creator, "followers", **span)
        assert row["avg_views_per_post"] == await tracking.total("creator", creator, "avg_views_per_post", **span)


async def test_creators_by_new_views(tracking: Tracking, spring: Spring) -> None:
    found = await rows(tracking, "creator-leaderboard")
    assert labels(found) == ["Ada", "Bo", "Cy"]
    assert found[0] == {
        "rank": 1,
        "entity_ref": {"type": "creator", "id": spring.ada, "label": "Ada"},
        "views": 600,
        "likes": 35,
        "comments": 5,
        "shares": 1,
        "saves": 2,
        "views_total": 1600,
        "engagement_rate": 43 * 100 / 600,
        "posts": 3,
        "followers": 620,
        "followers_change": 120,
        "avg_views_per_post": 200.0,
    }
    assert found[1] == found[1] | {"views": 40, "posts": 0, "followers": 80, "followers_change": -10}
    # Posted in March: it counts as a post up to the end.
    assert found[1]["avg_views_per_post"] == 40.0
    assert found[2] == found[2] | {"views": None, "posts": 0, "followers": None, "engagement_rate": None}


async def test_creators_as_points(tracking: Tracking, spring: Spring) -> None:
    found = await rows(tracking, "creator-scatter")
    assert found[0] == {
        "rank": 1,
        "entity_ref": {"type": "creator", "id": spring.ada, "label": "Ada"},
        "followers": 620,
        "views": 600,
        "avg_views_per_post": 200.0,
        "engagement_rate": 43 * 100 / 600,
        "posts": 3,
    }
    assert labels(found) == ["Ada", "Bo", "Cy"]


async def test_posts_by_weekday_and_hour(tracking: Tracking, spring: Spring) -> None:
    found = (await aggregate(tracking, "posting-heatmap"))["data"]
    # Of Monday's two posts, one's views are not known yet.
    monday = {"weekday": 1, "hour": 18, "posts": 2, "views": 500, "avg_views_per_post": 500.0}
    wednesday = {"weekday": 3, "hour": 18, "posts": 1, "views": 100, "avg_views_per_post": 100.0}
    assert found["rows"] == [{"rank": 1, **monday}, {"rank": 2, **wednesday}]
    assert [len(day) for day in found["posts"]] == [24] * 7
    assert (found["posts"][0][18], found["posts"][2][18], sum(map(sum, found["posts"]))) == (2, 1, 3)
    assert (found["avg_views_per_post"][0][18], found["avg_views_per_post"][0][17]) == (500.0, None)


async def test_hours_and_days_are_those_of_the_organisation(tracking: Tracking, spring: Spring) -> None:
    await set_zone(tracking.company, "Asia/Kathmandu")  # 5:45 ahead: 18:10 is 23:55, 18:50 the next day.
    found = await rows(tracking, "posting-heatmap")
    assert [(row["weekday"], row["hour"], row["posts"]) for row in found] == [(1, 23, 1), (2, 0, 1), (3, 23, 1)]
    answer = await aggregate(tracking, "video-leaderboard")
    assert answer["data"]["tz"] == "Asia/Kathmandu"
    # Bo's last snapshot is in May there.
    views = {row["entity_ref"]["label"]: row["views"] for row in answer["data"]["rows"]}
    assert (views["Of Bo"], views["First"]) == (0, 500)


async def test_how_new_views_are_spread(tracking: Tracking, spring: Spring) -> None:
    found = (await aggregate(tracking, "view-distribution"))["data"]
    bins = [(row["at_least"], row["at_most"], row["videos"], row["percent"]) for row in found["rows"]]
    assert bins == [(1, 9, 1, 25.0), (10, 99, 1, 25.0), (100, 999, 2, 50.0)]
    assert (found["videos"], found["mean"], found["min"], found["max"]) == (4, 161.75, 7, 500)
    percentiles = quantiles([7, 40, 100, 500], n=100, method="inclusive")
    assert found["percentiles"]["p50"] == 70.0
    for percent in (10, 25, 75, 90, 99):
        assert found["percentiles"][f"p{percent}"] == pytest.approx(percentiles[percent - 1])


async def test_losses_and_nothing_have_bins_of_their_own(tracking: Tracking) -> None:
    for views in (90, 100, 101, 110_000):
        video = await tracking.video()
        await tracking.read(video, ("2025-03-01T00:00:00Z", 100), ("2025-04-01T00:00:00Z", views))
    found = await rows(tracking, "view-distribution")
    bins = {(row["at_least"], row["at_most"]): row["videos"] for row in found}
    assert bins == {
        (None, -1): 1,
        (0, 0): 1,
        (1, 9): 1,
        (10, 99): 0,
        (100, 999): 0,
        (1000, 9999): 0,
        (10_000, 99_999): 0,
        (100_000, 999_999): 1,
    }


async def test_videos_far_from_their_creators_median_stand_out(tracking: Tracking) -> None:
    creator, small = await tracking.creator(display_name="Ada"), await tracking.creator()
    for title, views in (("A", 100), ("B", 110), ("C", 120), ("D", 130), ("E", 5000), ("F", -900), ("G", 115)):
        video = await tracking.video(creator, title=title)
        await tracking.read(video, ("2025-03-01T00:00:00Z", 1000), ("2025-04-05T00:00:00Z", 1000 + views))
    for views in (1, 1, 1, 9000):
        video = await tracking.video(small)
        await tracking.read(video, ("2025-03-01T00:00:00Z", 0), ("2025-04-05T00:00:00Z", views))
    found = await rows(tracking, "outliers")
    # Of -900 100 110 115 120 130 5000 the median is 115; of the distances 0 5 5 15 15 1015 4885 it is 15.
    assert [(row["entity_ref"]["label"], row["direction"]) for row in found] == [("E", "above"), ("F", "below")]
    assert [row["views"] for row in found] == [5000, -900]
    assert [row["median_views"] for row in found] == [115.0, 115.0]
    assert found[0]["score"] == pytest.approx(0.6745 * 4885 / 15)
    assert found[1]["score"] == pytest.approx(-0.6745 * 1015 / 15)
    assert found[1]["deviation"] == -found[1]["score"]
    assert found[0]["creator"]["label"] == "Ada"
    assert labels(await rows(tracking, "outliers", order="score:asc")) == ["F", "E"]


async def test_how_regularly_creators_posted(tracking: Tracking, spring: Spring) -> None:
    found = await rows(tracking, "posting-consistency", **{"from": "2025-04-07", "to": "2025-04-27"})
    assert labels(found)[0] == "Ada"
    # Gaps of 2 days, and of 12 days and 40 minutes; the weeks of the 7th and the 21st of three.
    gaps = (2.0, 12 + 40 / 1440)
    assert found[0] == {
        "rank": 1,
        "entity_ref": {"type": "creator", "id": spring.ada, "label": "Ada"},
        "posts": 3,
        "posts_per_week": 1.0,
        "mean_gap_days": pytest.approx(sum(gaps) / 2),
        "stdev_gap_days": pytest.approx((gaps[1] - gaps[0]) / 2**0.5),
        "longest_gap_days": pytest.approx(gaps[1]),
        "weeks": 3,
        "active_weeks": 2,
        "active_weeks_percent": pytest.approx(200 / 3),
    }
    idle = next(row for row in found if row["entity_ref"]["label"] == "Bo")
    assert idle == idle | {"posts": 0, "posts_per_week": 0.0, "mean_gap_days": None, "active_weeks_percent": 0.0}


async def test_campaigns_by_new_views_with_their_targets(tracking: Tracking, spring: Spring) -> None:
    inner = await tracking.campaign(("creator", spring.ada), name="Inner", target_views=3200)
    outer = await tracking.campaign(
        ("campaign", inner), ("video", spring.first), ("video", spring.of_bo), name="Outer", target_at="2025-06-30"
    )
    empty = await tracking.campaign(name="Empty", target_views=0)
    found = await rows(tracking, "campaign-leaderboard")
    assert [row["entity_ref"]["id"] for row in found] == [outer, inner, empty]
    assert found[0] == {
        "rank": 1,
        "entity_ref": {"type": "campaign", "id": outer, "label": "Outer"},
        "views": 640,
        "likes": 35,
        "comments": 5,
        "shares": 1,
        "saves": 2,
        "views_total": 1700,
        "engagement_rate": 43 * 100 / 640,
        "posts": 3,
        "videos": 4,
        "creators": 2,
        "target_views": None,
        "target_at": "2025-06-30T00:00:00Z",
        "target_progress": None,
    }
    assert (found[1]["views_total"], found[1]["target_views"], found[1]["target_progress"]) == (1600, 3200, 50.0)
    assert found[2] == found[2] | {"views": None, "posts": 0, "videos": 0, "creators": 0, "target_progress": None}
    by_progress = await rows(tracking, "campaign-leaderboard", order="target_progress")
    assert by_progress[0]["entity_ref"]["id"] == inner


async def test_what_campaigns_have_in_common(tracking: Tracking, spring: Spring) -> None:
    one = await tracking.campaign(("creator", spring.ada), name="One")
    two = await tracking.campaign(("video", spring.first), ("video", spring.direct), name="Two")
    three = await tracking.campaign(("video", spring.direct), name="Three")
    four = await tracking.campaign(("video", spring.second), name="Four")
    await tracking.campaign(("video", spring.of_bo), name="Alone")
    answer = await aggregate(tracking, "member-overlap")
    found = {frozenset(ref["id"] for ref in row["campaigns"]): row for row in answer["data"]["rows"]}
    assert answer["meta"]["total"] == len(found) == 4
    shared = {
        (one, two): (1, 1, 500, 1 / 4),
        (one, four): (1, 1, 100, 1 / 3),
        (two, three): (1, 0, 7, 1 / 2),
        # The same creator, by different videos.
        (two, four): (0, 1, None, 0.0),
    }
    for pair, values in shared.items():
        row = found[frozenset(pair)]
        assert (row["videos"], row["creators"], row["views"], row["jaccard"]) == values
        assert all(ref["type"] == "campaign" and ref["label"] for ref in row["campaigns"])


@pytest.mark.parametrize("name", NAMES)
async def test_an_empty_organisation_has_empty_lists(tracking: Tracking, name: str) -> None:
    answer = await aggregate(tracking, name, project_id=tracking.project)
    assert (answer["data"]["rows"], answer["meta"]["total"]) == ([], 0)
    assert answer["data"]["project_id"] == tracking.project


@pytest.mark.parametrize("name", NAMES)
async def test_a_project_is_that_one_only(tracking: Tracking, spring: Spring, name: str) -> None:
    await tracking.campaign(("creator", spring.ada))
    await tracking.campaign(("video", spring.first))
    other = str((await made(tracking.company, "/projects", name="Autumn"))["id"])
    assert (await aggregate(tracking, name, project_id=other))["meta"]["total"] == 0
    assert (await aggregate(tracking, name, project_id=tracking.project.upper()))["data"] == (
        await aggregate(tracking, name)
    )["data"] | {"project_id": tracking.project}


@pytest.mark.parametrize("name", NAMES)
async def test_another_organisations_project_is_unknown(tracking: Tracking, server: Server, name: str) -> None:
    other = Tracking(await server.company(), "")
    path = f"/api/v1/analytics/aggregate/{name}"
    foreign = await other.company.get(path, project_id=tracking.project)
    unknown = await other.company.get(path, project_id=UNKNOWN)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace(tracking.project, "") == unknown.text.replace(UNKNOWN, "")
    assert (await aggregate(other, name))["meta"]["total"] == 0


async def test_pages_follow_each_other(tracking: Tracking, spring: Spring) -> None:
    pages = [await aggregate(tracking, "video-leaderboard", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [labels(page["data"]["rows"]) for page in pages] == [
        ["First", "Second"],
        ["Of Bo", "Direct"],
        ["Third"],
        [],
    ]
    assert [row["rank"] for row in pages[1]["data"]["rows"]] == [3, 4]
    assert pages[1]["meta"] == {"total": 5, "limit": 2, "offset": 2}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("desc", ["First", "Second", "Of Bo", "Direct", "Third"]),
        ("asc", ["Direct", "Of Bo", "Second", "First", "Third"]),
        ("views:asc", ["Direct", "Of Bo", "Second", "First", "Third"]),
        ("views_total", ["First"]),
        ("engagement_rate:desc", ["Second", "First"]),
    ],
)
async def test_order(tracking: Tracking, spring: Spring, order: str, expected: list[str]) -> None:
    found = labels(await rows(tracking, "video-leaderboard", order=order))
    assert found[: len(expected)] == expected


async def test_ties_are_ordered_by_id(tracking: Tracking) -> None:
    videos = [await tracking.video() for _ in range(4)]
    for video in videos:
        await tracking.read(video, ("2025-03-01T10:00:00Z", 1), ("2025-04-02T10:00:00Z", 2))
    for order in ("asc", "desc"):
        found = await rows(tracking, "video-leaderboard", order=order)
        assert [row["entity_ref"]["id"] for row in found] == sorted(videos)


@pytest.mark.parametrize("name", NAMES)
async def test_every_column_that_is_told_of_orders(tracking: Tracking, spring: Spring, name: str) -> None:
    await tracking.campaign(("creator", spring.ada))
    await tracking.campaign(("video", spring.first))
    refused = await tracking.company.get(f"/api/v1/analytics/aggregate/{name}", order="nothing")
    (problem,) = refused.json()["meta"]["errors"]
    told = problem["message"].partition("Allowed: ")[2].rstrip(".").split(", ")
    assert len(told) > 4
    for order in told:
        found = await rows(tracking, name, order=order)
        column = order.partition(":")[0]
        if column in ("asc", "desc"):
            continue
        values = [row[column] for row in found if row[column] is not None]
        assert values == sorted(values, reverse=not order.endswith(":asc")), order


@pytest.mark.parametrize(
    ("params", "paths"),
    [
        ({"project_id": "x"}, ["project_id"]),
        ({"from": "2025-4-1"}, ["from"]),
        ({"from": "2025-04-02", "to": "2025-04-01"}, ["to"]),
        ({"order": "likes:up"}, ["order"]),
        ({"order": "followers"}, ["order"]),
        ({"limit": "0"}, ["limit"]),
        ({"limit": "101"}, ["limit"]),
        ({"offset": "-1"}, ["offset"]),
        ({"cursor": "x"}, ["cursor"]),
        ({"project_id": "x", "from": "x", "limit": "x", "order": "x"}, ["project_id", "from", "limit", "order"]),
    ],
)
async def test_everything_that_is_wrong_is_told_at_once(
    tracking: Tracking, params: dict[str, str], paths: list[str]
) -> None:
    answer = await tracking.company.get("/api/v1/analytics/aggregate/video-leaderboard", **params)
    assert answer.status_code == 400, answer.text
    meta = answer.json()["meta"]
    assert meta["code"] == "invalid_query"
    assert sorted(problem["path"] for problem in meta["errors"]) == sorted(paths)


async def test_the_last_thirty_days_unless_told_otherwise(tracking: Tracking) -> None:
    answer = await tracking.company.get("/api/v1/analytics/aggregate/outliers")
    assert (answer.json()["data"]["from"], answer.json()["data"]["to"]) == ("2025-04-04", TODAY)


async def test_a_range_beyond_retention_is_refused(server: Server, tracking: Tracking) -> None:
    await on_plan(server, tracking, "free")
    path = "/api/v1/analytics/aggregate/view-distribution"
    assert (await tracking.company.get(path, **{"from": "2025-02-02"})).status_code == 200
    answer = await tracking.company.get(path, **{"from": "2025-02-01"})
    assert (answer.status_code, answer.json()["meta"]["code"]) == (402, "retention_exceeded")


async def test_new_snapshots_and_changes_of_the_roster_are_in_the_next_answer(
    tracking: Tracking, spring: Spring
) -> None:
    campaign = await tracking.campaign(("video", spring.first), target_views=3000)
    for _ in range(2):
        assert (await rows(tracking, "video-leaderboard"))[0]["views"] == 500
        assert (await rows(tracking, "campaign-leaderboard"))[0]["target_progress"] == 50.0
    await tracking.read(spring.first, ("2025-04-29T12:00:00Z", 1800))
    assert (await rows(tracking, "video-leaderboard"))[0]["views"] == 800
    await data(tracking.company, "PATCH", f"/campaigns/{campaign}", target_views=3600)
    assert (await rows(tracking, "campaign-leaderboard"))[0]["target_progress"] == 50.0
    await data(tracking.company, "PATCH", f"/videos/{spring.first}", tracking_status="excluded")
    assert labels(await rows(tracking, "video-leaderboard"))[0] == "Second"
    await tracking.follow(spring.bo, ("2025-04-29T00:00:00Z", 5000))
    assert labels(await rows(tracking, "creator-scatter"))[0] == "Bo"
