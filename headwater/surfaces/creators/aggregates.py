"""``GET /api/v1/analytics/aggregate/…``: lists over all videos, creators or campaigns of a span."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.roster import Roster
from headwater.kit.zones import local_date
from headwater.query.series import leaderboards, overlap, posting, spread
from headwater.query.series.ranking import Cut, Order, Page
from headwater.query.series.totals import Totals
from headwater.surfaces._http.endpoint import Call, Reply
from headwater.surfaces.creators import aggregates_body
from headwater.surfaces.creators.aggregates_body import Rows
from headwater.surfaces.creators.aggregates_contract import (
    Aggregated,
    AggregateQuery,
    DistributionData,
    HeatmapData,
    Percentiles,
    RowsData,
    RowsMeta,
)
from headwater.surfaces.creators.aggregates_query import read_question

AggregateCall = Call[AggregateQuery, bytes]
T = TypeVar("T")
R = TypeVar("R")

VIDEOS: Final = Order("views", descending=True)
SLOTS: Final = Order("posts", descending=True)
BINS: Final = Order("at_least", descending=False)
OUTLIERS: Final = Order("deviation", descending=True)
CREATORS: Final = Order("views", descending=True)
CADENCES: Final = Order("active_weeks_percent", descending=True)
POINTS: Final = Order("followers", descending=True)
CAMPAIGNS: Final = Order("views", descending=True)
OVERLAPS: Final = Order("videos", descending=True)


@dataclass(frozen=True)
class _Asked:
    """A list that is asked for, with all that it is made of."""

    totals: Totals
    roster: Roster
    order: Order
    cut: Cut
    shown: dict[str, Any]

    def reply(self, page: Page[T], row: Callable[[int, T], R], kind: Any = RowsData, **more: Any) -> Reply:
        """The answer; ``kind`` is the struct of its data."""
        data = kind(**self.shown, rows=[row(rank, one) for rank, one in page.rows], **more)
        meta = RowsMeta(page.total, self.cut.limit, self.cut.offset)
        return Reply(Aggregated(data, None, meta), keep=self.totals.fresh)


async def _asked(call: AggregateCall, columns: Sequence[str], natural: Order) -> _Asked:
    now = call.services.clock().replace(tzinfo=None)
    scope = call.scope
    # First: a roster that changes while it is read must not be taken for the new one.
    generation = call.services.series.roster_generation(scope)
    roster = await call.services.control.rosters.get(scope.organisation_id)

    def today_in(zone: str) -> date:
        return local_date(now, zone)

    totals, order, cut = read_question(call.query, columns, natural, roster, scope.retention_days, today_in)
    found = await call.services.totals.ask(totals, roster, scope, generation)
    project = None if totals.project is None else roster.public_id("project", totals.project)
    shown = {"start": totals.span.first, "end": totals.span.last, "tz": totals.zone, "project_id": project}
    return _Asked(found, roster, order, cut, shown)


async def video_leaderboard(call: AggregateCall) -> Reply:
    """Videos by what they gained."""
    asked = await _asked(call, leaderboards.VIDEO_COLUMNS, VIDEOS)
    page = await asyncio.to_thread(leaderboards.videos, asked.totals, asked.roster, asked.order, asked.cut)
    return asked.reply(page, Rows(asked.roster).video)


async def posting_heatmap(call: AggregateCall) -> Reply:
    """Posts by weekday and hour."""
    asked = await _asked(call, posting.SLOT_COLUMNS, SLOTS)
    found = await asyncio.to_thread(posting.heatmap, asked.totals, asked.roster)
    return asked.reply(
        found.busiest(asked.order, asked.cut),
        aggregates_body.slot,
        HeatmapData,
        posts=found.grid("posts"),
        avg_views_per_post=found.grid("avg_views_per_post"),
    )


async def view_distribution(call: AggregateCall) -> Reply:
    """How new views are spread over videos."""
    asked = await _asked(call, spread.BIN_COLUMNS, BINS)
    found = await asyncio.to_thread(spread.distribution, asked.totals)
    return asked.reply(
        found.page(asked.order, asked.cut),
        aggregates_body.views_bin,
        DistributionData,
        videos=found.videos,
        mean=found.mean,
        min=found.minimum,
        max=found.maximum,
        percentiles=Percentiles(**{f"p{percent}": value for percent, value in found.percentiles.items()}),
    )


async def outliers(call: AggregateCall) -> Reply:
    """Videos that stand out among their creator's."""
    asked = await _asked(call, spread.OUTLIER_COLUMNS, OUTLIERS)
    page = await asyncio.to_thread(spread.outliers, asked.totals, asked.roster, asked.order, asked.cut)
    return asked.reply(page, Rows(asked.roster).outlier)


async def creator_leaderboard(call: AggregateCall) -> Reply:
    """Creators by what their videos gained."""
    asked = await _asked(call, leaderboards.CREATOR_COLUMNS, CREATORS)
    page = await asyncio.to_thread(leaderboards.creators, asked.totals, asked.roster, asked.order, asked.cut)
    return asked.reply(page, Rows(asked.roster).creator)


async def posting_consistency(call: AggregateCall) -> Reply:
    """How regularly creators posted."""
    asked = await _asked(call, posting.CADENCE_COLUMNS, CADENCES)
    page = await asyncio.to_thread(posting.consistency, asked.totals, asked.roster, asked.order, asked.cut)
    return asked.reply(page, Rows(asked.roster).cadence)


async def creator_scatter(call: AggregateCall) -> Reply:
    """Creators as points."""
    asked = await _asked(call, leaderboards.SCATTER_COLUMNS, POINTS)
    page = await asyncio.to_thread(leaderboards.creators, asked.totals, asked.roster, asked.order, asked.cut)
    return asked.reply(page, Rows(asked.roster).point)


async def campaign_leaderboard(call: AggregateCall) -> Reply:
    """Campaigns by what their videos gained."""
    asked = await _asked(call, leaderboards.CAMPAIGN_COLUMNS, CAMPAIGNS)
    async with call.services.control.reading() as session:
        targets = await Campaigns(session, call.scope).targets()
    wanted = {number: target.views for number, target in targets.items()}
    page = await asyncio.to_thread(leaderboards.campaigns, asked.totals, asked.roster, wanted, asked.order, asked.cut)
    rows = Rows(asked.roster)
    return asked.reply(page, lambda rank, one: rows.campaign(rank, one, targets))


async def member_overlap(call: AggregateCall) -> Reply:
    """What campaigns have in common."""
    asked = await _asked(call, overlap.OVERLAP_COLUMNS, OVERLAPS)
    page = await asyncio.to_thread(overlap.overlaps, asked.totals, asked.roster, asked.order, asked.cut)
    return asked.reply(page, Rows(asked.roster).overlap)
