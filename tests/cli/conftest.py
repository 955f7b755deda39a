"""A founded data directory for each test of a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.place import Place, found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return found(tmp_path / "data")
