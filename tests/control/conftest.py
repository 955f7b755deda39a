"""A started control plane in an empty folder, at a time that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headwater.control import Control, provide
from headwater.kit.clock import FixedClock
from headwater.settings import Settings
from tests.migrated import lay

from .founding import CHEAP_HASHER, Founded, found


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=str(tmp_path / "data"))


@pytest.fixture
async def control(settings: Settings, clock: FixedClock) -> AsyncIterator[Control]:
    control = provide(settings, clock, CHEAP_HASHER)
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
