"""Contracts hold whichever store the facts lie in."""

from __future__ import annotations

import pytest

from tests.stores import EVERY_STORE


@pytest.fixture(params=EVERY_STORE)
def facts_in(request: pytest.FixtureRequest) -> str:
    """Every kind of store in turn."""
    return str(request.param)
