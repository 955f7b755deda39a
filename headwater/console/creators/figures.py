"""What the pages ask of creators: tiles, and the parts of a creator or campaign. Asked by the tools alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from headwater.catalogue.asked import Asked, of_family
from headwater.console.ads import calls
from headwater.console.ads.calls import ApiCall
from headwater.console.ads.figures import Tile, records, tiles
from headwater.console.ads.periods import Chosen
from headwater.reports.table import Cell
from headwater.scope import Scope
from headwater.surfaces._http.services import Services
from headwater.tools.metric_question import Breakdown, Entities, MetricQuestion, Order

Kind = Literal["creator", "video", "creator_campaign"]
LISTED: Final = ("views", "likes", "comments", "engagement_rate")
_OF_ALL: Final = ("views", "likes", "comments", "shares", "saves", "engagement_rate")
_OF_GROUPS: Final = ("posts", "avg_views_per_post")
HEADLINES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "creator": ("followers", "followers_change", *_OF_ALL, *_OF_GROUPS),
    "creator_campaign": (*_OF_ALL, *_OF_GROUPS),
    "video": ("views_total", *_OF_ALL),
}
PARTS: Final[Mapping[Kind, tuple[Breakdown, ...]]] = {
    "creator": ("video",),
    "creator_campaign": ("creator", "video"),
    "video": (),
}
_SHOWN: Final = 25


class Listed(msgspec.Struct, frozen=True):
    """Rows of parts with their figures, most views first; ``more`` when there were others."""

    by: Breakdown
    rows: list[dict[str, Cell]]
    more: bool
    call: ApiCall


class Shown(msgspec.Struct, frozen=True):
    """All that the page of one thing shows."""

    tiles: list[Tile]
    headline_call: ApiCall
    parts: list[Listed]

    @property
    def empty(self) -> bool:
        """Whether nothing was measured in the period."""
        return not any(tile.value for tile in self.tiles)


async def shown(services: Services, scope: Scope, kind: Kind, public_id: str, chosen: Chosen) -> Shown:
    """The figures of one creator, video or campaign."""
    who = Entities(kind, (public_id,))
    headline = MetricQuestion(who, HEADLINES[kind], chosen.period, compare=chosen.before)
    heading, parts = await asyncio.gather(
        services.tools.metrics.ask_metrics(headline, scope),
        asyncio.gather(*(listed(services, scope, who, by, chosen) for by in PARTS[kind])),
    )
    (record,) = records(heading.table)
    return Shown(tiles(record, HEADLINES[kind], "creators"), calls.question(headline), parts)


async def listed(services: Services, scope: Scope, who: Entities, by: Breakdown, chosen: Chosen) -> Listed:
    """The parts with the most views."""
    asked = MetricQuestion(who, LISTED, chosen.period, breakdown=by, order=Order("views"), limit=_SHOWN)
    answer = await services.tools.metrics.ask_metrics(asked, scope)
    return Listed(by, records(answer.table), answer.truncated, calls.question(asked))


def columns() -> list[Asked]:
    """The figures of lists."""
    known = of_family("creators")
    return [known[name] for name in LISTED]
