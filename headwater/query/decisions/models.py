"""How well algorithm models did: their AUC over time and what their features weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from headwater.catalogue.model import FRACTION
from headwater.query.decisions.dashboard import DashboardQuestion, Span
from headwater.query.decisions.facts import Facts
from headwater.query.decisions.names import Names
from headwater.query.decisions.tally import ALWAYS
from headwater.storage.port import Row

MOST_IN_A_TREND: Final = 10_000
_importance = msgspec.json.Decoder(dict[str, float]).decode


class Measurement(msgspec.Struct, frozen=True):
    """A model as it was measured once; features with their weights, the heaviest first."""

    at: datetime
    auc: float
    importance: tuple[tuple[str, float], ...]


class ModelTrend(msgspec.Struct, frozen=True):
    """A model's measurements in the window, oldest first; ``last`` is the newest of all time."""

    model: int | None
    name: str | None
    measurements: tuple[Measurement, ...]
    last: Measurement | None
    active_models: int


async def model_trend(facts: Facts, question: DashboardQuestion, span: Span, names: Names) -> ModelTrend:
    """The model that was asked for, else the active one whose measurement came last."""
    active = [number for number, model in names.models.items() if model.active]
    asked = active if question.model is None else [question.model]
    newest = by_model(await facts.model_metrics(asked, ALWAYS, 1))
    chosen = question.model
    if chosen is None and newest:
        chosen = max(newest, key=lambda model: (newest[model][0].at, -model))
    if chosen is None:
        return ModelTrend(None, None, (), None, len(active))
    rows = by_model(await facts.model_metrics([chosen], span.window, MOST_IN_A_TREND)).get(chosen, [])
    last = newest[chosen][0] if chosen in newest else None
    return ModelTrend(chosen, names.models[chosen].name, tuple(reversed(rows)), last, len(active))


def by_model(rows: Sequence[Row]) -> Mapping[int, list[Measurement]]:
    """Measurements as they come from the store, by the number of their model."""
    found: dict[int, list[Measurement]] = {}
    for model, at, auc, text in rows:
        weights = _importance(text) if text else {}
        heaviest = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
        found.setdefault(model, []).append(Measurement(at, auc / FRACTION.scale, tuple(heaviest)))
    return found
