"""No verb goes beyond the data sources of who calls it: an agent has its own, and no others."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import msgspec
import pytest

from headwater.errors import NotFound
from headwater.scope import Role, Scope
from headwater.tools.data import DataTools
from headwater.tools.data_verbs import data_verbs
from headwater.tools.metric_verbs import metric_verbs
from headwater.tools.metrics import MetricTools
from headwater.tools.verb import Reach

SCOPE = Scope(1, 1, Role.viewer, frozenset(("read",)), "key")
REACH = Reach(SCOPE, frozenset({"ds_own"}))
QUESTION = {"metrics": ["impressions"], "entity": {"kind": "creative"}}


class Told:
    """Says which sources it was asked for."""

    async def list_data_sources(self, scope: Scope, allowed: Collection[str] | None = None) -> object:
        return allowed

    async def search_passages(self, text: str, scope: Scope, sources: Collection[str] | None, limit: int) -> object:
        return sources


VERBS = {verb.name: verb for verb in (*metric_verbs(cast(MetricTools, object())), *data_verbs(cast(DataTools, Told())))}


async def call(name: str, arguments: dict[str, Any]) -> Any:
    return (await VERBS[name].run(REACH, msgspec.convert(arguments, VERBS[name].arguments))).data


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_catalogue", {}),
        ("find_entities", {}),
        ("ask_metrics", {"question": QUESTION}),
        ("explain_question", {"question": QUESTION}),
        ("get_schema", {"data_source": "ds_other"}),
        ("run_sql", {"data_source": "ds_headwater", "query": "{}"}),
        ("run_sql", {"data_source": "ds_other", "query": "SELECT 1"}),
        ("search_passages", {"text": "x", "data_sources": ["ds_own", "ds_other"]}),
    ],
)
async def test_a_source_beyond_reach_is_unknown(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        await call(name, arguments)


@pytest.mark.parametrize(("name", "arguments"), [("list_data_sources", {}), ("search_passages", {"text": "x"})])
async def test_what_asks_all_asks_those_within_reach(name: str, arguments: dict[str, Any]) -> None:
    assert await call(name, arguments) == {"ds_own"}
