"""Performance of offers and channels, and the page of one offer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import field

from headwater.catalogue.asked import Asked, of_family
from headwater.console import charts, tables
from headwater.console.ads import calls, periods
from headwater.console.ads.calls import ApiCall
from headwater.console.ads.figures import records, tiles
from headwater.console.ads.periods import Chosen, Preset
from headwater.console.charts import Downloads
from headwater.console.decisions.tabs import tabs
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.errors import NotFound
from headwater.reports.table import Cell
from headwater.surfaces._http.endpoint import READ, Call, Endpoint, Reply
from headwater.tools.metric_question import Breakdown, Entities, Granularity, MetricQuestion, Order, Period
from headwater.tools.metrics import MetricAnswer

HEADLINES: Final = ("impressions", "positive", "acceptance_rate", "negative", "revenue", "revenue_per_impression")
LISTED: Final = ("impressions", "positive", "acceptance_rate", "revenue")
_WORDS: Final[Mapping[str, str]] = {"offer": "Offer", "channel": "Channel", "category": "Category"}
_MOST_OFFERS: Final = 100_000
_PATHS: Final = {"offer": "/decisions/offers"}


class PeriodQuery(Downloads, frozen=True, kw_only=True):
    """Which days, and what the line shows."""

    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""
    metric: str = "acceptance_rate"
    granularity: Literal["", "day", "week", "month"] = ""


class Listed(msgspec.Struct, frozen=True):
    """Rows of parts with their figures."""

    by: Breakdown
    rows: list[dict[str, Cell]]
    more: bool
    call: ApiCall


async def performance(call: Call[PeriodQuery, bytes]) -> Reply:
    """All offers together, and each by itself."""
    return await _figures(call, Entities("offer"), ("offer", "channel", "category"), "Decisions")


async def offer(call: Call[PeriodQuery, bytes]) -> Reply:
    """One offer, and why it is not selected."""
    offer_id = call.path["offer_id"]
    offers = await call.services.tools.metrics.list_entities(call.scope, "offer", _MOST_OFFERS)
    name = next((one.name for one in offers if one.id == offer_id), None)
    if name is None:
        raise NotFound("There is no such offer.", field="offer_id")
    return await _figures(call, Entities("offer", (offer_id,)), ("channel",), name)


async def _figures(call: Call[PeriodQuery, bytes], who: Entities, parts: tuple[Breakdown, ...], title: str) -> Reply:
    query, chosen = call.query, await _chosen(call)
    grain: Granularity = next((one for one in chosen.granularities if one == query.granularity), chosen.granularity)
    headline = MetricQuestion(who, HEADLINES, chosen.period, compare=chosen.before)
    line = MetricQuestion(who, (query.metric,), chosen.period, grain)
    heading, trend, listed, why = await asyncio.gather(
        _ask(call, headline),
        _ask(call, line),
        asyncio.gather(*(_listed(call, who, by, chosen) for by in parts)),
        _why(call, who, chosen),
    )
    if query.download:
        return await charts.download(call, trend.table if query.chart == "trend" else None, query.download)
    (record,) = records(heading.table)
    drawn = charts.chart(call, trend.table, "trend")
    one_offer = who.ids != "all"
    return await render(
        call,
        "decisions/figures.html",
        title=title,
        crumbs=[("Decisions", "/decisions")] if one_offer else [],
        tabs=[] if one_offer else tabs(call, _kept(chosen)),
        tiles=tiles(record, HEADLINES, "decisions"),
        trend=msgspec.structs.replace(drawn, curl=calls.curl(call, calls.question(line))),
        metrics=list(of_family("decisions").values()),
        metric=query.metric,
        grain=grain,
        chosen=chosen,
        kept={key: value for key, value in (("metric", query.metric), ("granularity", query.granularity)) if value},
        listed=listed,
        columns=_columns(),
        words=_WORDS,
        paths=_PATHS,
        why=tables.table(why.table) if why else None,
        offer_id="" if who.ids == "all" else str(who.ids[0]),
        curl=calls.curl(call, calls.question(headline)),
        curls=[calls.curl(call, one.call) for one in listed],
    )


async def _listed(call: Call[Any, Any], who: Entities, by: Breakdown, chosen: Chosen) -> Listed:
    asked = MetricQuestion(who, LISTED, chosen.period, breakdown=by, order=Order("impressions"))
    answer = await _ask(call, asked)
    return Listed(by, records(answer.table), answer.truncated, calls.question(asked))


async def _why(call: Call[Any, Any], who: Entities, chosen: Chosen) -> MetricAnswer | None:
    """What became of an offer in recorded decisions; these reach up to now."""
    if who.ids == "all" or chosen.period.first > chosen.today:
        return None
    return await _ask(
        call, MetricQuestion(who, period=Period(chosen.period.first, chosen.today), report="why_not_ranked")
    )


async def _ask(call: Call[Any, Any], asked: MetricQuestion) -> MetricAnswer:
    return await call.services.tools.metrics.ask_metrics(asked, call.scope)


def _kept(chosen: Chosen) -> str:
    """What of the period stays in the address of a page whose period ends today."""
    kept = {"period": chosen.preset} if chosen.preset else {}
    if not chosen.preset and chosen.period.last == chosen.today:
        kept = {"from": str(chosen.period.first)}
    return f"?{urlencode(kept)}" if kept else ""


def _columns() -> list[Asked]:
    known = of_family("decisions")
    return [known[name] for name in LISTED]


async def _chosen(call: Call[Any, Any]) -> Chosen:
    today = await call.services.tools.metrics.today(call.scope, "decisions")
    return periods.choose(call.query.period, call.query.frm, call.query.to, today)


ENDPOINTS: list[Endpoint] = [
    page("/decisions", performance, READ, "Decisions", PeriodQuery),
    page("/decisions/offers/{offer_id}", offer, READ, "An offer", PeriodQuery),
]
