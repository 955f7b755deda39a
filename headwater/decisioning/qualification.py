"""The second stage: whether an offer's own rules let the customer have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from headwater.decisioning.board import Choice, Required


def segments_needed(choices: Iterable[Choice]) -> frozenset[int]:
    """The segments that any of the offers' rules asks for."""
    return frozenset().union(*(choice.segments for choice in choices if choice.segments))


def disqualified(choice: Choice, segments: Set[int], attributes: Mapping[str, Any]) -> str:
    """Why the first rule that fails does; empty where all pass."""
    for rule in choice.rules:
        fault = _fault(rule, segments) if isinstance(rule, Required) else rule.fault(attributes)
        if fault:
            return fault
    return ""


def _fault(rule: Required, segments: Set[int]) -> str | None:
    for number, public_id in rule.segments:
        if number is None:
            return f"The required segment '{public_id}' does not exist."
        if number not in segments:
            return f"The customer is not in the segment '{public_id}'."
    return None
