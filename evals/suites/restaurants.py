"""Restaurants of the Bay Area: questions from templates; folds 8 and 9 of ten are for testing.

Only those that count are kept: the SQL of all others gives house numbers, which their words do not ask for.
"""

from __future__ import annotations

from evals.public import split_cases
from evals.schemas import ask
from evals.suite import Case, Suite


def cases(folds: tuple[str, ...] = ("8", "9")) -> list[Case]:
    """The questions of some folds."""
    return [case for case in split_cases("restaurants", folds) if case.question.casefold().startswith("how many")]


SUITE = Suite("restaurants", "restaurants by place, kind of food and rating", cases, ask)
