"""What the pages ask of ad events, and the answers as tiles and shares. It asks in one form only, by the tools.

>>> [(tile.label, tile.before) for tile in tiles({"impressions": 5, "impressions_before": 4})]
[('Impressions', 4)]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from headwater.catalogue.asked import LOWER_IS_BETTER, Asked, Family, Kind, of_family
from headwater.console.ads.periods import Chosen
from headwater.reports import ReportTable
from headwater.reports.table import Cell
from headwater.tools.metric_question import Breakdown, Entities, Granularity, MetricQuestion, Order, Period
from headwater.tools.metric_table import BEFORE

HEADLINES: Final = (
    "impressions",
    "viewability_rate",
    "interacted",
    "interaction_rate",
    "link_clicks",
    "click_rate",
    "time_in_view_per_impression",
    "end_rate",
)
_COUNTS: Final = (
    "started",
    "continued",
    "reached_end",
    "plays",
    "watched_25",
    "watched_50",
    "watched_75",
    "watched_100",
)
LISTED: Final = ("impressions", "interaction_rate", "link_clicks", "click_rate")
PLACES_SHOWN: Final = 12


class Tile(msgspec.Struct, frozen=True):
    """A figure and what it was before; ``good`` is the way that is welcome, up or down."""

    metric: str
    label: str
    value: int | float | None
    unit: str
    before: int | float | None
    good: str
    description: str = ""


def headline_question(kind: Kind, ids: tuple[int, ...], chosen: Chosen) -> MetricQuestion:
    """The tiles and every count that the funnel and the quartiles are made of, compared with the period before."""
    return MetricQuestion(Entities(kind, ids), (*HEADLINES, *_COUNTS), chosen.period, compare=chosen.before)


def trend_question(
    kind: Kind, ids: tuple[int, ...], metric: str, period: Period, granularity: Granularity
) -> MetricQuestion:
    """One metric over time."""
    return MetricQuestion(Entities(kind, ids), (metric,), period, granularity)


def listed_question(
    kind: Kind, ids: tuple[int, ...], by: Breakdown, period: Period, limit: int | None = None
) -> MetricQuestion:
    """The figures of each part, most impressions first."""
    return MetricQuestion(
        Entities(kind, ids), LISTED, period, breakdown=by, order=Order("impressions"), limit=limit or None
    )


def records(table: ReportTable) -> list[dict[str, Cell]]:
    """The rows by the keys of their columns."""
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


def tiles(record: Mapping[str, object], names: tuple[str, ...] = HEADLINES, family: Family = "ads") -> list[Tile]:
    """Those of the named metrics that the record has."""
    known = of_family(family)
    return [_tile(known[name], record) for name in names if name in record]


def count(record: Mapping[str, object], name: str) -> int:
    """A count of the record; 0 for one that is unknown."""
    value = number(record.get(name))
    return int(value or 0)


def number(cell: object) -> int | float | None:
    """A cell that is a number."""
    return cell if isinstance(cell, int | float) else None


def _tile(metric: Asked, record: Mapping[str, object]) -> Tile:
    return Tile(
        metric.name,
        metric.label,
        number(record.get(metric.name)),
        metric.unit.label,
        number(record.get(f"{metric.name}_{BEFORE}")),
        "down" if (metric.family, metric.name) in LOWER_IS_BETTER else "up",
        metric.description,
    )
