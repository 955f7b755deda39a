"""Leaderboards of creators, videos and campaigns, and when posts go out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import field

from headwater.console import charts
from headwater.console.ads import calls, periods
from headwater.console.ads.calls import ApiCall
from headwater.console.ads.periods import Chosen, Preset
from headwater.console.charts import Downloads
from headwater.console.creators import figures
from headwater.console.creators.posting import COLUMNS, Column, table
from headwater.console.pages import page
from headwater.console.rendering import render
from headwater.control.creators.roster import Roster
from headwater.errors import NotFound
from headwater.query.series import posting
from headwater.query.series.question import Span
from headwater.query.series.retention import oldest_allowed
from headwater.query.series.totals import TotalsQuestion
from headwater.surfaces._http.endpoint import READ, Call, Endpoint, Reply
from headwater.tools.metric_question import Breakdown, Entities

PATHS: Final[Mapping[str, str]] = {
    "creator": "/creators/people",
    "video": "/creators/videos",
    "creator_campaign": "/creators/campaigns",
}
WORDS: Final[Mapping[str, str]] = {"creator": "Creator", "video": "Video", "creator_campaign": "Campaign"}
_POSTING: Final = "/creators/posting-times"


class ListQuery(msgspec.Struct, frozen=True):
    """Whose leaderboard, of which days."""

    by: Literal["creator", "video", "creator_campaign"] = "creator"
    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""


class PostingQuery(Downloads, frozen=True, kw_only=True):
    """Posts of which project and which days; how many, or how well they went."""

    period: Preset = "last_90_days"
    frm: str = field(name="from", default="")
    to: str = ""
    project: str = ""
    show: Column = "posts"


async def leaderboard(call: Call[ListQuery, bytes]) -> Reply:
    """Who gained most."""
    query, chosen = call.query, await chosen_of(call)
    by: Breakdown = query.by
    listed = await figures.listed(
        call.services, call.scope, Entities("creator" if by != "creator_campaign" else by), by, chosen
    )
    return await render(
        call,
        "creators/list.html",
        title="Creators",
        listed=listed,
        columns=figures.columns(),
        chosen=chosen,
        query=query,
        kinds=WORDS,
        paths=PATHS,
        kept={"by": by} if by != "creator" else {},
        curl=calls.curl(call, listed.call),
    )


async def posting_times(call: Call[PostingQuery, bytes]) -> Reply:
    """At which hours of which weekdays posts go out, and how they do."""
    query, chosen = call.query, await chosen_of(call)
    # First: a roster that changes while it is read must not be taken for the new one.
    generation = call.services.series.roster_generation(call.scope)
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    span = Span(chosen.period.first, chosen.period.last)
    oldest_allowed(span, chosen.today, call.scope.retention_days)
    question = TotalsQuestion(_project(query.project, roster), span, roster.zone, chosen.today)
    totals = await call.services.totals.ask(question, roster, call.scope, generation)
    found = await asyncio.to_thread(posting.heatmap, totals, roster)
    shown = table(found, query.show, f"{chosen.words[:1].upper()}{chosen.words[1:]} ({roster.zone})")
    if query.download:
        return await charts.download(call, shown if query.chart == "posting" else None, query.download)
    asked = {"from": span.first, "to": span.last, **({"project_id": query.project} if query.project else {})}
    api = ApiCall("GET", f"/api/v1/analytics/aggregate/posting-heatmap?{urlencode(asked)}")
    return await render(
        call,
        "creators/posting.html",
        title="Creators",
        chart=calls.with_curl(call, charts.chart(call, shown, "posting"), api) if shown.rows else None,
        chosen=chosen,
        query=query,
        kinds=WORDS,
        columns=COLUMNS,
        projects=[
            (roster.public_id("project", one), roster.label("project", one)) for one in roster.numbers("project")
        ],
        kept={key: value for key, value in (("project", query.project), ("show", query.show)) if value},
    )


def _project(public_id: str, roster: Roster) -> int | None:
    if not public_id:
        return None
    number = roster.find("project", public_id)
    if number is None:
        raise NotFound("There is no such project.", field="project")
    return number


async def chosen_of(call: Call[Any, Any]) -> Chosen:
    """The period of a page's address, in the organisation's days."""
    today = await call.services.tools.metrics.today(call.scope, "creators")
    return periods.choose(call.query.period, call.query.frm, call.query.to, today)


ENDPOINTS: list[Endpoint] = [
    page("/creators", leaderboard, READ, "Creators", ListQuery),
    page(_POSTING, posting_times, READ, "When posts go out", PostingQuery),
]
