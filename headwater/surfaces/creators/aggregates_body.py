"""Rows of the aggregates from the engine's figures. Pure; it only names and reshapes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from headwater.catalogue.series import EntityKind
from headwater.control.creators.campaigns import Target
from headwater.control.creators.roster import Roster
from headwater.query.series.leaderboards import CampaignStanding, Standing
from headwater.query.series.overlap import Overlap
from headwater.query.series.posting import Cadence, PostingSlot
from headwater.query.series.spread import Outlier, ViewsBin
from headwater.query.series.totals import Figures
from headwater.surfaces.creators.aggregates_contract import (
    CampaignStandingRow,
    ConsistencyRow,
    CreatorStandingRow,
    OutlierRow,
    OverlapRow,
    PostingSlotRow,
    ScatterRow,
    VideoStandingRow,
    ViewsBinRow,
)
from headwater.surfaces.creators.analytics_contract import EntityRef


class Rows:
    """Makes rows of things, which it names by the roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def video(self, rank: int, one: Standing) -> VideoStandingRow:
        """A video of the leaderboard."""
        return VideoStandingRow(
            rank=rank,
            entity_ref=self._ref("video", one.number),
            creator=self._creator_of(one.number),
            posted_at=self._posted_at(one.number),
            **_measured(one.figures),
        )

    def creator(self, rank: int, one: Standing) -> CreatorStandingRow:
        """A creator of the leaderboard."""
        figures = one.figures
        return CreatorStandingRow(
            rank=rank,
            entity_ref=self._ref("creator", one.number),
            posts=figures.posts,
            followers=figures.followers,
            followers_change=figures.followers_change,
            avg_views_per_post=figures.avg_views_per_post,
            **_measured(figures),
        )

    def campaign(self, rank: int, one: CampaignStanding, targets: Mapping[int, Target]) -> CampaignStandingRow:
        """A campaign of the leaderboard."""
        target = targets.get(one.number)
        return CampaignStandingRow(
            rank=rank,
            entity_ref=self._ref("campaign", one.number),
            posts=one.figures.posts,
            videos=one.videos,
            creators=one.creators,
            target_views=one.target_views,
            target_at=target.at if target else None,
            target_progress=one.target_progress,
            **_measured(one.figures),
        )

    def point(self, rank: int, one: Standing) -> ScatterRow:
        """A creator as a point."""
        figures = one.figures
        return ScatterRow(
            rank=rank,
            entity_ref=self._ref("creator", one.number),
            followers=figures.followers,
            views=figures.views,
            avg_views_per_post=figures.avg_views_per_post,
            engagement_rate=figures.engagement_rate,
            posts=figures.posts,
        )

    def outlier(self, rank: int, one: Outlier) -> OutlierRow:
        """A video that stands out."""
        return OutlierRow(
            rank=rank,
            entity_ref=self._ref("video", one.video),
            creator=self._ref("creator", one.creator),
            posted_at=self._posted_at(one.video),
            views=one.views,
            median_views=one.median_views,
            score=one.score,
            deviation=one.deviation,
            direction=one.direction,
        )

    def cadence(self, rank: int, one: Cadence) -> ConsistencyRow:
        """How regularly a creator posted."""
        return ConsistencyRow(
            rank=rank,
            entity_ref=self._ref("creator", one.number),
            posts=one.posts,
            posts_per_week=one.posts_per_week,
            mean_gap_days=one.mean_gap_days,
            stdev_gap_days=one.stdev_gap_days,
            longest_gap_days=one.longest_gap_days,
            weeks=one.weeks,
            active_weeks=one.active_weeks,
            active_weeks_percent=one.active_weeks_percent,
        )

    def overlap(self, rank: int, one: Overlap) -> OverlapRow:
        """What two campaigns share."""
        first, second = one.campaigns
        return OverlapRow(
            rank=rank,
            campaigns=(self._ref("campaign", first), self._ref("campaign", second)),
            videos=one.videos,
            creators=one.creators,
            views=one.views,
            jaccard=one.jaccard,
        )

    def _ref(self, kind: EntityKind, number: int) -> EntityRef:
        return EntityRef(kind, self._roster.public_id(kind, number), self._roster.label(kind, number))

    def _creator_of(self, video: int) -> EntityRef | None:
        return next((self._ref("creator", one) for one in self._roster.creators("video", video)), None)

    def _posted_at(self, video: int) -> datetime | None:
        posted_at = self._roster.posted_at(video)
        return None if posted_at is None else posted_at.replace(tzinfo=UTC)


def slot(rank: int, one: PostingSlot) -> PostingSlotRow:
    """An hour of a weekday."""
    return PostingSlotRow(
        rank=rank,
        weekday=one.weekday,
        hour=one.hour,
        posts=one.posts,
        views=one.views,
        avg_views_per_post=one.avg_views_per_post,
    )


def views_bin(rank: int, one: ViewsBin) -> ViewsBinRow:
    """A bar of the histogram."""
    return ViewsBinRow(rank=rank, at_least=one.at_least, at_most=one.at_most, videos=one.videos, percent=one.percent)


def _measured(figures: Figures) -> dict[str, Any]:
    return {
        "views": figures.views,
        "likes": figures.likes,
        "comments": figures.comments,
        "shares": figures.shares,
        "saves": figures.saves,
        "views_total": figures.views_total,
        "engagement_rate": figures.engagement_rate,
    }
