"""What the page of a campaign, a creative group or a creative shows, asked all at once of the tools and the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.asked import Asked, of_family
from headwater.console.ads import calls
from headwater.console.ads.calls import ApiCall
from headwater.console.ads.figures import (
    PLACES_SHOWN,
    Tile,
    count,
    headline_question,
    listed_question,
    records,
    tiles,
    trend_question,
)
from headwater.console.ads.funnel import FLOW, FUNNEL, QUARTILES, FlowStep, Step, flow_steps, steps
from headwater.console.ads.periods import Chosen
from headwater.control.entities.kinds import PARENT, Kind
from headwater.control.entities.models import Entity
from headwater.control.entities.service import Entities
from headwater.query.question import Question
from headwater.reports import ReportTable
from headwater.reports.table import Cell
from headwater.scope import Scope
from headwater.surfaces._http.services import Services
from headwater.tools.metric_days import window
from headwater.tools.metric_question import Breakdown, Granularity, MetricQuestion

AdKind = Literal["campaign", "creative_group", "creative"]
BELOW: Final[Mapping[str, Breakdown]] = {"campaign": "creative_group", "creative_group": "creative"}


class Asking(msgspec.Struct, frozen=True):
    """What the page is asked to show: of what, when, and the line's metric and buckets."""

    kind: AdKind
    id: int
    chosen: Chosen
    metric: str
    granularity: Granularity


class Listed(msgspec.Struct, frozen=True):
    """Rows of parts with their figures; ``more`` when there were others."""

    by: str
    rows: list[dict[str, Cell]]
    more: bool
    call: ApiCall


class Shown(msgspec.Struct, frozen=True):
    """All that the page shows. ``parts`` is None for a creative, ``flow`` empty for one without a conversation."""

    tiles: list[Tile]
    headline_call: ApiCall
    funnel: tuple[Step, ...]
    quartiles: tuple[Step, ...]
    trend: ReportTable
    trend_question: MetricQuestion
    trend_call: ApiCall
    parts: Listed | None
    domains: Listed
    dsps: Listed
    flow: tuple[FlowStep, ...]
    flow_call: ApiCall

    @property
    def empty(self) -> bool:
        """Whether nothing was measured in the period."""
        return not any(tile.value for tile in self.tiles)


async def lineage(services: Services, scope: Scope, kind: AdKind, entity_id: int) -> list[Entity]:
    """An entity and what it lies in, the workspace first; ``NotFound`` for one that the organisation does not have."""
    found: list[Entity] = []
    async with services.control.reading() as session:
        entities = Entities(session, scope)
        at: Kind | None = kind
        number: int | None = entity_id
        while at is not None and number is not None:
            found.append(await entities.get(at, number))
            at, number = PARENT.get(at), found[-1].parent_id
    return found[::-1]


async def shown(services: Services, scope: Scope, asking: Asking) -> Shown:
    """The figures; ``InvalidRequest`` for a metric that there is not."""
    kind, ids, chosen = asking.kind, (asking.id,), asking.chosen
    headline = headline_question(kind, ids, chosen)
    line = trend_question(kind, ids, asking.metric, chosen.period, asking.granularity)
    heading, trend, parts, domains, dsps, flow = await asyncio.gather(
        services.tools.metrics.ask_metrics(headline, scope),
        services.tools.metrics.ask_metrics(line, scope),
        _parts(services, scope, asking),
        _listed(services, scope, asking, "domain"),
        _listed(services, scope, asking, "dsp"),
        _flow(services, scope, asking),
    )
    (record,) = records(heading.table)
    return Shown(
        tiles(record),
        calls.question(headline),
        steps((label, count(record, name)) for name, label in FUNNEL),
        steps((label, count(record, name)) for name, label in QUARTILES),
        trend.table,
        line,
        calls.trend(kind, asking.id, asking.metric, chosen.period, asking.granularity),
        parts,
        domains,
        dsps,
        flow,
        calls.flow(asking.id, chosen.period),
    )


async def _parts(services: Services, scope: Scope, asking: Asking) -> Listed | None:
    below = BELOW.get(asking.kind)
    return await _listed(services, scope, asking, below, limit=None) if below else None


async def _listed(
    services: Services, scope: Scope, asking: Asking, by: Breakdown, limit: int | None = PLACES_SHOWN
) -> Listed:
    asked = listed_question(asking.kind, (asking.id,), by, asking.chosen.period, limit)
    answer = await services.tools.metrics.ask_metrics(asked, scope)
    return Listed(by, records(answer.table), answer.truncated, calls.question(asked))


async def _flow(services: Services, scope: Scope, asking: Asking) -> tuple[FlowStep, ...]:
    tree = await services.control.trees.get(scope.organisation_id)
    if asking.kind != "creative" or not tree.components(asking.id):
        return ()
    asked = Question(
        dataset=AD_EVENTS.name,
        metrics=FLOW,
        entity="creative",
        ids=(asking.id,),
        window=window(asking.chosen.period),
        breakdown=("component",),
    )
    return flow_steps(await services.engine.ask(asked, scope), tree.components(asking.id))


def metric_choices() -> list[Asked]:
    """The metrics that the line can show."""
    return list(of_family("ads").values())


def granularity(chosen: Chosen, asked: str) -> Granularity:
    """The buckets that were asked for where the period allows them, else those that suit it."""
    return next((one for one in chosen.granularities if one == asked), chosen.granularity)
