"""Restaurants of the Bay Area: questions from templates; folds 8 and 9 of ten are for testing.

Nearly all of them want the house number beside the name without asking for it.
"""

from __future__ import annotations

from evals.public import split_cases
from evals.schemas import ask
from evals.suite import Case, Suite


def cases(folds: tuple[str, ...] = ("8", "9")) -> list[Case]:
    """The questions of some folds."""
    return split_cases("restaurants", folds)


SUITE = Suite("restaurants", "restaurants by place, kind of food and rating", cases, ask)
