"""Questions over Chinook, each with SQL written by hand."""

from __future__ import annotations

from pathlib import Path

from evals.schemas import ask, written_cases
from evals.suite import Case, Suite


def cases() -> list[Case]:
    """The questions of ``chinook.yaml``."""
    return written_cases(Path(__file__).with_suffix(".yaml"), "chinook")


SUITE = Suite("chinook", "a shop that sells music", cases, ask)
