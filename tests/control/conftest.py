"""A started control plane in an empty folder, at a time that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headwater.control import Control, provide
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.migrated import lay
from tests.stores import every_rows, rows

from .founding import CHEAP_HASHER, Founded, found

rows_in = every_rows


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path, control_url: str) -> Settings:
    return Settings(data_dir=str(tmp_path / "data"), control_url=control_url)


@pytest.fixture
def empty_settings(tmp_path: Path, rows_in: str) -> Iterator[Settings]:
    """The same of a database without a table."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with rows(rows_in, migrated=False) as control_url:
        yield Settings(data_dir=str(folder), control_url=control_url)


@pytest.fixture
async def control(settings: Settings, clock: FixedClock) -> AsyncIterator[Control]:
    control = provide(settings, clock, CHEAP_HASHER)
    if not settings.control_url:
        lay(Path(settings.data_dir))
    await control.start()
    yield control
    await control.stop()


@pytest.fixture
async def nord(control: Control) -> Founded:
    return await found(control, "nord")


@pytest.fixture
async def syd(control: Control) -> Founded:
    return await found(control, "syd")
