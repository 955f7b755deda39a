"""Accounts keep no facts of their own: one kind of store is enough."""

from __future__ import annotations

import pytest


@pytest.fixture
def facts_in() -> str:
    """The kind of store that ``server`` keeps facts in."""
    return "duckdb"
