"""Who answers a turn: the built-in analyst, or a model of a provider."""

from __future__ import annotations

from typing import Final

from headwater.agent_runtime.builtin import BuiltIn
from headwater.agent_runtime.models.runner import ModelRunner
from headwater.agent_runtime.turn import Brief, Outcome, Telling, Turn
from headwater.analyst.metric_analyst import MetricAnalyst
from headwater.analyst.schema_analyst import SchemaAnalyst
from headwater.control.agents.configuration import DEFAULT_MODEL
from headwater.errors import InvalidRequest
from headwater.kit.clock import Clock
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.tools.toolbox import Toolbox

_OWN: Final = DEFAULT_MODEL.partition("/")[0] + "/"


class Runners:
    """Hands each turn to whom its agent's model names."""

    def __init__(self, builtin: BuiltIn, models: ModelRunner) -> None:
        self._builtin = builtin
        self._models = models

    def most_tokens(self, brief: Brief, turn: Turn) -> int:
        """None for the built-in analyst, the server's limit for a model; ``InvalidRequest`` for an unknown one."""
        return 0 if _is_builtin(brief) else self._models.most_tokens(brief, turn)

    async def run(self, brief: Brief, turn: Turn, scope: Scope, telling: Telling) -> Outcome:
        """The answer."""
        if _is_builtin(brief):
            return await self._builtin.run(brief, turn, scope, telling)
        return await self._models.run(brief, turn, scope, telling)


def provide(settings: Settings, tools: Toolbox, clock: Clock) -> Runners:
    """The runners of a server."""
    metrics = MetricAnalyst(tools.metrics, clock)
    return Runners(BuiltIn(metrics, SchemaAnalyst(), tools.data, clock), ModelRunner(settings, tools.verbs, clock))


def _is_builtin(brief: Brief) -> bool:
    if brief.model.startswith(_OWN) and brief.model != DEFAULT_MODEL:
        raise InvalidRequest(f"There is no model '{brief.model[:128]}'.", field="model", allowed=[DEFAULT_MODEL])
    return brief.model == DEFAULT_MODEL
