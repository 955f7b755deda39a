"""The engine: takes a question through every stage and is the only caller of ``Store.fetch``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from headwater.catalogue.model import EventDataset
from headwater.kit import tracing
from headwater.query.cache import Freshness, Tag, TaggedCache, TagGenerations
from headwater.query.compile import compile
from headwater.query.plan import Plan, plan
from headwater.query.question import Question
from headwater.query.resolve import Entities, Resolved, resolve
from headwater.query.result import Answer, answer
from headwater.scope import Scope
from headwater.storage.port import Statement, Store

_BYTES_PER_VALUE = 40
_BYTES_PER_ANSWER = 1000


class EntityTrees(Protocol):
    """Where the engine finds an organisation's entities; the control plane has it."""

    async def get(self, organisation_id: int) -> Entities:
        """The organisation's entities as they are now."""


class Explanation(msgspec.Struct, frozen=True):
    """Each stop of a question, for a person to read."""

    question: Question
    resolved: Resolved
    plan: Plan
    statement: Statement


class Engine:
    """Answers questions within a scope."""

    def __init__(
        self,
        store: Store,
        catalogue: Mapping[str, EventDataset],
        trees: EntityTrees,
        generations: TagGenerations,
        *,
        cache_bytes: int,
        max_bucket_rows: int,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._trees = trees
        self._cache: TaggedCache[Answer] = TaggedCache(cache_bytes, generations)
        self._max_bucket_rows = max_bucket_rows

    async def ask(self, question: Question, scope: Scope) -> Answer:
        """The answer, from the cache while nothing it depends on has changed.

        Raises ``InvalidRequest`` for what cannot be asked and ``Timeout`` when the
        store takes too long.
        """
        statement, resolved = await self._prepare(question, scope)
        tags = tags_of(question, scope)
        fresh = Freshness(scope.organisation_id, tags, self._cache.generations.of(tags))
        if not resolved.pairs:
            return answer(resolved, [], fresh)

        async def compute() -> Answer:
            return answer(resolved, await self._store.fetch(statement), fresh)

        with tracing.span("question", purpose=statement.purpose, dataset=question.dataset) as span:
            found, kept = await self._cache.get_or_compute((scope.organisation_id, question), tags, compute, _size)
            span.set(kept=kept)
        return msgspec.structs.replace(found, cached=True) if kept else found

    async def explain(self, question: Question, scope: Scope) -> Explanation:
        """Every stage up to the statement, which is not run."""
        statement, resolved = await self._prepare(question, scope)
        return Explanation(question, resolved, plan(resolved), statement)

    async def _prepare(self, question: Question, scope: Scope) -> tuple[Statement, Resolved]:
        entities = await self._trees.get(scope.organisation_id)
        resolved = resolve(question, self._catalogue, entities, max_rows=self._max_bucket_rows)
        fresh = self._store.has_fresh(question.dataset)
        return compile(plan(resolved), scope, self._store.dialect, fresh=fresh), resolved


def tags_of(question: Question, scope: Scope) -> tuple[Tag, ...]:
    """What the answer depends on: each entity's facts, and which entities there are."""
    organisation = scope.organisation_id
    return (
        (organisation, "entities", 0),
        *((organisation, question.entity, one) for one in question.ids),
    )


def _size(value: Answer) -> int:
    return _BYTES_PER_ANSWER + len(value.rows) * len(value.columns) * _BYTES_PER_VALUE
