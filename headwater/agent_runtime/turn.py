"""One turn with an agent: what it is, what it is asked, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from headwater.control.agents.conversations import Said
from headwater.reports import ReportTable
from headwater.tools.citation import Citation

OutputFormat = Literal["text", "json", "markdown", "csv", "chart"]
Telling = Callable[[Literal["delta", "tool"], str], None]
"""Is told what happens as it happens: a piece of the answer's text, or the name of a verb that is asked."""


class Brief(msgspec.Struct, frozen=True):
    """What an agent is: ``data_sources`` are all that it may ask."""

    agent_id: str
    name: str
    model: str
    instructions: str
    data_sources: tuple[str, ...]
    temperature: float | None = None
    max_tokens: int | None = None


class Turn(msgspec.Struct, frozen=True):
    """A question, and what was said before it."""

    text: str
    history: tuple[Said, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """What an agent says; ``answered`` is false where there are neither figures nor citations.

    ``tokens`` are the model's, of all it read and wrote. ``sources`` are those that were asked
    for this answer.
    """

    text: str
    answered: bool
    table: ReportTable | None = None
    citations: tuple[Citation, ...] = ()
    sources: tuple[str, ...] = ()
    tokens: int = 0
