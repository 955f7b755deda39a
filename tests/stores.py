"""The kinds of fact stores that tests run on; those of the second kind bear the mark ``clickhouse``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from headwater.storage.port import Store
from tests.clickhouse import opened_clickhouse
from tests.conformance.facts import opened

Opening = Callable[..., AbstractAsyncContextManager[Any]]
"""Opens a store; ``Any``, so that a test may say what kind it means."""
ON_CLICKHOUSE = pytest.param("clickhouse", marks=pytest.mark.clickhouse)
EVERY_STORE = ["duckdb", ON_CLICKHOUSE]


def opening_of(kind: str) -> Callable[..., AbstractAsyncContextManager[Store]]:
    """How a store of a kind is opened."""
    return opened_clickhouse if kind == "clickhouse" else opened
