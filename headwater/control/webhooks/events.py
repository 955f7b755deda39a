"""What webhooks can be told of: each name with a sentence. To add one, add it to both.

What an event's ``data`` holds is said in ``docs/webhooks.md``; a name once published keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

JSON: TypeAlias = "bool | int | float | str | datetime | Sequence[JSON] | Mapping[str, JSON] | None"
"""What ``data`` may hold; times are aware."""

Subscribable = Literal[
    "agent.execute",
    "agent.chat",
    "data_source.connected",
    "data_source.error",
    "deployment.message",
    "report.ready",
    "credits.low",
    "annotation.created",
    "rollup.completed",
    "webhook.disabled",
]
"""What a webhook can be for."""

EventType = Literal[Subscribable, "webhook.test"]
"""What can be sent; a test goes to the one webhook that it was asked for."""

EVENTS: Final[Mapping[Subscribable, str]] = {
    "agent.execute": "An agent has answered an execution.",
    "agent.chat": "An agent has answered a message of a chat.",
    "data_source.connected": "A data source was connected to.",
    "data_source.error": "A data source that was connected fails.",
    "deployment.message": "A message came in through a deployment and was answered.",
    "report.ready": "A scheduled report has been made.",
    "credits.low": "The company's credits are nearly used up.",
    "annotation.created": "An annotation was made, by a person or by the server itself.",
    "rollup.completed": "The sums of a company's creators were brought up to date.",
    "webhook.disabled": "Another webhook of the company was disabled by the server.",
}
