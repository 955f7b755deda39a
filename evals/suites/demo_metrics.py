"""Questions about the demo's metrics: each must be understood as the question that was written down for it.

A right answer cites exactly that question. That the tools give the right figures for a question is tested
against the raw facts elsewhere.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from headwater.catalogue.asked import ASKED, Family, Kind
from headwater.tools.metric_entities import Index
from headwater.tools.metric_question import Entities, MetricQuestion, canonical, read

_WHOLE: dict[Family, Kind] = {"ads": "creative", "decisions": "offer"}
_FILE = Path(__file__).with_suffix(".yaml")


class Case(msgspec.Struct, frozen=True):
    """A question and the canonical one that it means; None where it must be asked back or declined."""

    question: str
    expected: str | None


def cases(index: Index) -> list[Case]:
    """Every question with what it means; ``index`` knows the ids of names."""
    content = yaml.safe_load(_FILE.read_text())
    return [
        Case(question, None if meant == "ask" else _canonical(meant, content["periods"], index))
        for question, meant in content["cases"]
    ]


def hostile() -> list[str]:
    """Questions that want what they must not have."""
    found: list[str] = yaml.safe_load(_FILE.read_text())["hostile"]
    return found


def named_only(query: str) -> str:
    """A citation's question without the parts that the analyst shows beside rates, to be compared."""
    question = read(query)
    rates = [rate for one in question.metrics if (rate := ASKED[question.family, one].rate)]
    parts = {part for rate in rates for part in (rate.numerator, rate.denominator)}
    kept = tuple(one for one in question.metrics if one not in parts)
    entity = question.entity
    if entity.ids == "all" and question.family in _WHOLE:
        # All campaigns have the events of all creatives.
        entity = Entities(_WHOLE[question.family])
    elif entity.ids != "all":
        entity = Entities(entity.kind, tuple(sorted(entity.ids, key=str)))
    return canonical(msgspec.structs.replace(question, metrics=kept, entity=entity))


def _canonical(meant: dict[str, Any], periods: dict[str, list[date]], index: Index) -> str:
    kind, *names = meant["of"] if isinstance(meant.get("of"), list) else [meant.get("of", "creative")]
    metrics = [meant["m"]] if isinstance(meant.get("m"), str) else meant.get("m", [])
    fields: dict[str, Any] = {"entity": {"kind": kind, "ids": _ids(kind, names, index)}, "metrics": metrics}
    for name, key in (("period", "p"), ("compare", "vs")):
        if key in meant:
            first, last = periods[meant[key]] if isinstance(meant[key], str) else meant[key]
            fields[name] = {"from": first, "to": last}
    fields |= {name: meant[key] for name, key in (("breakdown", "by"), ("granularity", "grain")) if key in meant}
    fields |= {name: meant[key] for name, key in (("limit", "n"), ("report", "report")) if key in meant}
    if "only" in meant:
        dimension, *values = meant["only"]
        ids = values if dimension in ("domain", "dsp") else _ids(dimension, values, index)
        fields["only"] = [{"dimension": dimension, "values": ids}]
    if "having" in meant:
        metric, op, value = meant["having"]
        fields["having"] = [{"metric": metric, "op": op, "value": value}]
    if "dir" in meant or ("by" in meant and "grain" not in meant):
        fields["order"] = {"by": metrics[0], "direction": meant.get("dir", "desc")}
    return named_only(canonical(msgspec.convert(fields, MetricQuestion)))


def _ids(kind: str, names: list[str], index: Index) -> Any:
    if not names:
        return "all"
    found = []
    for name in names:
        (one,) = {one.id for one in index.entities if (one.kind, one.name) == (kind, name)}
        found.append(int(one) if one.isdigit() else one)
    return found
