"""A company with one of everything."""

from __future__ import annotations

import pytest

from tests.promises.routes import Ids
from tests.serving import Company


@pytest.fixture
async def ids(company: Company) -> Ids:
    return await Ids.of(company)
