"""The two services over a real store: what a server would run, without the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from headwater.catalogue.registry import CATALOGUE
from headwater.control.decisions.book import Book
from headwater.decisioning.recommend import Recommendation, Recommender, Sent, Wanted
from headwater.decisioning.respond import Recorded, Responder, Response
from headwater.decisioning.turns import Turns
from headwater.ingest.append import Writer
from headwater.query.cache import TagGenerations
from headwater.query.decisions.run import DECISIONS, DecisionsEngine
from headwater.query.decisions.state import CustomerState, Trace, TraceFilter
from headwater.scope import Scope
from headwater.shared import Shared
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.remembering import Remembering
from tests.decisioning.world import NOW
from tests.decisions.world import SCOPE

AT = NOW.replace(tzinfo=UTC)


class Books:
    """One book for all."""

    def __init__(self, book: Book) -> None:
        self.book = book

    async def get(self, _: int) -> Book:
        return self.book


class Deciding:
    """Recommender and responder of one store, at a time that ``now`` says."""

    def __init__(self, store: DuckDBStore, writer: Writer, book: Book, seed: int) -> None:
        generations = TagGenerations()
        writer.on_commit(
            lambda touched: generations.bump([(one.organisation_id, DECISIONS, 0) for one in touched]),
        )
        self.now: datetime = AT
        self._keys = count()
        self.store = store
        self.writer = writer
        self.books = Books(book)
        self.known = DecisionsEngine(store, generations, self.clock, cache_bytes=0)
        remembering = Remembering(store, Shared(None).claim)
        turns = Turns("customer", Shared(None))
        self.recommender = Recommender(
            self.books, self.known, writer, remembering, turns, self.clock, random=Random(seed), timer=lambda: 0.0
        )
        self.responder = Responder(self.books, self.known, writer, remembering, self.clock)

    def clock(self) -> datetime:
        return self.now

    @property
    def now_as_facts(self) -> datetime:
        return self.now.replace(tzinfo=None)

    async def recommend(self, customer: str = "c1", scope: Scope = SCOPE, **wanted: Any) -> Recommendation:
        """A recommendation on the web, where showing is implicit, unless ``wanted`` says otherwise."""
        fields = {"customer_id": customer, "channel": "Web", **wanted}
        return await self.recommender.recommend(Wanted(**fields), scope)

    async def respond(self, outcome: str, key: str = "", scope: Scope = SCOPE, **response: Any) -> Recorded:
        """A response under a key of its own, unless one is given."""
        fields = {"customer_id": "c1", "outcome": outcome, **response}
        sent = Sent(key or f"key {next(self._keys)}", json.dumps(fields, default=str).encode())
        return await self.responder.respond(Response(**fields), sent, scope)

    async def trace(self, recommendation: Recommendation, scope: Scope = SCOPE) -> Trace:
        """What was written of it."""
        found = await self.known.traces(TraceFilter(request_id=recommendation.id), 2, 0, scope)
        (trace,) = found.rows
        return trace

    async def customer(self, customer: str = "c1", scope: Scope = SCOPE) -> CustomerState:
        """What is known of a customer."""
        return await self.known.customer(customer, NOW - timedelta(days=30), [], NOW, scope)


@asynccontextmanager
async def deciding(book: Book, path: Path | None = None, seed: int = 1) -> AsyncIterator[Deciding]:
    """The services over a new store."""
    store = DuckDBStore(path, CATALOGUE)
    await store.start()
    writer = Writer(store, 1_000_000, 100_000)
    await writer.start()
    try:
        yield Deciding(store, writer, book, seed)
    finally:
        await writer.stop()
        await store.stop()


def offers(recommendation: Recommendation) -> list[int]:
    """What the customer is given, best first."""
    return [one.of.choice.offer.number for one in recommendation.items]
