"""GeoQuery: 877 questions over the geography of the United States; the test part of its own split.

Questions whose own SQL fails are left out.
"""

from __future__ import annotations

from evals.public import split_cases
from evals.schemas import ask
from evals.suite import Case, Suite


def cases(split: str = "test") -> list[Case]:
    """The questions of one part of the question split."""
    return split_cases("geography", (split,))


SUITE = Suite("geography", "GeoQuery's test questions; nested ones are meant to be asked back", cases, ask)
