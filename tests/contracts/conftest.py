"""Contracts hold wherever the facts and the rows lie."""

from __future__ import annotations

import pytest

from tests.stores import EVERY_INSTALLATION, Installation


@pytest.fixture(params=EVERY_INSTALLATION)
def installation(request: pytest.FixtureRequest) -> Installation:
    """Every kind in turn."""
    return request.param


@pytest.fixture
def facts_in(installation: Installation) -> str:
    """The kind of store that ``server`` keeps facts in."""
    return installation.facts


@pytest.fixture
def rows_in(installation: Installation) -> str:
    """The kind of control plane that ``server`` has."""
    return installation.rows
