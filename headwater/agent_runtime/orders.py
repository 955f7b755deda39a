"""Orders for an agent as it is kept: what it is, who asks, and in whose name it reads."""

from __future__ import annotations

from headwater.agent_runtime.executing import Order
from headwater.agent_runtime.turn import Brief, OutputFormat
from headwater.control.agents.conversations import Thread
from headwater.control.agents.executions import Asked
from headwater.control.agents.models import Agent, ExecutionKind
from headwater.scope import Scope
from headwater.tools.citation import BUILT_IN


def of_member(
    agent: Agent,
    scope: Scope,
    thread: Thread,
    text: str,
    *,
    model: str | None = None,
    outlet_id: str | None = None,
    form: OutputFormat = "text",
) -> Order:
    """A member's question, with the member's rights."""
    brief = _brief(agent, model)
    asked = Asked(scope.organisation_id, agent.id, "execute", brief.model, text, scope.user_id, outlet_id)
    return Order(brief, asked, scope, thread, form)


def of_visitor(agent: Agent, scope: Scope, thread: Thread, text: str, kind: ExecutionKind) -> Order:
    """A question from outside of the company; ``scope`` is ``access.visitor_scope``."""
    brief = _brief(agent, None)
    return Order(brief, Asked(scope.organisation_id, agent.id, kind, brief.model, text), scope, thread)


def _brief(agent: Agent, model: str | None) -> Brief:
    configuration = agent.configuration
    return Brief(
        agent.id,
        agent.name,
        model or configuration["model"],
        agent.instructions,
        tuple(agent.data_sources) or (BUILT_IN,),
        configuration.get("temperature"),
        configuration.get("max_tokens"),
    )
