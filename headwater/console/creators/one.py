"""The page of a creator, a video or a campaign, where lines are compared and annotations are made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, field

from headwater.catalogue.series import EntityKind, Mode
from headwater.console import charts
from headwater.console.ads import calls
from headwater.console.ads.periods import Chosen, Preset
from headwater.console.charts import Downloads
from headwater.console.creators import figures, series
from headwater.console.creators.figures import Kind
from headwater.console.creators.pages import PATHS, WORDS, chosen_of
from headwater.console.creators.series import Beside
from headwater.console.pages import form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render, see_other
from headwater.control.annotations.service import Annotations
from headwater.control.annotations.views import AnnotationView
from headwater.control.creators.roster import Roster
from headwater.errors import HeadwaterError, InvalidRequest, NotFound
from headwater.kit.zones import DAY, midnight
from headwater.query.series.run import SeriesAnswer
from headwater.reports import ReportTable
from headwater.surfaces._http.endpoint import READ, WRITE, Call, Endpoint, Reply, Typed
from headwater.tools.metric_question import Granularity

_ROSTER: Final[Mapping[Kind, EntityKind]] = {"creator": "creator", "video": "video", "creator_campaign": "campaign"}
_MOST_MARKS: Final = 50
_NEAR: Final = 85
"""From this score on a name is taken for the one that was meant."""


class OneQuery(Downloads, frozen=True, kw_only=True):
    """Filters of the page; ``with`` are ids of others, ``add`` is the name of one more."""

    period: Preset = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""
    metric: str = "views"
    mode: Mode | Literal[""] = ""
    granularity: Literal["", "day", "week", "month"] = ""
    beside: Beside = ""
    others: str = field(name="with", default="")
    add: Annotated[str, Meta(max_length=200)] = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Those of others."""
        return tuple(one for one in self.others.split(",") if one)

    @property
    def kept(self) -> dict[str, str]:
        """What stays in the address beside the period."""
        filters = {
            "metric": self.metric,
            "mode": self.mode,
            "granularity": self.granularity,
            "beside": self.beside,
            "with": self.others,
        }
        return {key: value for key, value in filters.items() if value and (key, value) != ("metric", "views")}


class MarkForm(msgspec.Struct, frozen=True):
    """An annotation: on which day what happened."""

    on: date
    title: Annotated[str, Meta(min_length=1, max_length=200)]


class _Line(msgspec.Struct, frozen=True):
    """A line and what is said beside it; ``others`` are compared ones by id."""

    table: ReportTable
    command: calls.ApiCall
    first_data: date | None
    marks: Sequence[AnnotationView]
    others: Sequence[tuple[str, str]]


async def one(call: Call[OneQuery, Any], kind: Kind, problems: Shown | None = None) -> Reply:
    """The page, with a form that was refused."""
    problems = problems or Shown()
    query, chosen, public_id = call.query, await chosen_of(call), call.path[f"{kind}_id"]
    # First: a roster that changes while it is read must not be taken for the new one.
    generation = call.services.series.roster_generation(call.scope)
    roster, number = await _found(call, kind)
    here = f"{PATHS[kind]}/{public_id}"
    near: list[tuple[str, str]] = []
    if query.add.strip():
        near = await _near(call, kind, public_id)
        if len(near) == 1:
            return see_other(_with(here, chosen, query, (*query.ids, near[0][0])))
    asked = _asked(query, kind, chosen)
    if query.download:
        line = await _line(call, asked, public_id, chosen, roster, generation)
        return await charts.download(call, line.table if query.chart == "trend" else None, query.download)
    line, found = await asyncio.gather(
        _line(call, asked, public_id, chosen, roster, generation),
        figures.shown(call.services, call.scope, kind, public_id, chosen),
    )
    return await render(
        call,
        "creators/one.html",
        title=roster.label(_ROSTER[kind], number),
        crumbs=[("Creators", "/creators")],
        status=problems.status,
        problems=problems,
        here=here,
        kind_words=WORDS[kind],
        shown=found,
        line=line,
        trend=calls.with_curl(call, charts.chart(replace(call, at=here), line.table, "trend"), line.command),
        asked=asked,
        metrics=series.choices(asked.kind),
        besides=series.besides(asked.kind, query.metric, query.ids),
        without=[(label, _with(here, chosen, query, [o for o in query.ids if o != one])) for one, label in line.others],
        near=[(label, _with(here, chosen, query, (*query.ids, one))) for one, label in near],
        columns=figures.columns(),
        parts=WORDS,
        paths=PATHS,
        chosen=chosen,
        query=query,
        marks=line.marks[:_MOST_MARKS],
        curl=calls.curl(call, found.headline_call),
        curls=[calls.curl(call, part.call) for part in found.parts],
        write=WRITE,
    )


def _asked(query: OneQuery, kind: Kind, chosen: Chosen) -> series.Asked:
    grain: Granularity = next((one for one in chosen.granularities if one == query.granularity), chosen.granularity)
    return series.Asked(_ROSTER[kind], query.metric, query.mode, grain, query.beside, query.ids)


async def _line(
    call: Call[OneQuery, Any], asked: series.Asked, public_id: str, chosen: Chosen, roster: Roster, generation: int
) -> _Line:
    question = series.question(asked, public_id, chosen, roster, call.scope.retention_days)
    answer: SeriesAnswer
    answer, marks = await asyncio.gather(
        call.services.series.ask(question, roster, call.scope, generation),
        call.services.control.annotations.between(
            call.scope.organisation_id,
            roster,
            [(question.entity, number) for number in question.ids],
            midnight(question.span.first, question.zone),
            midnight(question.span.last + DAY, question.zone),
        ),
    )
    others = [(roster.public_id(asked.kind, one), roster.label(asked.kind, one)) for one in question.ids[1:]]
    made = series.table(question, answer, marks, roster, chosen)
    return _Line(made, series.call(question, roster), answer.first_data, marks, others)


async def _near(call: Call[OneQuery, Any], kind: Kind, public_id: str) -> list[tuple[str, str]]:
    """Of the name to be added: the one that is meant, or those that may be."""
    words = call.query.add.strip()
    found = await call.services.tools.metrics.find_entities(words, call.scope, kind)
    others = [one for one in found if one.entity.id not in (public_id, *call.query.ids)]
    if others and others[0].score >= _NEAR and (len(others) == 1 or not others[0].ambiguous):
        others = others[:1]
    elif len(others) == 1:
        others = []
    return [(one.entity.id, one.entity.name) for one in others]


def _with(here: str, chosen: Chosen, query: OneQuery, ids: Sequence[str]) -> str:
    """The page's address with these others."""
    filters = {**chosen.parameters, **query.kept, "with": ",".join(ids)}
    # Parts are of one line, so another takes their place.
    if ids and filters.get("beside") == "videos":
        del filters["beside"]
    return f"{here}?{urlencode({key: value for key, value in filters.items() if value}, safe=',')}"


async def mark(call: Call[Any, MarkForm], kind: Kind) -> Reply:
    """Annotate it."""
    roster, number = await _found(call, kind)
    if not 2000 <= call.body.on.year < 2100:
        raise InvalidRequest("The day lies outside of the years 2000 to 2099.", field="on")
    at = midnight(call.body.on, roster.zone).replace(tzinfo=UTC)
    annotations = Annotations((await call.writing()).session, call.scope, roster)
    await annotations.create((_ROSTER[kind], number), at, call.body.title, None)
    return done(call, f"{PATHS[kind]}/{call.path[kind + '_id']}", "The annotation stands on the chart.")


async def again(call: Call[Any, Typed], error: HeadwaterError, kind: Kind) -> Reply:
    """The page with an annotation that was refused."""
    return await one(replace(call, query=OneQuery()), kind, Shown(call.body, error))


async def _found(call: Call[Any, Any], kind: Kind) -> tuple[Roster, int]:
    roster = await call.services.control.rosters.get(call.scope.organisation_id)
    number = roster.find(_ROSTER[kind], call.path[f"{kind}_id"])
    if number is None:
        raise NotFound(f"There is no such {WORDS[kind].lower()}.", field=f"{kind}_id")
    return roster, number


def _endpoints(kind: Kind) -> tuple[Endpoint, Endpoint]:
    at, a = f"{PATHS[kind]}/{{{kind}_id}}", f"a {WORDS[kind].lower()}"
    return (
        page(at, partial(one, kind=kind), READ, a.capitalize(), OneQuery),
        form(
            f"{at}/annotations",
            partial(mark, kind=kind),
            WRITE,
            f"Annotate {a}",
            MarkForm,
            partial(again, kind=kind),
        ),
    )


ENDPOINTS: list[Endpoint] = [endpoint for kind in _ROSTER for endpoint in _endpoints(kind)]
