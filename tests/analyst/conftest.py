"""What the tests of the schema analyst share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .shop import Shop, opened


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The small shop."""
    folder: Path = tmp_path_factory.mktemp("shop")
    source = opened(folder)
    yield Shop(source)
    source.close()
