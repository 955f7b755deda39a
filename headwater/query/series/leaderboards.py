"""Videos, creators and campaigns ranked by what a span brought them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from headwater.query.series.ranking import Cut, Order, Page, ranked
from headwater.query.series.shape import Number
from headwater.query.series.totals import Figures, Totals, WholeRoster, number, number_together, together

_NEW = ("views", "likes", "comments", "shares", "saves")
VIDEO_COLUMNS = (*_NEW, "views_total", "engagement_rate")
CREATOR_COLUMNS = (
    *VIDEO_COLUMNS,
    "posts",
    "followers",
    "followers_change",
    "avg_views_per_post",
)
SCATTER_COLUMNS = ("followers", "views", "avg_views_per_post", "engagement_rate", "posts")
_OF_CAMPAIGNS = ("videos", "creators", "target_progress")
CAMPAIGN_COLUMNS = (*VIDEO_COLUMNS, "posts", *_OF_CAMPAIGNS)


class Standing(msgspec.Struct, frozen=True):
    """A video's or creator's figures; ``number`` is the roster's."""

    number: int
    figures: Figures


class CampaignStanding(msgspec.Struct, frozen=True):
    """A campaign's figures: those of the union of its videos."""

    number: int
    figures: Figures
    videos: int
    creators: int
    target_views: int | None

    @property
    def target_progress(self) -> float | None:
        """Views at the span's end per hundred of the target; None without a target."""
        total = self.figures.views_total
        return total * 100 / self.target_views if self.target_views and total is not None else None


def videos(totals: Totals, roster: WholeRoster, order: Order, cut: Cut) -> Page[Standing]:
    """Every video that counts."""
    return _standings("video", totals.videos, roster, order, cut)


def creators(totals: Totals, roster: WholeRoster, order: Order, cut: Cut) -> Page[Standing]:
    """Every creator, also one without a video."""
    return _standings("creator", totals.creators, roster, order, cut)


def _standings(
    kind: str, figures: Mapping[int, Figures], roster: WholeRoster, order: Order, cut: Cut
) -> Page[Standing]:
    page = ranked(
        figures,
        lambda one: number(figures[one], order.column),
        lambda one: roster.public_id(kind, one),
        order,
        cut,
    )
    return Page([(rank, Standing(one, figures[one])) for rank, one in page.rows], page.total)


def campaigns(
    totals: Totals, roster: WholeRoster, targets: Mapping[int, int | None], order: Order, cut: Cut
) -> Page[CampaignStanding]:
    """Every campaign; ``targets`` holds the views that campaigns are to reach."""

    def figures(campaign: int) -> Iterator[Figures]:
        return (totals.videos[video] for video in roster.videos("campaign", campaign))

    def standing(campaign: int) -> CampaignStanding:
        videos, creators = len(roster.videos("campaign", campaign)), len(roster.creators("campaign", campaign))
        return CampaignStanding(campaign, together(figures(campaign)), videos, creators, targets.get(campaign))

    def value(campaign: int) -> Number | None:
        if order.column not in _OF_CAMPAIGNS:
            return number_together(figures(campaign), order.column)
        own: Number | None = getattr(standing(campaign), order.column)
        return own

    numbers = roster.numbers("campaign", totals.question.project)
    page = ranked(numbers, value, lambda one: roster.public_id("campaign", one), order, cut)
    return Page([(rank, standing(one)) for rank, one in page.rows], page.total)
