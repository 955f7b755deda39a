"""Two processes over one control plane, at a time that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headwater.control import Control, provide
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.control.founding import CHEAP_HASHER, Founded, found
from tests.migrated import lay
from tests.stores import every_rows

rows_in = every_rows


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path, control_url: str) -> Settings:
    return Settings(data_dir=str(tmp_path / "data"), control_url=control_url)


@pytest.fixture
async def controls(settings: Settings, clock: FixedClock) -> AsyncIterator[list[Control]]:
    """The control plane as each of two processes has it."""
    both = [provide(settings, clock, CHEAP_HASHER) for _ in range(2)]
    if not settings.control_url:
        lay(Path(settings.data_dir))
    for control in both:
        await control.start()
    yield both
    for control in both:
        await control.stop()


@pytest.fixture
async def nord(controls: list[Control]) -> Founded:
    return await found(controls[0], "nord")


@pytest.fixture
async def syd(controls: list[Control]) -> Founded:
    return await found(controls[0], "syd")
