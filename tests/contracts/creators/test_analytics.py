"""``GET /api/v1/analytics``: comparison, breakdown, CSV, retention, and what it refuses."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.contracts.creators.asking import UNKNOWN, made
from tests.contracts.creators.tracking import Tracking
from tests.serving import Server

MARCH = {"start": "2025-03-01", "end": "2025-03-05"}


async def ramp(tracking: Tracking, video: str, month: str, days: int, step: int = 10) -> None:
    """A reading at noon of each day, ``step`` more than the day before."""
    readings = [(f"{month}-{day:02}T12:00:00Z", day * step) for day in range(1, days + 1)]
    await tracking.read(video, *readings)


async def test_the_prior_period_is_as_many_days_just_before(tracking: Tracking) -> None:
    video = await tracking.video()
    readings = (("2025-03-01T12:00:00Z", 0), ("2025-03-02T12:00:00Z", 1), ("2025-03-04T12:00:00Z", 3))
    await tracking.read(video, *readings, ("2025-03-05T12:00:00Z", 7))
    data = await tracking.ask("video", video, start="2025-03-04", end="2025-03-06", compare="prior_period")
    (line,) = data["compare_series"]
    assert line["entity_ref"] == data["series"][0]["entity_ref"]
    assert [(point["date"], point["value"]) for point in line["points"]] == [
        ("2025-03-01", 0),
        ("2025-03-02", 1),
        ("2025-03-03", 0),
    ]
    assert (line["total"], data["series"][0]["total"]) == (1, 6)


async def test_whole_months_compare_with_as_many_months(tracking: Tracking) -> None:
    video = await tracking.video()
    await ramp(tracking, video, "2025-02", 28)
    data = await tracking.ask(
        "video", video, granularity="month", start="2025-03-01", end="2025-04-30", compare="prior_period"
    )
    assert [(point["date"], point["value"]) for point in data["compare_series"][0]["points"]] == [
        ("2025-01-01", None),
        ("2025-02-01", 270),
    ]


async def test_a_comparison_has_a_point_for_each_bucket(tracking: Tracking) -> None:
    video = await tracking.video()
    await ramp(tracking, video, "2025-03", 31)
    # A Sunday and the Monday after it are two weeks; the Friday and Saturday before them are one.
    data = await tracking.ask(
        "video", video, granularity="week", start="2025-03-16", end="2025-03-17", compare="prior_period"
    )
    assert [point["date"] for point in data["series"][0]["points"]] == ["2025-03-10", "2025-03-17"]
    assert [(point["date"], point["value"]) for point in data["compare_series"][0]["points"]] == [
        ("2025-03-10", 20),
        ("2025-03-10", None),
    ]


async def test_a_breakdown_shows_ten_videos_and_the_rest_and_adds_up(tracking: Tracking) -> None:
    creator = await tracking.creator()
    videos = [await tracking.video(creator, title=f"Video {number}") for number in range(12)]
    for number, video in enumerate(videos):
        await tracking.read(video, ("2025-03-01T12:00:00Z", 100), ("2025-03-03T12:00:00Z", 100 + 5 * number))
    data = await tracking.ask("creator", creator, breakdown="video", **MARCH)
    labels = [line["entity_ref"]["label"] for line in data["breakdown_series"]]
    assert labels == [*(f"Video {number}" for number in range(11, 1, -1)), "Other"]
    assert data["breakdown_series"][-1]["entity_ref"] == {"type": "video", "id": "__other__", "label": "Other"}
    main = [point["value"] for point in data["series"][0]["points"]]
    parts = [[point["value"] for point in line["points"]] for line in data["breakdown_series"]]
    assert [sum(values) for values in zip(*parts, strict=True)] == main == [0, 0, 330, 0, 0]


async def test_a_breakdown_of_levels_ranks_by_the_level_at_the_ranges_end(tracking: Tracking) -> None:
    high, rising = await tracking.video(title="High"), await tracking.video(title="Rising")
    campaign = await tracking.campaign(("video", high), ("video", rising))
    await tracking.read(high, ("2025-03-01T12:00:00Z", 1000), ("2025-03-02T12:00:00Z", 1001))
    await tracking.read(rising, ("2025-03-01T12:00:00Z", 1), ("2025-03-02T12:00:00Z", 100))
    for mode, expected in (("cumulative", ["High", "Rising"]), ("new", ["Rising", "High"])):
        data = await tracking.ask("campaign", campaign, mode=mode, breakdown="video", **MARCH)
        assert [line["entity_ref"]["label"] for line in data["breakdown_series"]] == expected


async def test_ties_of_a_breakdown_are_ordered_by_id(tracking: Tracking) -> None:
    creator = await tracking.creator()
    videos = [await tracking.video(creator) for _ in range(4)]
    for video in videos:
        await tracking.read(video, ("2025-03-01T12:00:00Z", 1), ("2025-03-02T12:00:00Z", 2))
    data = await tracking.ask("creator", creator, breakdown="video", **MARCH)
    assert [line["entity_ref"]["id"] for line in data["breakdown_series"]] == sorted(videos)


async def test_csv_has_a_row_for_each_point_of_every_series(tracking: Tracking) -> None:
    creator = await tracking.creator(display_name="=Ada")
    video = await tracking.video(creator, title="Episode 1")
    await tracking.read(video, ("2025-03-02T12:00:00Z", 1), ("2025-03-03T12:00:00Z", 4))
    params = {"format": "csv", "compare": "prior_period", "breakdown": "video", "start": "2025-03-02"}
    answer = await tracking.asked("creator", creator, **params, end="2025-03-03")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = "analytics_creator_views_2025-03-02_2025-03-03.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    head = "series_kind,entity_type,entity_id,entity_label,date,metric,unit,mode,value,is_partial"
    assert rows[0] == head.split(",")
    measured = ["views", "count", "new"]
    assert rows[1:] == [
        ["main", "creator", creator, "'=Ada", "2025-03-02", *measured, "0", "false"],
        ["main", "creator", creator, "'=Ada", "2025-03-03", *measured, "3", "false"],
        ["compare", "creator", creator, "'=Ada", "2025-02-28", *measured, "", "false"],
        ["compare", "creator", creator, "'=Ada", "2025-03-01", *measured, "", "false"],
        ["breakdown", "video", video, "Episode 1", "2025-03-02", *measured, "0", "false"],
        ["breakdown", "video", video, "Episode 1", "2025-03-03", *measured, "3", "false"],
    ]


async def test_annotations_of_the_range_stand_in_the_answer(tracking: Tracking) -> None:
    creator = await tracking.creator(display_name="Ada")
    video = await tracking.video(creator)
    for at, title in (("2025-03-01T00:00:00Z", "In"), ("2025-03-06T00:00:00Z", "Behind")):
        body = {"scope": "creator", "entity_id": creator, "at": at, "title": title}
        await made(tracking.company, "/analytics/annotations", **body)
    await tracking.ask("creator", creator)
    shown = (await tracking.ask("video", video, **MARCH))["annotations"]
    assert [(one["title"], one["scope"], one["entity_label"]) for one in shown] == [("In", "creator", "Ada")]
    own = (await tracking.ask("creator", creator, **MARCH))["annotations"]
    assert "entity_label" not in own[0]


async def test_hide_auto_leaves_out_the_servers_own_annotations(tracking: Tracking) -> None:
    video = await tracking.video()
    campaign = await tracking.campaign(("video", video))
    kinds = [one["kind"] for one in (await tracking.ask("campaign", campaign))["annotations"]]
    assert kinds == ["item_added"]
    assert (await tracking.ask("campaign", campaign, hide_auto="1"))["annotations"] == []


@pytest.mark.parametrize(
    ("params", "paths"),
    [
        ({"metric": "vews"}, ["metric"]),
        ({"metric": "followers"}, ["metric"]),
        ({"mode": "rate"}, ["mode"]),
        ({"metric": "engagement_rate_by_views", "mode": "new"}, ["mode"]),
        ({"granularity": "hour"}, ["granularity"]),
        ({"granularity": "custom"}, ["bucket_days"]),
        ({"granularity": "custom", "bucket_days": "91"}, ["bucket_days"]),
        ({"bucket_days": "7"}, ["bucket_days"]),
        ({"start": "2025-3-1"}, ["from"]),
        ({"end": "20250301"}, ["to"]),
        ({"start": "2025-03-02", "end": "2025-03-01"}, ["to"]),
        ({"tz": "Europe/Oslø"}, ["tz"]),
        ({"compare": "last_year"}, ["compare"]),
        ({"breakdown": "creator"}, ["breakdown"]),
        ({"breakdown": "video"}, ["breakdown"]),
        ({"metric": "growth_rate_pop"}, ["base_metric"]),
        ({"metric": "growth_rate_pop", "base_metric": "followers"}, ["base_metric"]),
        ({"format": "xml"}, ["format"]),
        ({"hide_auto": "yes"}, ["hide_auto"]),
        ({"granularty": "day"}, ["granularty"]),
        ({"mode": "rate", "tz": "Nowhere", "start": "x", "format": "xml"}, ["mode", "tz", "from", "format"]),
    ],
)
async def test_everything_that_is_wrong_is_told_at_once(
    tracking: Tracking, params: dict[str, Any], paths: list[str]
) -> None:
    video = await tracking.video()
    answer = await tracking.asked("video", video, **params)
    assert answer.status_code == 400, answer.text
    meta = answer.json()["meta"]
    assert meta["code"] == "invalid_query"
    assert sorted(problem["path"] for problem in meta["errors"]) == sorted(paths)


async def test_what_is_missing_is_named(tracking: Tracking) -> None:
    answer = await tracking.company.get("/api/v1/analytics")
    assert answer.status_code == 400
    assert [problem["path"] for problem in answer.json()["meta"]["errors"]] == ["entity", "entity_id", "metric"]


async def test_a_breakdown_of_a_rate_is_refused_in_the_seeds_words(tracking: Tracking) -> None:
    creator = await tracking.creator()
    answer = await tracking.asked("creator", creator, "engagement_rate_by_views", breakdown="video")
    words = "Breakdown is not supported for 'engagement_rate_by_views'. Use a count-based metric (views, likes, etc.)"
    assert answer.json()["meta"]["errors"] == [{"path": "breakdown", "message": words}]


async def test_more_than_ten_entities_are_refused(tracking: Tracking) -> None:
    answer = await tracking.asked("video", [UNKNOWN[:-2] + f"{number:02}" for number in range(11)])
    assert [problem["path"] for problem in answer.json()["meta"]["errors"]] == ["entity_id"]


@pytest.mark.parametrize("entity", ["creator", "campaign"])
async def test_an_id_of_another_kind_is_unknown(tracking: Tracking, entity: str) -> None:
    answer = await tracking.asked(entity, await tracking.video())
    assert (answer.status_code, answer.json()["meta"]["code"]) == (404, "not_found")


async def test_another_organisations_id_is_unknown(tracking: Tracking, server: Server) -> None:
    video = await tracking.video()
    other = Tracking(await server.company(), "")
    answer = await other.asked("video", video)
    unknown = await other.asked("video", UNKNOWN)
    assert answer.status_code == unknown.status_code == 404
    assert answer.text.replace(video, "") == unknown.text.replace(UNKNOWN, "")


async def on_plan(server: Server, tracking: Tracking, plan: str) -> None:
    async with server.services.control.unit_of_work() as unit:
        await server.services.control.plans.set(unit, str(tracking.company.organisation_id), plan)


async def test_a_range_beyond_retention_is_refused(server: Server, tracking: Tracking) -> None:
    video = await tracking.video()
    await on_plan(server, tracking, "free")
    data = await tracking.ask("video", video, start="2025-02-02")
    assert data["tier_retention_days"] == 90
    answer = await tracking.asked("video", video, start="2025-02-01")
    assert answer.status_code == 402
    assert answer.json()["meta"] == {
        "code": "retention_exceeded",
        "tier_retention_days": 90,
        "oldest_allowed": "2025-02-02",
    }


async def test_compared_days_beyond_retention_are_null(server: Server, tracking: Tracking) -> None:
    video = await tracking.video()
    readings = (("2025-01-30T12:00:00Z", 0), ("2025-02-01T12:00:00Z", 5), ("2025-02-02T12:00:00Z", 7))
    await tracking.read(video, *readings)
    await on_plan(server, tracking, "free")
    data = await tracking.ask("video", video, start="2025-02-04", end="2025-02-06", compare="prior_period")
    values = [point["value"] for point in data["compare_series"][0]["points"]]
    assert values == [None, 2, 0]
    assert data["compare_series"][0]["total"] == 2
