"""The line of a creator, video or campaign: what the analytics endpoint says, asked of the same engine.

Which metrics there are, and what may stand beside a line, is said by the catalogue and by the contract;
what a page's address asks becomes a ``SeriesQuestion``, its answer a ``ReportTable``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from headwater.catalogue.creators import LEVELS, POSTS, SERIES
from headwater.catalogue.series import EntityKind, Growth, Level, Mode, SeriesMetric, modes
from headwater.console.ads.calls import ApiCall
from headwater.console.ads.periods import Chosen
from headwater.control.annotations.views import AnnotationView
from headwater.control.creators.roster import Roster
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.rounding import rounded_number
from headwater.query.series.question import Grid, SeriesQuestion, Span
from headwater.query.series.retention import oldest_allowed
from headwater.query.series.run import SeriesAnswer
from headwater.query.series.shape import Series
from headwater.reports import Column, ReportTable
from headwater.reports.table import Event, Row
from headwater.tools.metric_question import Granularity
from headwater.tools.metric_table import PLACES, starting_big

Beside = Literal["", "before", "videos"]
MOST_OTHERS: Final = 9
_OTHER: Final = "Other"
_OF: Final = "."
"""Between a growth rate and what it is of."""


class Asked(msgspec.Struct, frozen=True):
    """What a page's address says of its line; ``others`` are ids of more of the same kind."""

    kind: EntityKind
    metric: str
    mode: Mode | Literal[""]
    grain: Granularity
    beside: Beside
    others: tuple[str, ...]


def choices(kind: EntityKind) -> list[tuple[str, str]]:
    """The metrics that a line can show, as values and labels; growth once for each thing that can grow."""
    return list(_choices(kind))


def _choices(kind: EntityKind) -> Iterator[tuple[str, str]]:
    for metric in SERIES.values():
        if kind not in metric.entities:
            continue
        if not isinstance(metric, Growth):
            yield metric.name, metric.label
            continue
        for level in LEVELS.values():
            if kind in level.entities:
                yield f"{metric.name}{_OF}{level.name}", f"{metric.label} of {level.label.lower()}"


def besides(kind: EntityKind, name: str, others: Sequence[str]) -> list[tuple[Beside, str]]:
    """What may stand beside the line."""
    found: list[tuple[Beside, str]] = [("", "Nothing"), ("before", "The period before")]
    metric = SERIES.get(name)
    if kind != "video" and not others and isinstance(metric, Level) and kind in metric.entities:
        found += [("videos", "Its videos")] if metric.name not in ("followers", POSTS) else []
    return found


def question(asked: Asked, public_id: str, chosen: Chosen, roster: Roster, retention: int | None) -> SeriesQuestion:
    """What is asked of the engine; ``InvalidRequest`` or ``NotFound`` name what is wrong with the address."""
    name, _, base = asked.metric.partition(_OF)
    if asked.metric not in dict(choices(asked.kind)):
        allowed = [value for value, _ in choices(asked.kind)]
        raise InvalidRequest("There is no such metric here.", field="metric", allowed=allowed)
    if asked.beside not in dict(besides(asked.kind, name, asked.others)):
        raise InvalidRequest(
            "Videos stand beside one creator's or campaign's counts only.", field="beside", allowed="nothing, or before"
        )
    if len(asked.others) > MOST_OTHERS:
        raise InvalidRequest(f"At most {MOST_OTHERS} others fit beside a line.", field="with")
    span = Span(chosen.period.first, chosen.period.last)
    return SeriesQuestion(
        metric=name,
        mode=_mode(SERIES[name], asked.mode),
        entity=asked.kind,
        ids=_numbers(asked.kind, (public_id, *asked.others), roster),
        span=span,
        grid=Grid(asked.grain),
        zone=roster.zone,
        today=chosen.today,
        base=base or None,
        compared=asked.beside == "before",
        by_video=asked.beside == "videos",
        oldest=oldest_allowed(span, chosen.today, retention),
    )


def _numbers(kind: EntityKind, public_ids: Sequence[str], roster: Roster) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for public_id in public_ids:
        number = roster.find(kind, public_id)
        if number is None:
            raise NotFound(f"There is no such {kind} to compare with.", field="with")
        found[number] = None
    return tuple(found)


def _mode(metric: SeriesMetric, wanted: Mode | Literal[""]) -> Mode:
    """A rate has but one; the address may still say how the count before it was counted."""
    allowed = modes(metric)
    return wanted if wanted in allowed and wanted else allowed[0]


def call(asked: SeriesQuestion, roster: Roster) -> ApiCall:
    """The request of the contract that gives the same."""
    parameters = {
        "entity": asked.entity,
        "entity_id": ",".join(roster.public_id(asked.entity, number) for number in asked.ids),
        "metric": asked.metric,
        **({"base_metric": asked.base} if asked.base else {"mode": asked.mode}),
        "granularity": asked.grid.granularity,
        "from": asked.span.first,
        "to": asked.span.last,
        **({"compare": "prior_period"} if asked.compared else {}),
        **({"breakdown": "video"} if asked.by_video else {}),
    }
    return ApiCall("GET", f"/api/v1/analytics?{urlencode(parameters, safe=',')}")


def table(
    asked: SeriesQuestion, answer: SeriesAnswer, marks: Sequence[AnnotationView], roster: Roster, chosen: Chosen
) -> ReportTable:
    """The lines under each other; what is compared stands under the days that it is compared with."""
    metric = SERIES[asked.metric]
    heading = metric.label if asked.base is None else f"{metric.label} of {LEVELS[asked.base].label.lower()}"
    counted = ", running total" if asked.mode == "cumulative" else ""
    lines = [*_lines(answer, roster)]
    several = len(lines) > 1
    whole = isinstance(metric, Level)
    return ReportTable(
        title=f"{heading}{counted}",
        subtitle=_subtitle(asked, chosen),
        columns=(
            Column("time", asked.grid.granularity.capitalize(), "time", asked.zone),
            *((Column("name", asked.entity.capitalize() if not asked.by_video else "Video", "text"),) * several),
            Column(metric.name, heading, "integer" if whole else "number", metric.unit.label, asked.mode == "new"),
        ),
        rows=[row for name, axis, line in lines for row in _rows(name if several else None, axis, line)],
        chart="area" if asked.by_video and asked.mode == "new" else "line",
        events=tuple(Event(_hands(mark.at, asked.zone), mark.title) for mark in marks),
        unfinished=None if answer.partial is None else _midnight(answer.partial.start),
    )


def _lines(answer: SeriesAnswer, roster: Roster) -> Iterator[tuple[str, list[date], Series]]:
    """Each with its name and the days that it stands under."""
    for line in answer.parts or answer.main:
        yield _name(line, roster), line.axis.starts, line
    for line, main in zip(answer.compared, answer.main, strict=False):
        yield f"{_name(line, roster)}, before", main.axis.starts, line


def _name(line: Series, roster: Roster) -> str:
    return _OTHER if line.number is None else roster.label(line.kind, line.number)


def _rows(name: str | None, days: list[date], line: Series) -> Iterator[Row]:
    for day, value in zip(days, line.values, strict=False):
        shown = rounded_number(value, PLACES) if isinstance(value, float) else value
        yield (_midnight(day), shown) if name is None else (_midnight(day), name, shown)


def _subtitle(asked: SeriesQuestion, chosen: Chosen) -> str:
    before = f", compared with {chosen.before_words}" if asked.compared else ""
    growing = ", the shaded bucket is not over" if asked.span.first <= asked.today <= asked.span.last else ""
    return f"{starting_big(chosen.words)}{before} ({asked.zone}){growing}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hands(at: datetime, zone: str) -> datetime:
    """How a clock in ``zone`` stands at a time in UTC."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
