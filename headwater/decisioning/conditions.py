"""Qualification rules on attributes of the request: one condition, and why it is not met.

Numbers are compared with numbers, texts with texts (character by character, so ISO dates sort),
and truth values with truth values; a comparison of anything else is not met. An attribute that
is left out or null is missing: only ``not_exists`` is met then. Reasons name the rule and never
the customer's value, since traces are kept for years.

>>> Condition("age", "gte", 18).fault({"age": 21}) is None
True
>>> Condition("age", "gte", 18).fault({"age": "21"})
"'age' is no number, as gte 18 needs."
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

import msgspec

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "exists", "not_exists"]

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_ORDERED = ("gt", "gte", "lt", "lte")
_KINDS: Mapping[type, str] = {bool: "truth value", int: "number", float: "number", str: "text"}
_LONGEST_SHOWN = 40


class Condition(msgspec.Struct, frozen=True):
    """``attribute operator value``, as in ``age gte 18``."""

    attribute: str
    operator: Operator
    value: Any = None

    def fault(self, attributes: Mapping[str, Any]) -> str | None:
        """Why the attributes do not meet it; None when they do."""
        own = attributes.get(self.attribute)
        name = f"'{self.attribute}'"
        if own is None:
            return None if self.operator == "not_exists" else f"{name} is missing."
        if self.operator in ("exists", "not_exists"):
            return None if self.operator == "exists" else f"{name} is there."
        if self.operator in ("in", "not_in"):
            return self._fault_of_list(own, name)
        kind = _kind(self.value)
        if kind is None or (kind == "truth value" and self.operator in _ORDERED):
            return f"{name}: {self.operator} does not compare with {_shown(self.value)}."
        if _kind(own) != kind:
            return f"{name} is no {kind}, as {self.operator} {_shown(self.value)} needs."
        met = _COMPARE[self.operator](own, self.value)
        return None if met else f"{name} is not {self.operator} {_shown(self.value)}."

    def _fault_of_list(self, own: object, name: str) -> str | None:
        if not isinstance(self.value, Sequence) or isinstance(self.value, str):
            return f"{name}: {self.operator} needs a list, not {_shown(self.value)}."
        kind = _kind(own)
        alike = [one for one in self.value if kind is not None and _kind(one) == kind]
        if self.value and not alike:
            return f"{name} cannot be compared with {_shown(list(self.value))}."
        met = (own in alike) == (self.operator == "in")
        return None if met else f"{name} is {'not ' if self.operator == 'in' else ''}in {_shown(list(self.value))}."


def condition(config: Mapping[str, Any]) -> Condition:
    """The condition of a rule as it was written."""
    return Condition(str(config.get("attribute", "")), cast(Operator, config.get("operator", "")), config.get("value"))


def _kind(value: object) -> str | None:
    """What sort of value it is, as far as values are compared; a truth value is no number."""
    return _KINDS.get(type(value))


def _shown(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
