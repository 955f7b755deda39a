"""A project to put things into."""

from __future__ import annotations

import pytest

from tests.contracts.creators.asking import made
from tests.contracts.creators.tracking import Tracking
from tests.serving import Company


@pytest.fixture
async def project(company: Company) -> str:
    """The UUID of the company's project."""
    return str((await made(company, "/projects", name="Spring"))["id"])


@pytest.fixture
async def tracking(company: Company, project: str) -> Tracking:
    """The company's project, with its snapshots and series."""
    return Tracking(company, project)
