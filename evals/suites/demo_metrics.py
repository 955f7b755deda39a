"""Questions about the demo's metrics: each must be understood as the question that was written down for it.

A right answer cites exactly that question, with names where a citation has ids. That the tools give the
right figures for a question is tested against figures that are made another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from evals.demo import demo
from evals.suite import Case, Suite
from headwater.analyst.metric_analyst import MetricAnalyst
from headwater.analyst.reply import Reply
from headwater.catalogue.asked import ASKED, Family, Kind
from headwater.reports import Column, ReportTable
from headwater.tools.metric_entities import Index
from headwater.tools.metric_question import Entities, MetricQuestion, canonical, read

_WHOLE: Mapping[Family, Kind] = {"ads": "creative", "decisions": "offer"}
_FILE = Path(__file__).with_suffix(".yaml")


@cache
def written() -> dict[str, Any]:
    """The file."""
    content: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return content


def cases() -> list[Case]:
    """Every question with what it means; hostile ones want what they must not have."""
    periods = written()["periods"]
    asked = [
        Case(f"demo-{number}", "demo", question, None if meant == "ask" else ((_canonical(meant, periods),),))
        for number, (question, meant) in enumerate(written()["cases"], 1)
    ]
    hostile = [
        Case(f"hostile-{number}", "demo", question, None) for number, question in enumerate(written()["hostile"], 1)
    ]
    return [*asked, *hostile]


def understood(reply: Reply, index: Index) -> str | None:
    """What a reply's first citation asks, with names for ids and without the parts that are shown beside rates."""
    return _plain(read(reply.citations[0].query), index) if reply.citations else None


_replies: dict[str, Reply] = {}


async def ask(case: Case) -> Reply:
    """The reply, its table replaced by what was understood; all are asked at once, of one demo."""
    if not _replies:
        async with demo() as filled:
            analyst, index = MetricAnalyst(filled.tools, filled.clock), await filled.tools.index(filled.scope)
            for one in cases():
                reply = await analyst.answer(one.question, filled.scope)
                _replies[one.id] = _judged(reply, index)
    return _replies[case.id]


def _judged(reply: Reply, index: Index) -> Reply:
    if reply.outcome != "answered":
        return reply
    column = Column("query", "Query", "text")
    table = ReportTable("What was understood", "", (column,), [(understood(reply, index),)], "table")
    return msgspec.structs.replace(reply, table=table)


def _plain(question: MetricQuestion, index: Index) -> str:
    rates = [rate for one in question.metrics if (rate := ASKED[question.family, one].rate)]
    parts = {part for rate in rates for part in (rate.numerator, rate.denominator)}
    entity = question.entity
    if entity.ids == "all" and question.family in _WHOLE:
        # All campaigns have the events of all creatives.
        entity = Entities(_WHOLE[question.family])
    elif entity.ids != "all":
        names = {(one.kind, one.id): one.name for one in reversed(index.entities)}
        entity = Entities(entity.kind, tuple(sorted(names[entity.kind, str(one)] for one in entity.ids)))
    only = tuple(
        msgspec.structs.replace(one, values=tuple(_name(one.dimension, value, index) for value in one.values))
        for one in question.only
    )
    ordered = {question.order.by} if question.order else set()
    kept = tuple(one for one in question.metrics if one not in parts - ordered)
    return canonical(msgspec.structs.replace(question, metrics=kept, entity=entity, only=only))


def _name(kind: str, public_id: str, index: Index) -> str:
    found = (one.name for one in index.entities if (one.kind, one.id) == (kind, public_id))
    return next(found, public_id)


def _canonical(meant: dict[str, Any], periods: dict[str, list[date]]) -> str:
    kind, *names = meant["of"] if isinstance(meant.get("of"), list) else [meant.get("of", "creative")]
    family_kind = kind
    if not names and kind in ("offer", "channel", "category"):
        family_kind = "offer"
    metrics = [meant["m"]] if isinstance(meant.get("m"), str) else meant.get("m", [])
    fields: dict[str, Any] = {"entity": {"kind": family_kind, "ids": sorted(names) or "all"}, "metrics": metrics}
    for name, key in (("period", "p"), ("compare", "vs")):
        if key in meant:
            first, last = periods[meant[key]] if isinstance(meant[key], str) else meant[key]
            fields[name] = {"from": first, "to": last}
    fields |= {name: meant[key] for name, key in (("breakdown", "by"), ("granularity", "grain")) if key in meant}
    fields |= {name: meant[key] for name, key in (("limit", "n"), ("report", "report")) if key in meant}
    if "only" in meant:
        dimension, *values = meant["only"]
        fields["only"] = [{"dimension": dimension, "values": values}]
    if "having" in meant:
        metric, op, value = meant["having"]
        fields["having"] = [{"metric": metric, "op": op, "value": value}]
    if "dir" in meant or ("by" in meant and "grain" not in meant):
        fields["order"] = {"by": metrics[0], "direction": meant.get("dir", "desc")}
    return canonical(msgspec.convert(fields, MetricQuestion))


SUITE = Suite("demo metrics", "ad events, creators and offers of the demo; fifty questions are hostile", cases, ask)
