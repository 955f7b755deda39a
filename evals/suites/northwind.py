"""Questions over Northwind, each with SQL written by hand."""

from __future__ import annotations

from pathlib import Path

from evals.schemas import ask, written_cases
from evals.suite import Case, Suite


def cases() -> list[Case]:
    """The questions of ``northwind.yaml``."""
    return written_cases(Path(__file__).with_suffix(".yaml"), "northwind")


SUITE = Suite("northwind", "orders, products, customers and employees of a trading company", cases, ask)
