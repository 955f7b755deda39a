"""Questions from parameters and bodies from answers: pure, tested with structs alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headwater.catalogue.ads import AD_EVENTS
from headwater.control.entities.tree import Component
from headwater.query.question import Question
from headwater.query.result import Answer
from headwater.query.window import Window, parse_window
from headwater.reporting.fields import checked_metrics
from headwater.reports import Column
from headwater.reports.table import Cell
from headwater.surfaces.ad_creatives.contract import BucketsQuery, CountsQuery, DomainsQuery, FlowQuery

DOMAIN_METRICS = ("impressions", "interacted", "link_clicks")
FLOW_METRICS = ("component_impressions", "component_continues", "component_drops")

Rows = dict[int, list[dict[str, Cell]]]


def buckets_question(query: BucketsQuery) -> Question:
    """Metrics over time."""
    return Question(
        dataset=AD_EVENTS.name,
        metrics=checked_metrics(query.metrics, "metric"),
        entity=query.resource,
        ids=tuple(query.ids),
        window=parse_window(query.time_from, query.time_to),
        grain=query.time_frame,
        fill_zero=query.fill == "zero",
    )


def counts_question(query: CountsQuery) -> Question:
    """Lifetime totals, zeros included."""
    return Question(
        dataset=AD_EVENTS.name,
        metrics=checked_metrics(query.metrics, "metric"),
        entity=query.resource,
        ids=tuple(query.ids),
        fill_zero=True,
    )


def flow_question(query: FlowQuery) -> Question:
    """Flow components' events, over a window or all time."""
    window = parse_window(query.time_from, query.time_to)
    return Question(
        dataset=AD_EVENTS.name,
        metrics=FLOW_METRICS,
        entity="creative",
        ids=tuple(query.creative_ids),
        window=None if window == Window(None, None) else window,
        breakdown=("component",),
    )


def domains_question(query: DomainsQuery) -> Question:
    """Placement metrics by domain and DSP."""
    return Question(
        dataset=AD_EVENTS.name,
        metrics=DOMAIN_METRICS,
        entity=query.resource,
        ids=tuple(query.ids),
        window=parse_window(query.time_from, query.time_to),
        breakdown=("domain", "dsp"),
    )


def buckets_rows(answer: Answer) -> Rows:
    """Rows by id, each with its ``id`` and ``time`` (start of the bucket, UTC)."""
    found: Rows = {entity: [] for entity in answer.ids}
    keys = ("id", "time", *answer.metrics)
    texts = {time: time.isoformat(" ") for time in {row[1] for row in answer.rows}}
    for row in answer.rows:
        named: dict[str, Cell] = dict(zip(keys, row, strict=True))
        named["time"] = texts[row[1]]
        found[row[0]].append(named)
    return found


def counts_rows(answer: Answer) -> Rows:
    """One row by id."""
    return {entity: [dict(zip(answer.metrics, values, strict=True))] for entity, *values in answer.rows}


def domains_rows(answer: Answer) -> Rows:
    """Rows by id: most impressions first, then by domain and DSP."""
    found: Rows = {entity: [] for entity in answer.ids}
    for entity, *values in sorted(answer.rows, key=lambda row: (-row[3], row[1], row[2])):
        found[entity].append(dict(zip(answer.columns[1:], values, strict=True)))
    return found


def flow_rows(answer: Answer, components: dict[int, Sequence[Component]]) -> Rows:
    """Rows by creative, in the order of its components; an archived one shows while it has events."""
    events = {(entity, component): values for entity, component, *values in answer.rows}
    return {
        creative: [
            _flow_row(component, events.get((creative, component.id), (0, 0, 0)))
            for component in components[creative]
            if not component.archived or (creative, component.id) in events
        ]
        for creative in answer.ids
    }


def _flow_row(component: Component, values: Sequence[int]) -> dict[str, Cell]:
    impressions, continued, drop = values
    return {
        "component_type": component.component_type,
        "content": component.content,
        "impressions": impressions,
        "continue": continued,
        "drop": drop,
        "component_id": component.id,
    }


def flat(rows: Rows) -> Iterable[tuple[Cell, ...]]:
    """The rows as a table, the id first."""
    for entity, some in rows.items():
        for row in some:
            yield (entity, *(value for key, value in row.items() if key != "id"))


def columns(keys: Sequence[str]) -> list[Column]:
    """The table's columns, the id first; each of its kind."""
    units = {metric.name: metric.unit for metric in AD_EVENTS.metrics}
    texts = {"time", "domain", "dsp", "component_type", "content"}
    found = [Column("id", "Id", "integer")]
    for key in keys:
        if key in texts:
            found.append(Column(key, key, "text"))
        else:
            fraction = key in units and units[key].scale > 1
            found.append(Column(key, key, "number" if fraction else "integer"))
    return found
