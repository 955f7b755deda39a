"""What changed since yesterday and last week: which metrics of each surface, asked how. It compares whole days only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from headwater.catalogue.asked import Family, Kind
from headwater.console.ads.figures import Tile, number, records, tiles
from headwater.scope import Scope
from headwater.tools.metric_question import Entities, MetricQuestion, Period
from headwater.tools.metrics import MetricTools

_DAY: Final = timedelta(days=1)
WEEK: Final = 7
SHOWN: Final = 14
"""Days of a small chart."""


class Surface(msgspec.Struct, frozen=True):
    """A surface as the page shows it; figures are of all its entities of ``kind``."""

    family: Family
    title: str
    path: str
    kind: Kind
    metrics: tuple[str, ...]


SURFACES: Final = (
    Surface(
        "ads", "Ad creatives", "/ads", "campaign", ("impressions", "interaction_rate", "link_clicks", "click_rate")
    ),
    Surface("creators", "Creators", "/creators", "project", ("views", "engagement_rate", "followers_change", "posts")),
    Surface("decisions", "Decisions", "/decisions", "offer", ("impressions", "acceptance_rate", "positive", "revenue")),
)


class Line(msgspec.Struct, frozen=True):
    """A metric: yesterday against the day before, the last seven whole days against the seven before, and each day."""

    yesterday: Tile
    week: Tile
    days: tuple[float | None, ...]


class Section(msgspec.Struct, frozen=True):
    """A surface's lines; none where it has nothing to measure yet. ``questions`` give the same figures again."""

    surface: Surface
    lines: tuple[Line, ...]
    yesterday: date
    questions: tuple[tuple[str, MetricQuestion], ...] = ()


def questions(surface: Surface, today: date) -> Mapping[str, MetricQuestion]:
    """Yesterday, the week, and each day, all ending yesterday: today is not over and would look like a fall."""
    last = today - _DAY
    entities, metrics = Entities(surface.kind), surface.metrics
    week, before = last - (WEEK - 1) * _DAY, last - WEEK * _DAY
    return {
        "yesterday": MetricQuestion(entities, metrics, Period(last, last), compare=Period(last - _DAY, last - _DAY)),
        "week": MetricQuestion(
            entities, metrics, Period(week, last), compare=Period(before - (WEEK - 1) * _DAY, before)
        ),
        "days": MetricQuestion(entities, metrics, Period(last - (SHOWN - 1) * _DAY, last), "day"),
    }


async def section(surface: Surface, tools: MetricTools, scope: Scope, *, empty: bool) -> Section:
    """The surface's figures as of now; nothing is asked about one that is ``empty``."""
    today = await tools.today(scope, surface.family)
    if empty:
        return Section(surface, (), today - _DAY)
    asked = questions(surface, today)
    answers = await asyncio.gather(*(tools.ask_metrics(one, scope) for one in asked.values()))
    yesterday, week, days = (records(answer.table) for answer in answers)
    return Section(surface, _lines(surface, yesterday[0], week[0], days), today - _DAY, tuple(asked.items()))


def _lines(
    surface: Surface, yesterday: Mapping[str, object], week: Mapping[str, object], days: Sequence[Mapping[str, object]]
) -> tuple[Line, ...]:
    found = zip(
        tiles(yesterday, surface.metrics, surface.family), tiles(week, surface.metrics, surface.family), strict=True
    )
    return tuple(Line(day, of_week, tuple(number(record.get(day.metric)) for record in days)) for day, of_week in found)
