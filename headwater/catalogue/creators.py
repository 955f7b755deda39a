"""Creators: what is measured of creators, their videos and campaigns (contract: creators).

Entities: project > creator > video, and campaigns that hold any of them. SnapshotDataset
name a video or a creator; which videos a creator or campaign counts is known to
the control plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from headwater.catalogue.model import RECORD_ID, Field, SnapshotDataset
from headwater.catalogue.series import PER_WEEK, PERCENT, EntityKind, Growth, Level, Ratio, SeriesMetric, Term

VIDEO_SNAPSHOTS = SnapshotDataset(
    name="video-snapshots",
    table="video_snapshot",
    description="A video's counters as they stood at one moment; each counts from the video's beginning.",
    time="at",
    subject="video_id",
    fields=(
        Field("video_id", "uuid", "The video.", required=True, entity="video"),
        Field("at", "time", "When the counters were read.", column="read_at", required=True),
        Field("views", "counter", "Views so far.", required=True),
        Field("likes", "counter", "Likes so far; left out where unknown."),
        Field("comments", "counter", "Comments so far; left out where unknown."),
        Field("shares", "counter", "Shares so far; left out where unknown."),
        Field("saves", "counter", "Saves so far; left out where unknown."),
        Field(
            "is_baseline",
            "flag",
            "Whether the reading only sets the level and books nothing as new. Left out: a video's first reading does,"
            " unless the video was posted within the 24 hours before it.",
        ),
        RECORD_ID,
    ),
    counters=("views", "likes", "comments", "shares", "saves"),
    opening="by_posting",
    ledger="video_step",
    day_rollup="video_day",
    group_rollup="video_group_day",
)

CREATOR_SNAPSHOTS = SnapshotDataset(
    name="creator-snapshots",
    table="creator_snapshot",
    description="A creator's followers as they stood at one moment.",
    time="at",
    subject="creator_id",
    fields=(
        Field("creator_id", "uuid", "The creator.", required=True, entity="creator"),
        Field("at", "time", "When the followers were counted.", column="read_at", required=True),
        Field("followers", "counter", "Followers then.", required=True),
        RECORD_ID,
    ),
    counters=("followers",),
    opening="baseline",
    ledger="creator_step",
    day_rollup="creator_day",
)

POSTS = "posts"
"""Where posts are counted: by the videos' posting times, which the control plane has."""

_ALL: tuple[EntityKind, ...] = ("creator", "video", "campaign")
_GROUPS: tuple[EntityKind, ...] = ("creator", "campaign")
_ENGAGEMENT = tuple(Term(name, "new") for name in ("likes", "comments", "shares", "saves"))

_METRICS: tuple[SeriesMetric, ...] = (
    Level("views", "Views", "View count.", VIDEO_SNAPSHOTS.name, _ALL),
    Level("likes", "Likes", "Like count.", VIDEO_SNAPSHOTS.name, _ALL),
    Level("comments", "Comments", "Comment count.", VIDEO_SNAPSHOTS.name, _ALL),
    Level("shares", "Shares", "Share count.", VIDEO_SNAPSHOTS.name, _ALL),
    Level("saves", "Saves", "Save count.", VIDEO_SNAPSHOTS.name, _ALL),
    Level(
        "followers",
        "Followers",
        "Follower count; real drops are valid.",
        CREATOR_SNAPSHOTS.name,
        ("creator",),
        growth="cumulative",
    ),
    Level("posts", "Posts", "Videos posted.", POSTS, _GROUPS, growth="cumulative"),
    Ratio(
        "engagement_rate_by_views",
        "Engagement rate by views",
        "New likes, comments, shares and saves per hundred new views.",
        _ALL,
        _ENGAGEMENT,
        Term("views", "new"),
        factor=100,
        unit=PERCENT,
    ),
    Ratio(
        "engagement_rate_by_followers",
        "Engagement rate by followers",
        "New likes, comments, shares and saves per hundred followers at the bucket's end.",
        _GROUPS,
        _ENGAGEMENT,
        Term("followers", "cumulative"),
        factor=100,
        unit=PERCENT,
    ),
    Ratio(
        "posts_per_week",
        "Posts per week",
        "Videos posted, per seven days that have begun.",
        _GROUPS,
        (Term("posts", "new"),),
        "days",
        factor=7,
        unit=PER_WEEK,
    ),
    Ratio(
        "avg_views_per_post",
        "Average views per post",
        "New views per video posted up to the bucket's end.",
        _GROUPS,
        (Term("views", "new"),),
        Term("posts", "cumulative"),
    ),
    Growth("growth_rate_pop", "Growth rate", "Change against the bucket before, in percent.", _ALL),
)

SERIES: Mapping[str, SeriesMetric] = MappingProxyType({metric.name: metric for metric in _METRICS})
LEVELS: Mapping[str, Level] = MappingProxyType(
    {metric.name: metric for metric in _METRICS if isinstance(metric, Level)}
)
