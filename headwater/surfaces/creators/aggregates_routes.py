"""The nine aggregates as endpoints, each with its example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from headwater.errors import NotFound, RetentionExceeded
from headwater.query.series import leaderboards, overlap, posting, spread
from headwater.query.series.ranking import Order
from headwater.surfaces._http.endpoint import READ, Answers, Endpoint, Handler
from headwater.surfaces.creators import aggregates
from headwater.surfaces.creators.aggregates_contract import (
    Aggregated,
    AggregateQuery,
    CampaignStandingRow,
    ConsistencyRow,
    CreatorStandingRow,
    DistributionData,
    HeatmapData,
    OutlierRow,
    OverlapRow,
    RowsData,
    ScatterRow,
    VideoStandingRow,
)

_TAG: Final = "Creator aggregates"
_PATH: Final = "/api/v1/analytics/aggregate"


def _ref(kind: str, label: str, last: int) -> dict[str, Any]:
    return {"type": kind, "id": f"5d1c7b1e-8f0a-4f53-9a53-0d3f6f0a9c{last}", "label": label}


_ADA: Final = _ref("creator", "Ada", 11)
_EPISODE: Final = _ref("video", "Episode 1", 12)
_SUMMER, _AUTUMN = _ref("campaign", "Summer drop", 13), _ref("campaign", "Autumn drop", 14)
_POSTED: Final = {"posted_at": "2026-03-02T18:00:00Z"}
_MEASURED: Final = {
    "rank": 1,
    "views": 1200,
    "likes": 90,
    "comments": 12,
    "shares": 4,
    "saves": 2,
    "views_total": 5400,
    "engagement_rate": 9.0,
}


def _endpoint(
    handler: Handler,
    summary: str,
    body: Any,
    row: dict[str, Any],
    columns: Sequence[str],
    natural: Order,
    description: str,
    **more: Any,
) -> Endpoint:
    shown = {"from": "2026-03-01", "to": "2026-03-31", "tz": "Europe/Oslo", "project_id": None}
    example = {
        "data": {**shown, "rows": [row], **more},
        "error": None,
        "meta": {"total": 1, "limit": 20, "offset": 0},
    }
    way = "the most first" if natural.descending else "the least first"
    return Endpoint(
        "GET",
        f"{_PATH}/{handler.__name__.replace('_', '-')}",
        handler,
        READ,
        summary,
        _TAG,
        {200: Answers("A page of the list.", Aggregated[body], example)},
        description=f"{description} In order of `{natural.column}`, {way}; other columns to order by: "
        + ", ".join(f"`{column}`" for column in columns if column != natural.column)
        + ".",
        query=AggregateQuery,
        refuse_unknown=True,
        errors=(NotFound, RetentionExceeded),
    )


ENDPOINTS: Final = [
    _endpoint(
        aggregates.video_leaderboard,
        "Videos by what they gained",
        RowsData[VideoStandingRow],
        {**_MEASURED, "entity_ref": _EPISODE, "creator": _ADA, **_POSTED},
        leaderboards.VIDEO_COLUMNS,
        aggregates.VIDEOS,
        "Every video that counts.",
    ),
    _endpoint(
        aggregates.posting_heatmap,
        "Posts by weekday and hour",
        HeatmapData,
        {"rank": 1, "weekday": 1, "hour": 18, "posts": 3, "views": 3600, "avg_views_per_post": 1200.0},
        posting.SLOT_COLUMNS,
        aggregates.SLOTS,
        "Videos posted in the span, with the new views that they got in it, in the organisation's zone;"
        " `rows` are the hours with posts.",
        posts=[[0] * 24] * 7,
        avg_views_per_post=[[None] * 24] * 7,
    ),
    _endpoint(
        aggregates.view_distribution,
        "How new views are spread over videos",
        DistributionData,
        {"rank": 1, "at_least": 1000, "at_most": 9999, "videos": 1, "percent": 100.0},
        spread.BIN_COLUMNS,
        aggregates.BINS,
        "The bins are powers of ten.",
        videos=1,
        mean=1200.0,
        min=1200,
        max=1200,
        percentiles={"p10": 1200.0, "p25": 1200.0, "p50": 1200.0, "p75": 1200.0, "p90": 1200.0, "p99": 1200.0},
    ),
    _endpoint(
        aggregates.outliers,
        "Videos that stand out among their creator's",
        RowsData[OutlierRow],
        {
            "rank": 1,
            "entity_ref": _EPISODE,
            "creator": _ADA,
            **_POSTED,
            "views": 98_000,
            "median_views": 1200.0,
            "score": 41.2,
            "deviation": 41.2,
            "direction": "above",
        },
        spread.OUTLIER_COLUMNS,
        aggregates.OUTLIERS,
        f"Videos whose modified z-score (Iglewicz and Hoaglin) is beyond {spread.THRESHOLD}, either way, of creators"
        f" with at least {spread.FEWEST} videos.",
    ),
    _endpoint(
        aggregates.creator_leaderboard,
        "Creators by what their videos gained",
        RowsData[CreatorStandingRow],
        {
            **_MEASURED,
            "entity_ref": _ADA,
            "posts": 3,
            "followers": 18_000,
            "followers_change": 420,
            "avg_views_per_post": 400.0,
        },
        leaderboards.CREATOR_COLUMNS,
        aggregates.CREATORS,
        "Every creator, with the sums of its videos that count.",
    ),
    _endpoint(
        aggregates.posting_consistency,
        "How regularly creators posted",
        RowsData[ConsistencyRow],
        {
            "rank": 1,
            "entity_ref": _ADA,
            "posts": 3,
            "posts_per_week": 0.68,
            "mean_gap_days": 7.5,
            "stdev_gap_days": 0.71,
            "longest_gap_days": 8.0,
            "weeks": 6,
            "active_weeks": 3,
            "active_weeks_percent": 50.0,
        },
        posting.CADENCE_COLUMNS,
        aggregates.CADENCES,
        "Every creator.",
    ),
    _endpoint(
        aggregates.creator_scatter,
        "Creators as points",
        RowsData[ScatterRow],
        {
            "rank": 1,
            "entity_ref": _ADA,
            "followers": 18_000,
            "views": 1200,
            "avg_views_per_post": 400.0,
            "engagement_rate": 9.0,
            "posts": 3,
        },
        leaderboards.SCATTER_COLUMNS,
        aggregates.POINTS,
        "Every creator: reach, audience and engagement.",
    ),
    _endpoint(
        aggregates.campaign_leaderboard,
        "Campaigns by what their videos gained",
        RowsData[CampaignStandingRow],
        {
            **_MEASURED,
            "entity_ref": _SUMMER,
            "posts": 3,
            "videos": 5,
            "creators": 2,
            "target_views": 10_000,
            "target_at": "2026-06-30T00:00:00Z",
            "target_progress": 54.0,
        },
        leaderboards.CAMPAIGN_COLUMNS,
        aggregates.CAMPAIGNS,
        "Every campaign, with the sums of the union of its videos.",
    ),
    _endpoint(
        aggregates.member_overlap,
        "What campaigns have in common",
        RowsData[OverlapRow],
        {"rank": 1, "campaigns": [_SUMMER, _AUTUMN], "videos": 2, "creators": 1, "views": 300, "jaccard": 0.4},
        overlap.OVERLAP_COLUMNS,
        aggregates.OVERLAPS,
        "Every two campaigns with a video or creator that counts in both.",
    ),
]
