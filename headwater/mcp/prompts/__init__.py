"""Prompts that people pick in their client: each a text of this folder with places for its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final, NamedTuple

import mcp_types as types
from mcp.shared.exceptions import MCPError


class _Prompt(NamedTuple):
    title: str
    description: str
    arguments: Mapping[str, str]


_PROMPTS: Final[Mapping[str, _Prompt]] = {
    "weekly_report": _Prompt(
        "Weekly report",
        "What changed against the week before, over everything that is measured.",
        {"week": "The week, such as 'last week' or a date within it."},
    ),
    "compare_creatives": _Prompt(
        "Compare creatives",
        "Which creatives of a campaign did best, and by how much.",
        {"campaign": "Name or id of the campaign.", "period": "The period, such as 'last 30 days'."},
    ),
    "explain_change": _Prompt(
        "Explain a change",
        "Which parts of a metric moved, and how much of its change each of them is.",
        {"metric": "The metric, such as 'link clicks'.", "period": "The period that it changed in."},
    ),
}
LISTED: Final = [
    types.Prompt(
        name=name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            types.PromptArgument(name=argument, description=words, required=True)
            for argument, words in prompt.arguments.items()
        ],
    )
    for name, prompt in _PROMPTS.items()
]


def get(name: str, given: Mapping[str, str]) -> types.GetPromptResult:
    """A prompt with its arguments filled in; an unknown one, or a missing argument, is an error of the protocol."""
    prompt = _PROMPTS.get(name)
    if prompt is None:
        raise MCPError(types.INVALID_PARAMS, f"There is no prompt '{name[:64]}'.")
    if missing := [argument for argument in prompt.arguments if not given.get(argument, "").strip()]:
        raise MCPError(types.INVALID_PARAMS, f"The prompt '{name}' needs: {', '.join(missing)}.")
    text = files(__package__).joinpath(f"{name}.md").read_text("utf-8")
    for argument in prompt.arguments:
        text = text.replace(f"{{{argument}}}", given[argument].strip()[:200])
    message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.GetPromptResult(description=prompt.description, messages=[message])
