"""The tree of ad creatives, and the page of each thing in it. Filters stand in the address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import field

from headwater.catalogue.asked import Asked, of_family
from headwater.console import charts
from headwater.console.ads import calls, entity, periods
from headwater.console.ads.entity import AdKind, Asking
from headwater.console.ads.figures import LISTED, listed_question, records
from headwater.console.ads.periods import Chosen, Preset
from headwater.console.ads.tree import PATHS, Depth, Rows, rows
from headwater.console.charts import Downloads
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.control.entities.models import Entity
from headwater.control.entities.service import Entities
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Endpoint, Reply
from headwater.tools.metric_question import Granularity, MetricQuestion

_KIND_WORDS: Mapping[str, str] = {"campaign": "Campaign", "creative_group": "Creative group", "creative": "Creative"}
_NAMES: Mapping[AdKind, str] = {
    "campaign": "campaign_id",
    "creative_group": "creative_group_id",
    "creative": "creative_id",
}
_FIGURED: tuple[AdKind, ...] = ("campaign", "creative_group", "creative")


class TreeQuery(msgspec.Struct, frozen=True):
    """Filters of the tree; days of one's own take the place of ``period``."""

    q: str = ""
    depth: Depth = "creative"
    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""


class EntityQuery(Downloads, frozen=True, kw_only=True):
    """Filters of the page of a campaign, a group or a creative."""

    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""
    metric: str = "impressions"
    granularity: Literal["", "day", "week", "month"] = ""


async def tree(call: Call[TreeQuery, bytes]) -> Reply:
    """The hierarchy with figures of a period."""
    query, chosen = call.query, await _chosen(call)
    async with call.services.control.reading() as session:
        workspaces = await Entities(session, call.scope).tree()
    found = rows(workspaces, query.q, query.depth)
    asked = _questions(found, chosen)
    answers = await asyncio.gather(*(call.services.tools.metrics.ask_metrics(one, call.scope) for one in asked))
    figures = {
        (one.breakdown, str(record["id"])): record
        for one, answer in zip(asked, answers, strict=True)
        for record in records(answer.table)
    }
    return await render(
        call,
        "ads_tree.html",
        title="Ad creatives",
        found=found,
        figures=figures,
        columns=_columns(),
        chosen=chosen,
        query=query,
        has_campaigns=any(workspace.children for workspace in workspaces),
        kept=_kept({"q": query.q, "depth": query.depth if query.depth != "creative" else ""}),
        curls=[(f"{_KIND_WORDS[one.entity.kind]}s as curl", calls.curl(call, calls.question(one))) for one in asked],
    )


def _columns() -> list[Asked]:
    known = of_family("ads")
    return [known[name] for name in LISTED]


def _questions(found: Rows, chosen: Chosen) -> list[MetricQuestion]:
    """One a kind that has rows: its things, each with its figures."""
    ids = {kind: found.of_kind(kind) for kind in _FIGURED}
    return [listed_question(kind, some, kind, chosen.period) for kind, some in ids.items() if some]


async def one(call: Call[EntityQuery, bytes], kind: AdKind) -> Reply:
    """A campaign, a group or a creative."""
    query, chosen = call.query, await _chosen(call)
    entity_id = call.path_id(_NAMES[kind])
    above = await entity.lineage(call.services, call.scope, kind, entity_id)
    buckets: Granularity = entity.granularity(chosen, query.granularity)
    asking = Asking(kind, entity_id, chosen, query.metric, buckets)
    shown = await entity.shown(call.services, call.scope, asking)
    if query.download:
        return await charts.download(call, shown.trend if query.chart == "trend" else None, query.download)
    return await render(
        call,
        "ads_entity.html",
        title=above[-1].name,
        crumbs=_crumbs(above, chosen),
        kind=kind,
        kind_words=_KIND_WORDS[kind],
        above=above,
        paths=PATHS,
        shown=shown,
        trend=msgspec.structs.replace(
            charts.chart(call, shown.trend, "trend"), curl=calls.curl(call, shown.trend_call)
        ),
        columns=_columns(),
        narrow=[one for one in _columns() if one.name != "link_clicks"],
        curls=_curls(call, shown),
        chosen=chosen,
        asking=asking,
        metrics=entity.metric_choices(),
        kept=_kept({"metric": query.metric if query.metric != "impressions" else "", "granularity": query.granularity}),
        WRITE=WRITE,
    )


def _crumbs(above: Sequence[Entity], chosen: Chosen) -> list[tuple[str, str]]:
    """The way from the tree; workspaces have no page."""
    days = urlencode(chosen.parameters)
    found = [("Ad creatives", f"/ads?{days}")]
    return found + [(one.name, f"{PATHS[one.kind]}/{one.id}?{days}") for one in above[1:-1]]


def _curls(call: Call[Any, Any], shown: entity.Shown) -> dict[str, str]:
    """The command behind each part of the page."""
    asked = {"headline": shown.headline_call, "flow": shown.flow_call}
    asked |= {"domains": shown.domains.call, "dsps": shown.dsps.call}
    if shown.parts:
        asked["parts"] = shown.parts.call
    return {name: calls.curl(call, one) for name, one in asked.items()}


def _kept(values: Mapping[str, str]) -> dict[str, str]:
    """Filters that stay in the address when the period changes."""
    return {name: value for name, value in values.items() if value}


async def _chosen(call: Call[Any, bytes]) -> Chosen:
    today = await call.services.tools.metrics.today(call.scope, "ads")
    return periods.choose(call.query.period, call.query.frm, call.query.to, today)


ENDPOINTS: list[Endpoint] = [
    page("/ads", tree, READ, "Ad creatives", TreeQuery),
    *(
        page(f"{PATHS[kind]}/{{{name}}}", partial(one, kind=kind), READ, f"A {_KIND_WORDS[kind].lower()}", EntityQuery)
        for kind, name in _NAMES.items()
    ),
]
