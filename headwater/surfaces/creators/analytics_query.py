"""The question that the analytics endpoint's parameters ask, or everything that is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from headwater.catalogue.creators import LEVELS, SERIES, VIDEO_SNAPSHOTS
from headwater.catalogue.series import EntityKind, Growth, Level, Mode, SeriesMetric, modes
from headwater.control.creators.roster import Roster
from headwater.errors import NotFound
from headwater.kit.ids import read_uuid
from headwater.kit.suggest import did_you_mean
from headwater.kit.zones import known_zone, zone_names
from headwater.query.series.question import Grid, SeriesQuestion, Span
from headwater.query.series.retention import oldest_allowed
from headwater.surfaces._http.problems import Problems
from headwater.surfaces.creators.analytics_contract import (
    BREAKDOWNS,
    COMPARISONS,
    ENTITIES,
    FORMATS,
    GRANULARITIES,
    MODES,
    MOST_IDS,
    AnalyticsQuery,
)

_DEFAULT_DAYS: Final = 30
_BUCKET_DAYS: Final = range(2, 91)

TodayIn = Callable[[str], date]
"""The present day in a zone."""


def read_question(
    query: AnalyticsQuery, roster: Roster, retention_days: int | None, today_in: TodayIn
) -> SeriesQuestion:
    """The question.

    Raises ``InvalidRequest`` with every problem, then ``NotFound`` for an id that the
    organisation does not have, then ``RetentionExceeded``.
    """
    problems = Problems()
    entity = problems.choice("entity", query.entity, ENTITIES)
    _check_ids(query, problems)
    metric = _metric(query, entity, problems)
    mode = _mode(query, metric, problems)
    grid = _grid(query, problems)
    zone = _zone(query, roster, problems)
    today = today_in(zone)
    span = read_span(query.start, query.end, today, problems)
    compare = problems.choice("compare", query.compare, COMPARISONS)
    breakdown = _breakdown(query, entity, metric, problems)
    base = _base(query, entity, metric, problems)
    problems.choice("format", query.format, FORMATS)
    problems.choice("hide_auto", query.hide_auto, ("0", "1"))
    problems.refuse()
    if entity is None or metric is None or mode is None:
        raise ValueError("What is missing was not told of.")
    ids = _numbers(query, roster, entity)
    return SeriesQuestion(
        metric=metric.name,
        mode=mode,
        entity=entity,
        ids=ids,
        span=span,
        grid=grid,
        zone=zone,
        today=today,
        base=base,
        compared=compare == "prior_period",
        by_video=breakdown == "video",
        oldest=oldest_allowed(span, today, retention_days),
    )


def _check_ids(query: AnalyticsQuery, problems: Problems) -> None:
    path = "entity_id"
    if not query.entity_id:
        problems.add(path, f"'{path}' is required: one UUID, or up to {MOST_IDS}.")
    if len(set(query.entity_id)) > MOST_IDS:
        problems.add(path, f"'{path}' has more than {MOST_IDS} ids.")
    for text in query.entity_id[:MOST_IDS]:
        if read_uuid(text) is None:
            problems.add(path, f"'{text[:64]}' is not a UUID.")


def _numbers(query: AnalyticsQuery, roster: Roster, entity: EntityKind) -> tuple[int, ...]:
    numbers: dict[int, None] = {}
    for text in query.entity_id:
        number = roster.find(entity, text)
        if number is None:
            raise NotFound(f"There is no {entity} {text[:64]}.", field="entity_id")
        numbers[number] = None
    return tuple(numbers)


def _metric(query: AnalyticsQuery, entity: EntityKind | None, problems: Problems) -> SeriesMetric | None:
    name = problems.choice("metric", query.metric, SERIES)
    if name is None:
        return None
    metric = SERIES[name]
    if entity is not None and entity not in metric.entities:
        problems.add("metric", f"'{name}' is measured of a {' or '.join(metric.entities)}, not of a {entity}.")
    return metric


def _mode(query: AnalyticsQuery, metric: SeriesMetric | None, problems: Problems) -> Mode | None:
    if metric is None:
        if query.mode:
            problems.choice("mode", query.mode, MODES)
        return None
    allowed = modes(metric)
    return problems.choice("mode", query.mode or allowed[0], allowed)


def _grid(query: AnalyticsQuery, problems: Problems) -> Grid:
    granularity = problems.choice("granularity", query.granularity, GRANULARITIES)
    if granularity == "custom":
        return Grid("custom", problems.number("bucket_days", query.bucket_days, _BUCKET_DAYS) or 1)
    if query.bucket_days and granularity is not None:
        problems.add("bucket_days", "'bucket_days' goes with granularity=custom only.")
    return Grid(granularity or "day")


def _zone(query: AnalyticsQuery, roster: Roster, problems: Problems) -> str:
    if not query.tz:
        return roster.zone
    if known_zone(query.tz):
        return query.tz
    hint = did_you_mean(query.tz[:64], sorted(zone_names()))
    problems.add("tz", f"'tz' is not an IANA time zone: '{query.tz[:64]}'.{hint}")
    return roster.zone


def read_span(from_day: str, to_day: str, today: date, problems: Problems) -> Span:
    """The days from ``from`` to ``to``; the last thirty up to ``to`` or today where they are left out."""
    found = len(problems.found)
    start, end = problems.day("from", from_day), problems.day("to", to_day)
    last = end or today
    first = start or last - timedelta(days=_DEFAULT_DAYS - 1)
    if first > last and len(problems.found) == found:
        problems.add("to", f"The range ends before it begins: 'from' is {first}, 'to' is {last}.")
    return Span(first, last)


def _breakdown(
    query: AnalyticsQuery, entity: EntityKind | None, metric: SeriesMetric | None, problems: Problems
) -> str | None:
    breakdown = problems.choice("breakdown", query.breakdown, BREAKDOWNS)
    if breakdown != "video":
        return breakdown
    if metric is not None and not (isinstance(metric, Level) and metric.dataset == VIDEO_SNAPSHOTS.name):
        problems.add(
            "breakdown",
            f"Breakdown is not supported for '{metric.name}'. Use a count-based metric (views, likes, etc.)",
        )
    if entity == "video":
        problems.add("breakdown", "Breakdown is not supported for a video. Ask for a campaign or a creator.")
    if len(set(query.entity_id)) > 1:
        problems.add("breakdown", "Breakdown is of one entity. Ask for one 'entity_id'.")
    return breakdown


def _base(
    query: AnalyticsQuery, entity: EntityKind | None, metric: SeriesMetric | None, problems: Problems
) -> str | None:
    if not isinstance(metric, Growth) and not query.base_metric:
        return None
    base = problems.choice("base_metric", query.base_metric, LEVELS)
    if base is not None and entity is not None and entity not in LEVELS[base].entities:
        problems.add(
            "base_metric", f"'{base}' is measured of a {' or '.join(LEVELS[base].entities)}, not of a {entity}."
        )
    return base if isinstance(metric, Growth) else None
