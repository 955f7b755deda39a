"""The verbs over a company's own measurements, as agents and MCP clients meet them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.errors import NotFound
from headwater.tools.citation import BUILT_IN
from headwater.tools.metric_question import MetricQuestion
from headwater.tools.metrics import MetricTools
from headwater.tools.verb import Given, Reach, Verb, rows

_Limit = Annotated[int, Meta(ge=1, le=500)]


class SearchCatalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for in the catalogue."""

    text: Annotated[str, Meta(max_length=200, description="Words for a metric or a dimension; empty lists all.")] = ""
    limit: _Limit = 10


class FindEntities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose id is looked for."""

    text: Annotated[str, Meta(max_length=200, description="The name, or about it; empty lists all.")] = ""
    kind: Annotated[str, Meta(max_length=64, description="Only of this kind, such as creative or offer.")] | None = None
    limit: _Limit = 10


class AskMetrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A metric question."""

    question: MetricQuestion


class _MetricVerbs:
    """What each verb does with a caller's reach."""

    def __init__(self, tools: MetricTools) -> None:
        self._tools = tools

    async def search_catalogue(self, reach: Reach, asked: SearchCatalogue) -> Given:
        """Metrics and dimensions."""
        _hold_reach(reach)
        return Given(await self._tools.search_catalogue(asked.text, reach.scope, asked.limit))

    async def find_entities(self, reach: Reach, asked: FindEntities) -> Given:
        """Entities with their ids."""
        _hold_reach(reach)
        if asked.text.strip():
            return Given(await self._tools.find_entities(asked.text, reach.scope, asked.kind, asked.limit))
        return Given(await self._tools.list_entities(reach.scope, asked.kind, asked.limit))

    async def ask_metrics(self, reach: Reach, asked: AskMetrics) -> Given:
        """Figures with their citation."""
        _hold_reach(reach)
        answer = await self._tools.ask_metrics(asked.question, reach.scope)
        data: dict[str, Any] = {"title": answer.table.title, "period": answer.table.subtitle, **rows(answer.table)}
        if answer.warnings:
            data["warnings"] = answer.warnings
        return Given(data, answer.citation, answer.table)

    async def explain_question(self, reach: Reach, asked: AskMetrics) -> Given:
        """What a question means, and how it is answered."""
        _hold_reach(reach)
        return Given(await self._tools.explain_question(asked.question, reach.scope))


def metric_verbs(tools: MetricTools) -> Sequence[Verb]:
    """The verbs, in the order in which they are usually needed."""
    verbs = _MetricVerbs(tools)
    return (
        Verb(
            "search_catalogue",
            "Search the catalogue",
            "Find metrics and dimensions of the company's measurements by words: names, meanings, units, synonyms.",
            SearchCatalogue,
            verbs.search_catalogue,
        ),
        Verb(
            "find_entities",
            "Find entities",
            "Find creatives, campaigns, creators, videos, offers, channels and others by name; gives their ids and says"
            " where several fit.",
            FindEntities,
            verbs.find_entities,
        ),
        Verb("ask_metrics", "Ask metrics", _ASK, AskMetrics, verbs.ask_metrics),
        Verb(
            "explain_question",
            "Explain a question",
            "Say in words what a metric question means and how it would be answered, without answering it.",
            AskMetrics,
            verbs.explain_question,
        ),
    )


_ASK: Final = (
    "Ask figures of the company's measurements. `entity.kind` decides which metrics there are (search_catalogue);"
    " `ids` are those of find_entities, or 'all'. Periods are whole days, both included, as YYYY-MM-DD. `breakdown`"
    " gives one row for each part, `granularity` one for each day, week or month, `compare` the figures of another"
    " period beside them, `order` and `limit` the top. Rates are computed from sums and never averaged."
)


def _hold_reach(reach: Reach) -> None:
    if reach.sources is not None and BUILT_IN not in reach.sources:
        raise NotFound(
            f"The data source '{BUILT_IN}' is not one of this agent's.",
            field="data_source",
            allowed=sorted(reach.sources),
        )
