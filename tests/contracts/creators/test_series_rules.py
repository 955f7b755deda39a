"""Snapshots to series (contract: creators, "Snapshots to series" and "Buckets"), each value derived by hand."""

from __future__ import annotations

import pytest

from tests.contracts.creators.tracking import Tracking, send, set_zone

MARCH = {"start": "2025-03-01", "end": "2025-03-05"}


async def test_the_seeds_shape_comes_back_whole(tracking: Tracking) -> None:
    video = await tracking.video(title="Episode 1")
    await tracking.read(video, ("2025-03-01T10:00:00Z", 100), ("2025-03-02T10:00:00Z", 1300))
    data = await tracking.ask("video", video, start="2025-03-02", end="2025-03-02")
    assert data == {
        "entity": "video",
        "metric": "views",
        "unit": "count",
        "mode": "new",
        "granularity": "day",
        "from": "2025-03-02",
        "to": "2025-03-02",
        "tz": "UTC",
        "series": [
            {
                "entity_ref": {"type": "video", "id": video, "label": "Episode 1"},
                "points": [{"date": "2025-03-02", "value": 1200, "is_partial": False}],
                "total": 1200,
            }
        ],
        "compare_series": [],
        "breakdown_series": [],
        "annotations": [],
        "partial_bucket": None,
        "first_data_date": "2025-03-02",
        "tier_retention_days": None,
        "cache_ttl_seconds": 300,
        "cached": False,
    }


async def test_each_snapshot_books_its_difference_on_its_own_day_negative_included(tracking: Tracking) -> None:
    video = await tracking.video()
    readings = (("2025-03-01T10:00:00Z", 100), ("2025-03-03T10:00:00Z", 250), ("2025-03-04T10:00:00Z", 240))
    await tracking.read(video, *readings)
    assert await tracking.values("video", video, **MARCH) == [0, 0, 150, -10, 0]
    assert await tracking.values("video", video, mode="cumulative", **MARCH) == [100, 100, 250, 240, 240]
    assert await tracking.total("video", video, **MARCH) == 140
    assert await tracking.total("video", video, mode="cumulative", **MARCH) == 240


async def test_days_before_the_first_snapshot_are_null(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-03-03T10:00:00Z", 100))
    assert await tracking.values("video", video, **MARCH) == [None, None, 0, 0, 0]
    assert await tracking.values("video", video, mode="cumulative", **MARCH) == [None, None, 100, 100, 100]
    assert await tracking.total("video", video, start="2025-03-01", end="2025-03-02") is None


async def test_a_first_snapshot_within_a_day_of_posting_books_all_of_it(tracking: Tracking) -> None:
    video = await tracking.video(posted_at="2025-03-02T11:00:00Z")
    await tracking.read(video, ("2025-03-03T11:00:00Z", 100), ("2025-03-04T11:00:00Z", 130))
    assert await tracking.values("video", video, **MARCH) == [None, None, 100, 30, 0]
    assert (await tracking.ask("video", video, **MARCH))["first_data_date"] == "2025-03-03"


@pytest.mark.parametrize("posted_at", [None, "2025-03-02T10:59:59Z", "2025-03-03T11:00:01Z"])
async def test_any_other_first_snapshot_is_a_baseline(tracking: Tracking, posted_at: str | None) -> None:
    video = await tracking.video(posted_at=posted_at)
    await tracking.read(video, ("2025-03-03T11:00:00Z", 100), ("2025-03-04T11:00:00Z", 130))
    assert await tracking.values("video", video, **MARCH) == [None, None, 0, 30, 0]
    assert (await tracking.ask("video", video, **MARCH))["first_data_date"] == "2025-03-04"


@pytest.mark.parametrize(("is_baseline", "booked"), [(True, 0), (False, 100)])
async def test_is_baseline_overrides_either_way(tracking: Tracking, is_baseline: bool, booked: int) -> None:
    video = await tracking.video(posted_at="2025-03-03T10:00:00Z" if is_baseline else None)
    await tracking.read(video, ("2025-03-03T11:00:00Z", 100), is_baseline=is_baseline)
    assert await tracking.values("video", video, **MARCH) == [None, None, booked, 0, 0]


async def test_a_later_baseline_sets_the_level_and_books_nothing(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-03-01T10:00:00Z", 1000), ("2025-03-02T10:00:00Z", 1100))
    await tracking.read(video, ("2025-03-03T10:00:00Z", 5), is_baseline=True)
    await tracking.read(video, ("2025-03-04T10:00:00Z", 25))
    assert await tracking.values("video", video, **MARCH) == [0, 100, 0, 20, 0]
    assert await tracking.values("video", video, mode="cumulative", **MARCH) == [1000, 1100, 5, 25, 25]


async def test_a_snapshot_that_comes_late_changes_what_the_next_one_books(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-03-01T10:00:00Z", 100), ("2025-03-04T10:00:00Z", 400))
    assert await tracking.values("video", video, **MARCH) == [0, 0, 0, 300, 0]
    await tracking.read(video, ("2025-03-02T10:00:00Z", 150))
    assert await tracking.values("video", video, **MARCH) == [0, 50, 0, 250, 0]


async def test_a_counter_left_out_carries_the_last_known_one(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-03-01T10:00:00Z", 100), likes=10)
    await tracking.read(video, ("2025-03-02T10:00:00Z", 110))
    await tracking.read(video, ("2025-03-03T10:00:00Z", 120), likes=15)
    assert await tracking.values("video", video, "likes", mode="cumulative", **MARCH) == [10, 10, 15, 15, 15]
    assert await tracking.values("video", video, "likes", **MARCH) == [0, 0, 5, 0, 0]


async def test_a_counter_never_given_is_null(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-03-01T10:00:00Z", 100))
    assert await tracking.values("video", video, "saves", **MARCH) == [None] * 5
    assert await tracking.values("video", video, "engagement_rate_by_views", **MARCH) == [None] * 5


async def test_a_counter_given_for_the_first_time_later_is_a_baseline_of_its_own(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-03-01T10:00:00Z", 100))
    await tracking.read(video, ("2025-03-02T10:00:00Z", 110), likes=50)
    await tracking.read(video, ("2025-03-03T10:00:00Z", 120), likes=58)
    assert await tracking.values("video", video, "likes", **MARCH) == [None, 0, 8, 0, 0]


async def test_followers_begin_with_a_baseline_and_drop_for_real(tracking: Tracking) -> None:
    creator = await tracking.creator()
    await tracking.follow(creator, ("2025-03-02T10:00:00Z", 500), ("2025-03-03T10:00:00Z", 480))
    assert await tracking.values("creator", creator, "followers", **MARCH) == [None, 0, -20, 0, 0]
    cumulative = await tracking.values("creator", creator, "followers", mode="cumulative", **MARCH)
    assert cumulative == [None, 500, 480, 480, 480]
    assert (await tracking.ask("creator", creator, "followers", **MARCH))["first_data_date"] == "2025-03-03"


async def test_a_creator_is_the_sum_of_its_videos(tracking: Tracking) -> None:
    creator = await tracking.creator()
    early, late = await tracking.video(creator), await tracking.video(creator)
    await tracking.read(early, ("2025-03-02T10:00:00Z", 100), ("2025-03-04T10:00:00Z", 160))
    await tracking.read(late, ("2025-03-04T10:00:00Z", 1000), ("2025-03-05T10:00:00Z", 1001))
    assert await tracking.values("creator", creator, **MARCH) == [None, 0, 0, 60, 1]
    assert await tracking.values("creator", creator, mode="cumulative", **MARCH) == [None, 100, 100, 1160, 1161]


async def test_a_campaign_counts_each_video_once_however_it_is_held(tracking: Tracking) -> None:
    creator = await tracking.creator()
    video, single = await tracking.video(creator), await tracking.video()
    inner = await tracking.campaign(("video", video), ("video", single))
    outer = await tracking.campaign(("campaign", inner), ("creator", creator), ("video", single))
    for one in (video, single):
        await tracking.read(one, ("2025-03-01T10:00:00Z", 100), ("2025-03-02T10:00:00Z", 110))
    assert await tracking.values("campaign", outer, **MARCH) == [0, 20, 0, 0, 0]


@pytest.mark.parametrize("status", ["pending_review", "excluded"])
async def test_a_video_that_is_not_included_does_not_count(tracking: Tracking, status: str) -> None:
    creator = await tracking.creator()
    counted, left_out = await tracking.video(creator), await tracking.video(creator, tracking_status=status)
    campaign = await tracking.campaign(("video", counted), ("video", left_out))
    for one in (counted, left_out):
        await tracking.read(one, ("2025-03-01T10:00:00Z", 0), ("2025-03-02T10:00:00Z", 7))
    assert await tracking.total("creator", creator, **MARCH) == 7
    assert await tracking.total("campaign", campaign, **MARCH) == 7


async def test_posts_are_counted_by_their_posting_times(tracking: Tracking) -> None:
    creator = await tracking.creator()
    for posted_at in ("2025-03-02T23:30:00Z", "2025-03-04T00:00:00Z", "2025-03-04T23:59:59Z", None):
        await tracking.video(creator, posted_at=posted_at)
    await tracking.video(creator, posted_at="2025-03-03T10:00:00Z", tracking_status="excluded")
    assert await tracking.values("creator", creator, "posts", **MARCH) == [None, 1, 0, 2, 0]
    assert await tracking.values("creator", creator, "posts", mode="cumulative", **MARCH) == [None, 1, 1, 3, 3]
    oslo = await tracking.values("creator", creator, "posts", tz="Europe/Oslo", **MARCH)
    assert oslo == [None, None, 1, 1, 1]
    assert (await tracking.ask("creator", creator, "posts", **MARCH))["first_data_date"] == "2025-03-02"


async def test_rates_divide_summed_parts(tracking: Tracking) -> None:
    creator = await tracking.creator()
    video = await tracking.video(creator, posted_at="2025-03-01T09:00:00Z")
    for at, views, likes, saves in (
        ("2025-03-01T10:00:00Z", 100, 10, 1),
        ("2025-03-02T10:00:00Z", 300, 20, 1),
        ("2025-03-03T10:00:00Z", 400, 60, 3),
    ):
        await tracking.read(video, (at, views), likes=likes, saves=saves)
    await tracking.follow(creator, ("2025-03-01T08:00:00Z", 1000), ("2025-03-03T08:00:00Z", 500))
    span = {"start": "2025-03-01", "end": "2025-03-04"}
    by_views = await tracking.values("creator", creator, "engagement_rate_by_views", **span)
    assert by_views == [11.0, 5.0, 42.0, None]
    assert await tracking.total("creator", creator, "engagement_rate_by_views", **span) == 63 * 100 / 400
    by_followers = await tracking.values("creator", creator, "engagement_rate_by_followers", **span)
    assert by_followers == [1.1, 1.0, 8.4, 0.0]
    assert await tracking.total("creator", creator, "engagement_rate_by_followers", **span) == 63 * 100 / 500
    assert await tracking.values("creator", creator, "avg_views_per_post", **span) == [100.0, 200.0, 100.0, 0.0]


async def test_a_campaigns_followers_are_those_of_the_distinct_creators_of_its_videos(tracking: Tracking) -> None:
    first, second, absent = [await tracking.creator() for _ in range(3)]
    videos = [await tracking.video(first), await tracking.video(first), await tracking.video(second)]
    campaign = await tracking.campaign(*(("video", video) for video in videos))
    for creator, followers in ((first, 100), (second, 300), (absent, 9000)):
        await tracking.follow(creator, ("2025-03-01T10:00:00Z", followers))
    for video in videos:
        await tracking.read(video, ("2025-03-01T10:00:00Z", 10), likes=0)
        await tracking.read(video, ("2025-03-02T10:00:00Z", 20), likes=4)
    rates = await tracking.values("campaign", campaign, "engagement_rate_by_followers", **MARCH)
    assert rates == [0.0, 3.0, 0.0, 0.0, 0.0]


async def test_posts_per_week_divides_by_the_days_that_have_begun(tracking: Tracking) -> None:
    creator = await tracking.creator()
    for posted_at in ("2025-04-28T10:00:00Z", "2025-05-01T10:00:00Z", "2025-05-02T10:00:00Z"):
        await tracking.video(creator, posted_at=posted_at)
    weeks = {"granularity": "week", "start": "2025-04-21", "end": "2025-05-04"}
    # The second week has begun six of its days; of the first nothing is known yet.
    assert await tracking.values("creator", creator, "posts_per_week", **weeks) == [None, 3 * 7 / 6]
    assert await tracking.total("creator", creator, "posts_per_week", **weeks) == 3 * 7 / 13


async def test_growth_compares_with_the_bucket_before_also_before_the_range(tracking: Tracking) -> None:
    creator = await tracking.creator()
    video = await tracking.video(creator)
    readings = (("2025-03-01T10:00:00Z", 100), ("2025-03-02T10:00:00Z", 140), ("2025-03-03T10:00:00Z", 200))
    await tracking.read(video, *readings, ("2025-03-04T10:00:00Z", 230))
    span = {"start": "2025-03-03", "end": "2025-03-05", "base_metric": "views"}
    assert await tracking.values("creator", creator, "growth_rate_pop", **span) == [50.0, -50.0, -100.0]
    await tracking.follow(creator, ("2025-03-01T10:00:00Z", 200), ("2025-03-04T10:00:00Z", 250))
    span["base_metric"] = "followers"
    assert await tracking.values("creator", creator, "growth_rate_pop", **span) == [0.0, 25.0, 0.0]
    assert await tracking.total("creator", creator, "growth_rate_pop", **span) == 25.0


async def test_buckets_are_cut_by_the_range_and_labelled_by_the_calendar(tracking: Tracking) -> None:
    video = await tracking.video()
    days = [(f"2025-03-{day:02}T10:00:00Z", day * 10) for day in range(1, 32)]
    await tracking.read(video, *days)

    async def points(**params: str) -> list[tuple[str, int]]:
        (line,) = (await tracking.ask("video", video, **params))["series"]
        return [(point["date"], point["value"]) for point in line["points"]]

    cut = {"start": "2025-03-05", "end": "2025-03-18"}
    weeks = [("2025-03-03", 50), ("2025-03-10", 70), ("2025-03-17", 20)]
    assert await points(granularity="week", **cut) == weeks
    assert await points(granularity="month", **cut) == [("2025-03-01", 140)]
    custom = [("2025-03-05", 60), ("2025-03-11", 60), ("2025-03-17", 20)]
    assert await points(granularity="custom", bucket_days="6", **cut) == custom


async def test_a_leap_day_is_a_day(tracking: Tracking) -> None:
    video = await tracking.video()
    readings = (("2024-02-28T10:00:00Z", 1), ("2024-02-29T10:00:00Z", 3), ("2024-03-01T10:00:00Z", 6))
    await tracking.read(video, *readings)
    span = {"start": "2024-02-28", "end": "2024-03-01"}
    assert await tracking.values("video", video, **span) == [0, 2, 3]
    (line,) = (await tracking.ask("video", video, granularity="month", **span))["series"]
    assert [(point["date"], point["value"]) for point in line["points"]] == [("2024-02-01", 2), ("2024-03-01", 3)]


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/Oslo", "2025-03-29T22:59:59Z", "2025-03-29"),
        ("Europe/Oslo", "2025-03-29T23:00:00Z", "2025-03-30"),
        # Clocks go forward on 30 March: that day has 23 hours.
        ("Europe/Oslo", "2025-03-30T21:59:59Z", "2025-03-30"),
        ("Europe/Oslo", "2025-03-30T22:00:00Z", "2025-03-31"),
        # They went back on 27 October: that day had 25.
        ("Europe/Oslo", "2024-10-26T22:00:00Z", "2024-10-27"),
        ("Europe/Oslo", "2024-10-27T22:59:59Z", "2024-10-27"),
        ("Europe/Oslo", "2024-10-27T23:00:00Z", "2024-10-28"),
        ("Asia/Kathmandu", "2025-03-29T18:14:59Z", "2025-03-29"),
        ("Asia/Kathmandu", "2025-03-29T18:15:00Z", "2025-03-30"),
        # Half an hour of daylight saving.
        ("Australia/Lord_Howe", "2025-04-05T12:59:59Z", "2025-04-05"),
        ("Australia/Lord_Howe", "2025-04-06T13:29:59Z", "2025-04-06"),
        ("Australia/Lord_Howe", "2025-04-06T13:30:00Z", "2025-04-07"),
        # Midnight itself was skipped: the day began at 01:00.
        ("America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"),
    ],
)
@pytest.mark.parametrize("own", [True, False], ids=["the organisation's zone", "another zone"])
async def test_a_day_is_the_zones_day(tracking: Tracking, zone: str, at: str, day: str, own: bool) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2018-01-01T00:00:00Z", 0), (at, 5))
    params = {} if own else {"tz": zone}
    if own:
        await set_zone(tracking.company, zone)
    data = await tracking.ask("video", video, start=day, end=day, **params)
    assert data["tz"] == zone
    assert data["series"][0]["total"] == 5


async def test_partial_buckets_hold_today_or_a_later_day(tracking: Tracking) -> None:
    video = await tracking.video()
    await tracking.read(video, ("2025-05-01T10:00:00Z", 1), ("2025-05-03T10:00:00Z", 3))
    data = await tracking.ask("video", video, start="2025-05-01", end="2025-05-04")
    points = data["series"][0]["points"]
    assert [point["is_partial"] for point in points] == [False, False, True, True]
    assert [point["value"] for point in points] == [0, 0, 2, 0]
    month = await tracking.ask("video", video, granularity="month", start="2025-04-01", end="2025-05-03")
    assert month["partial_bucket"] == {"bucket_start": "2025-05-01", "bucket_end": "2025-05-31"}
    assert [point["is_partial"] for point in month["series"][0]["points"]] == [False, True]


async def test_without_a_range_the_last_thirty_days_are_shown(tracking: Tracking) -> None:
    video = await tracking.video()
    data = await tracking.ask("video", video)
    assert (data["from"], data["to"], len(data["series"][0]["points"])) == ("2025-04-04", "2025-05-03", 30)
    assert data["first_data_date"] is None
    assert data["series"][0]["total"] is None


async def test_several_entities_make_several_series_in_the_order_asked(tracking: Tracking) -> None:
    first, second = await tracking.video(title="One"), await tracking.video(title="Two")
    await tracking.read(first, ("2025-03-02T10:00:00Z", 1), ("2025-03-03T10:00:00Z", 2))
    await tracking.read(second, ("2025-03-01T10:00:00Z", 1), ("2025-03-02T10:00:00Z", 3))
    data = await tracking.ask("video", [second, first], **MARCH)
    assert [line["entity_ref"]["label"] for line in data["series"]] == ["Two", "One"]
    assert [line["total"] for line in data["series"]] == [2, 1]
    assert data["first_data_date"] == "2025-03-02"
    with_comma = await tracking.ask("video", f"{second},{first}", **MARCH)
    assert with_comma["series"] == data["series"]


async def test_snapshots_with_an_id_seen_before_are_not_stored_again(tracking: Tracking) -> None:
    video = await tracking.video()
    row = {"video_id": video, "at": "2025-03-01T10:00:00Z", "views": 5, "id": "r1"}
    assert (await send(tracking.company, "video-snapshots", [row]))["accepted"] == 1
    receipt = await send(tracking.company, "video-snapshots", [row | {"views": 500}])
    assert (receipt["accepted"], receipt["duplicates"]) == (0, 1)
    assert await tracking.total("video", video, mode="cumulative", **MARCH) == 5
