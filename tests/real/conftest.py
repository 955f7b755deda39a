"""Without real data these tests are not collected; ``test_real_data_is_there`` says so once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.data import real_data

REAL = (
    "test_bandit.py",
    "test_creator_feeds.py",
    "test_creators.py",
    "test_decision_feeds.py",
    "test_feed.py",
    "test_ipinyou.py",
)
collect_ignore = [] if real_data() else [*REAL]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data."""
    folder = real_data()
    assert folder is not None
    return folder
