"""How scores come about and how long it takes: models, scores, fallbacks, latencies. Pure."""

from __future__ import annotations

from typing import Final

from headwater.catalogue.decisions import BUCKETS
from headwater.console import words
from headwater.console.decisions.content import Content, Told, hundredths, offer_path, picked, table
from headwater.console.decisions.results import midnight
from headwater.kit.rounding import rounded
from headwater.query.decisions.latencies import LatencyDay
from headwater.query.decisions.models import ModelTrend
from headwater.query.decisions.scores import Degraded, ScoreDistribution
from headwater.reports import Column
from headwater.tools.metric_reports import number

_DAY: Final = Column("time", "Day", "time")


def model_quality(told: Told) -> Content:
    """The AUC of a model, measurement by measurement."""
    found: ModelTrend = told.result
    rows = [(midnight(one.at.date()), one.auc) for one in found.measurements]
    columns = (_DAY, Column("auc", "AUC (0.5 is chance, 1 is perfect)", "number", additive=False))
    made = table(told, f"How well {found.name or 'a model'} predicts", columns, rows)
    last = found.last
    tiles = (
        ("Model", found.name or words.UNKNOWN, ""),
        ("Last AUC", words.number(last.auc) if last else words.UNKNOWN, words.day(last.at.date()) if last else ""),
        ("Active models", words.number(found.active_models), ""),
    )
    return Content(rows=made, drawn=picked(made, "line", "time", "auc"), tiles=tiles)


def features(told: Told) -> Content:
    """What the model looks at."""
    found: ModelTrend = told.result
    rows = [(name.replace("_", " "), weight) for name, weight in (found.last.importance if found.last else ())]
    columns = (Column("feature", "Feature", "text"), Column("weight", "Weight", "number", additive=False))
    days = f"{found.name}, {words.day(found.last.at.date())}" if found.last else "no measurement"
    made = table(told, "What the model looks at", columns, rows, days=days)
    return Content(rows=made, drawn=picked(made, "bar", "feature", "weight"))


def scores(told: Told) -> Content:
    """How many scores lie in each tenth."""
    found: ScoreDistribution = told.result
    rows = [
        (f"{place / BUCKETS:.1f} to {(place + 1) / BUCKETS:.1f}", count) for place, count in enumerate(found.buckets)
    ]
    columns = (Column("score", "Score", "text"), Column("count", "Scores", "integer"))
    made = table(told, "How scores are spread", columns, rows if found.total else [], ordered=True)
    return Content(rows=made, drawn=picked(made, "bar", "score", "count"))


def score_groups(told: Told) -> Content:
    """Mean scores by channel, offer or category."""
    found: ScoreDistribution = told.result
    kind = told.question.group_by or "channel"
    ids = ["" if one.number is None else told.book.id_of(kind, one.number) for one in found.groups]
    columns = (
        Column("name", kind.capitalize(), "text"),
        Column("id", "Id", "text"),
        Column("count", "Scores", "integer"),
        Column("mean", "Mean score", "number", additive=False),
    )
    rows = [
        (one.name, public_id, one.count, number(one.mean)) for one, public_id in zip(found.groups, ids, strict=True)
    ]
    made = table(told, f"Mean score by {kind}", columns, rows)
    return Content(
        rows=made,
        drawn=picked(made, "bar", "name", "mean"),
        paths={"name": [offer_path(one) for one in ids]} if kind == "offer" else {},
    )


def degraded(told: Told) -> Content:
    """How often a fallback had to score."""
    found: Degraded = told.result
    share = rounded(found.degraded, found.scored, 4)
    rows = [
        ("Scored as set up", found.scored - found.degraded, hundredths(1 - share)),
        ("Scored by a fallback", found.degraded, hundredths(share)),
    ]
    columns = (
        Column("how", "How it was scored", "text"),
        Column("decisions", "Decisions", "integer"),
        Column("share", "Share", "number", "%", additive=False),
    )
    made = table(told, "Decisions that a fallback scored", columns, rows if found.scored else [], ordered=True)
    return Content(rows=made, drawn=picked(made, "bar", "how", "decisions"))


def latencies(told: Told) -> Content:
    """How long decisions took, the usual ones and the slowest of a hundred."""
    found: tuple[LatencyDay, ...] = told.result
    columns = (
        _DAY,
        Column("p50", "Median", "integer", "ms", additive=False),
        Column("p99", "Slowest 1 %", "integer", "ms", additive=False),
    )
    made = table(told, "How long decisions take", columns, [(midnight(day.date), day.p50, day.p99) for day in found])
    return Content(rows=made, drawn=picked(made, "line", "time", "p50", "p99"))
