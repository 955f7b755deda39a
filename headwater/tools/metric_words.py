"""What a metric question means, in a sentence for people. Pure.

>>> from headwater.tools.metric_question import read
>>> from headwater.catalogue.asked import ASKED
>>> explained(read('{"entity":{"kind":"creative"},"metrics":["click_rate"]}'), [ASKED["ads", "click_rate"]], "UTC")
'Click rate (link_clicks ÷ impressions, of the sums) of all creatives, all time (UTC).'
"""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalogue.asked import KIND_LABELS, Asked
from headwater.tools.metric_question import MetricQuestion
from headwater.tools.metric_table import period_words


def explained(question: MetricQuestion, metrics: Sequence[Asked], zone: str) -> str:
    """The sentence."""
    what = ", ".join(map(_metric, metrics)) or f"Report '{question.report}'"
    parts = [f"{what} of {_entities(question)}", f"{period_words(question.period)} ({zone})"]
    if question.breakdown:
        parts.append(f"by {KIND_LABELS[question.breakdown].lower()}")
    if question.granularity:
        parts.append(f"one row a {question.granularity}")
    parts += [f"only {one.dimension} {' or '.join(one.values)}" for one in question.only]
    parts += [f"where {one.metric} {one.op} {one.value:g}" for one in question.having]
    if question.compare:
        parts.append(f"compared with {period_words(question.compare)}")
    if question.order:
        parts.append(f"ordered by {question.order.by}, {question.order.direction}")
    if question.limit:
        parts.append(f"the first {question.limit}")
    return ", ".join(parts) + "."


def _metric(metric: Asked) -> str:
    if metric.rate is None:
        return metric.label
    return f"{metric.label} ({metric.rate.numerator} ÷ {metric.rate.denominator}, of the sums)"


def _entities(question: MetricQuestion) -> str:
    kind, ids = KIND_LABELS[question.entity.kind].lower(), question.entity.ids
    if ids == "all":
        return f"all {kind[:-1]}ies" if kind.endswith("y") else f"all {kind}s"
    return f"{kind} {', '.join(map(str, ids))}"
