"""Leaderboards of creators, videos and campaigns, and the page of each, where annotations are made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, field

from headwater.console import charts
from headwater.console.ads import calls, periods
from headwater.console.ads.periods import Chosen, Preset
from headwater.console.charts import Downloads
from headwater.console.creators import figures
from headwater.console.creators.figures import Kind
from headwater.console.pages import form, page
from headwater.console.rendering import done, render
from headwater.control.annotations.service import Annotations, Span
from headwater.control.annotations.views import AnnotationView
from headwater.control.creators.roster import Roster
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.zones import midnight
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Endpoint, Reply
from headwater.tools.metric_question import Breakdown, Entities, Granularity

PATHS: Final[Mapping[str, str]] = {
    "creator": "/creators/people",
    "video": "/creators/videos",
    "creator_campaign": "/creators/campaigns",
}
_WORDS: Final[Mapping[str, str]] = {"creator": "Creator", "video": "Video", "creator_campaign": "Campaign"}
_ROSTER: Final[Mapping[Kind, str]] = {"creator": "creator", "video": "video", "creator_campaign": "campaign"}
_MOST_MARKS: Final = 50
_DAY: Final = timedelta(days=1)


class ListQuery(msgspec.Struct, frozen=True):
    """Whose leaderboard, of which days."""

    by: Literal["creator", "video", "creator_campaign"] = "creator"
    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""


class OneQuery(Downloads, frozen=True, kw_only=True):
    """Filters of the page of one thing."""

    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""
    metric: str = "views"
    granularity: Literal["", "day", "week", "month"] = ""


class MarkForm(msgspec.Struct, frozen=True):
    """An annotation: on which day what happened."""

    on: date
    title: Annotated[str, Meta(min_length=1, max_length=255)]


async def leaderboard(call: Call[ListQuery, bytes]) -> Reply:
    """Who gained most."""
    query, chosen = call.query, await _chosen(call)
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
        kinds=_WORDS,
        paths=PATHS,
        kept={"by": by} if by != "creator" else {},
        curl=calls.curl(call, listed.call),
    )


async def creator(call: Call[OneQuery, bytes]) -> Reply:
    """A creator."""
    return await _one(call, "creator")


async def video(call: Call[OneQuery, bytes]) -> Reply:
    """A video."""
    return await _one(call, "video")


async def campaign(call: Call[OneQuery, bytes]) -> Reply:
    """A campaign of creators."""
    return await _one(call, "creator_campaign")


async def _one(call: Call[OneQuery, bytes], kind: Kind) -> Reply:
    query, chosen, public_id = call.query, await _chosen(call), call.path[f"{kind}_id"]
    roster, number = await _found(call, kind)
    grain: Granularity = next((one for one in chosen.granularities if one == query.granularity), chosen.granularity)
    found = await figures.shown(call.services, call.scope, kind, public_id, chosen, query.metric, grain)
    if query.download:
        return await charts.download(call, found.trend if query.chart == "trend" else None, query.download)
    trend = msgspec.structs.replace(charts.chart(call, found.trend, "trend"), curl=calls.curl(call, found.trend_call))
    return await render(
        call,
        "creators/one.html",
        title=roster.label(_ROSTER[kind], number),
        crumbs=[("Creators", "/creators")],
        kind_words=_WORDS[kind],
        shown=found,
        trend=trend,
        metrics=figures.choices(kind),
        columns=figures.columns(),
        parts=_WORDS,
        paths=PATHS,
        chosen=chosen,
        metric=query.metric,
        grain=grain,
        kept={key: value for key, value in (("metric", query.metric), ("granularity", query.granularity)) if value},
        marks=await _marks(call, kind, number, roster, chosen),
        curl=calls.curl(call, found.headline_call),
        curls=[calls.curl(call, part.call) for part in found.parts],
        write=WRITE,
    )


async def mark_creator(call: Call[Any, MarkForm]) -> Reply:
    """Annotate a creator."""
    return await _mark(call, "creator")


async def mark_video(call: Call[Any, MarkForm]) -> Reply:
    """Annotate a video."""
    return await _mark(call, "video")


async def mark_campaign(call: Call[Any, MarkForm]) -> Reply:
    """Annotate a campaign."""
    return await _mark(call, "creator_campaign")


async def _mark(call: Call[Any, MarkForm], kind: Kind) -> Reply:
    roster, number = await _found(call, kind)
    if not 2000 <= call.body.on.year < 2100:
        raise InvalidRequest("The day lies outside of the years 2000 to 2099.", field="on")
    at = midnight(call.body.on, roster.zone).replace(tzinfo=UTC)
    annotations = Annotations((await call.writing()).session, call.scope, roster)
    await annotations.create((_ROSTER[kind], number), at, call.body.title, None)
    return done(call, f"{PATHS[kind]}/{call.path[kind + '_id']}", "The annotation stands on the chart's page.")


async def _marks(call: Call[Any, Any], kind: Kind, number: int, roster: Roster, chosen: Chosen) -> list[AnnotationView]:
    span = Span(midnight(chosen.period.first, roster.zone), midnight(chosen.period.last + _DAY, roster.zone))
    async with call.services.control.reading() as session:
        annotations = Annotations(session, call.scope, roster)
        views, _ = await annotations.page((_ROSTER[kind], number), span, None, _MOST_MARKS, None)
    return views


async def _found(call: Call[Any, Any], kind: Kind) -> tuple[Roster, int]:
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    number = roster.find(_ROSTER[kind], call.path[f"{kind}_id"])
    if number is None:
        raise NotFound(f"There is no such {_WORDS[kind].lower()}.", field=f"{kind}_id")
    return roster, number


async def _chosen(call: Call[Any, Any]) -> Chosen:
    today = await call.services.tools.metrics.today(call.scope, "creators")
    return periods.choose(call.query.period, call.query.frm, call.query.to, today)


ENDPOINTS: list[Endpoint] = [
    page("/creators", leaderboard, READ, "Creators", ListQuery),
    page("/creators/people/{creator_id}", creator, READ, "A creator", OneQuery),
    page("/creators/videos/{video_id}", video, READ, "A video", OneQuery),
    page("/creators/campaigns/{creator_campaign_id}", campaign, READ, "A campaign of creators", OneQuery),
    form("/creators/people/{creator_id}/annotations", mark_creator, WRITE, "Annotate a creator", MarkForm),
    form("/creators/videos/{video_id}/annotations", mark_video, WRITE, "Annotate a video", MarkForm),
    form(
        "/creators/campaigns/{creator_campaign_id}/annotations", mark_campaign, WRITE, "Annotate a campaign", MarkForm
    ),
]
