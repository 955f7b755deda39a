"""What answers about segments and algorithm models show beside the rows that people edit: what facts say of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.query.decisions.models import Measurement
from headwater.query.decisions.run import METRICS_SHOWN, DecisionsEngine, SegmentState
from headwater.scope import Scope


class ModelMetrics(msgspec.Struct, frozen=True, rename="camel"):
    """A measurement of a model; ``featureImportance`` has the heaviest feature first."""

    at: datetime
    auc: float
    feature_importance: dict[str, float]


MemberCount = Annotated[int, Meta(description="Customers in the segment's list.")]
MaterializedAt = Annotated[
    datetime | None, Meta(description="When the list was last told of any; null while there is no list.")
]
LastMetrics = Annotated[ModelMetrics | None, Meta(description="The last measurement; null before the first.")]
History = Annotated[list[ModelMetrics], Meta(description=f"The last {METRICS_SHOWN} measurements, oldest first.")]


@dataclass(frozen=True)
class Measured:
    """Fields of a kind that are measured.

    ``read`` finds their values by the numbers of entities, ``nothing`` is what they are for one
    of which no fact speaks, such as a new one.
    """

    fields: Mapping[str, Any]
    read: Callable[[DecisionsEngine, Scope, Sequence[int]], Awaitable[Mapping[int, Mapping[str, Any]]]]
    nothing: Mapping[str, Any]


async def _segments(engine: DecisionsEngine, scope: Scope, numbers: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    states = await engine.segment_states(scope, numbers)
    return {number: _state(state) for number, state in states.items()}


def _state(state: SegmentState) -> Mapping[str, Any]:
    at = state.materialized_at
    return {"memberCount": state.members, "materializedAt": at and at.replace(tzinfo=UTC)}


async def _models(engine: DecisionsEngine, scope: Scope, numbers: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    metrics = await engine.model_metrics(scope, numbers)
    return {number: _metrics(measurements) for number, measurements in metrics.items()}


def _metrics(newest_first: Sequence[Measurement]) -> Mapping[str, Any]:
    history = [ModelMetrics(one.at.replace(tzinfo=UTC), one.auc, dict(one.importance)) for one in newest_first[::-1]]
    return {"metrics": history[-1] if history else None, "metricsHistory": history}


MEASURED: Final[Mapping[str, Measured]] = {
    "segment": Measured(
        {"member_count": MemberCount, "materialized_at": MaterializedAt}, _segments, _state(SegmentState())
    ),
    "algorithm_model": Measured({"metrics": LastMetrics, "metrics_history": History}, _models, _metrics(())),
}
