"""The table that most report tests render."""

from __future__ import annotations

import pytest

from headwater.reports.table import ReportTable

from .tables import daily


@pytest.fixture
def launch() -> ReportTable:
    return daily(["Spring hero 15s", "Summer cut 6s"])
