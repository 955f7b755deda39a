"""Questions, resolved and planned, that the stages' tests share."""

from __future__ import annotations

from collections.abc import Callable

from headwater.catalogue.registry import EVENTS
from headwater.query.plan import Plan, plan
from headwater.query.question import Question
from headwater.query.resolve import Resolved, resolve
from headwater.query.window import Window
from tests.conformance.facts import Tree, at

TREE = Tree(
    [11, 12, 13],
    {("creative_group", 101): (11, 12), ("creative_group", 102): (), ("campaign", 201): (11, 12, 13)},
)
WEEK = Window(at("2024-02-26"), at("2024-03-04"))
RAGGED = Window(at("2024-02-26T13:30"), at("2024-03-04T02:00:00.000001"))
MORNING = Window(at("2024-02-26"), at("2024-02-26T13:30"))

SHAPES: dict[str, Question] = {
    "lifetime_counts": Question("ad-events", ("impressions", "seconds_in_view"), "creative_group", (101,)),
    "daily_buckets": Question("ad-events", ("impressions",), "campaign", (201,), WEEK, "day"),
    "raw_edge": Question("ad-events", ("impressions", "seconds_in_view"), "creative", (11, 12), MORNING, "week"),
    "domains": Question("ad-events", ("impressions",), "creative", (11,), WEEK, breakdown=("domain", "dsp")),
    "flow_since": Question(
        "ad-events", ("component_drops",), "creative", (11,), Window(WEEK.start, None), breakdown=("component",)
    ),
}


def question(**fields: object) -> Question:
    """Impressions of creative 11 unless ``fields`` say otherwise."""
    given = {"dataset": "ad-events", "metrics": ("impressions",), "entity": "creative", "ids": (11,), **fields}
    make: Callable[..., Question] = Question
    return make(**given)


def resolved(asked: Question) -> Resolved:
    return resolve(asked, EVENTS, TREE, max_rows=10**9)


def planned(asked: Question) -> Plan:
    return plan(resolved(asked))
