"""Gathers what is wrong with parameters, so that a caller is told everything at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, TypeVar

from headwater.errors import InvalidRequest, Problem
from headwater.kit.suggest import did_you_mean

YEARS: Final = range(2000, 2200)
T = TypeVar("T", bound=str)


class Problems:
    """What is wrong so far.

    >>> problems = Problems()
    >>> problems.choice("mode", "nwe", ["new", "rate"])
    >>> problems.found[0].message
    "'mode' cannot be 'nwe'. Did you mean 'new'? Allowed: new, rate."
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: str, message: str) -> None:
        """One more, under the sender's own name for it."""
        self.found.append(Problem(path, message))

    def refuse(self) -> None:
        """Raise ``InvalidRequest`` if there are any."""
        if self.found:
            raise InvalidRequest.of(self.found, "query")

    def choice(self, path: str, value: str, allowed: Iterable[T]) -> T | None:
        """``value`` if it is one of ``allowed``."""
        choices = list(allowed)
        chosen = next((choice for choice in choices if choice == value), None)
        if chosen is not None:
            return chosen
        said = f"cannot be '{value[:64]}'." if value else "is required."
        hint = did_you_mean(value, choices) if value else ""
        self.add(path, f"'{path}' {said}{hint} Allowed: {', '.join(choices)}.")
        return None

    def number(self, path: str, value: str, allowed: range) -> int | None:
        """``value`` if it is a whole number within ``allowed``."""
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
        if number is None or number not in allowed:
            self.add(path, f"'{path}' is a whole number from {allowed[0]} to {allowed[-1]}.")
            return None
        return number

    def day(self, path: str, value: str) -> date | None:
        """The date that ``value`` names; None where there is none."""
        if not value:
            return None
        try:
            # Weeks and dates without hyphens are ISO 8601 too, but nothing that the contract calls a date.
            day = date.fromisoformat(value) if len(value) == 10 and value[4] == value[7] == "-" else None
        except ValueError:
            day = None
        if day is None or day.year not in YEARS:
            self.add(path, f"'{path}' is a date of the years {YEARS[0]} to {YEARS[-1]}, such as 2026-03-01.")
            return None
        return day
