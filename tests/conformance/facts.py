"""Facts, scopes and entities in plain values, for every test that fills a fact store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.registry import CATALOGUE
from headwater.kit.clock import FixedClock
from headwater.query.cache import TagGenerations
from headwater.query.question import Question
from headwater.query.run import Engine
from headwater.scope import ALL_PERMISSIONS, Role, Scope
from headwater.storage import schema
from headwater.storage.duckdb.store import DuckDBStore
from headwater.storage.port import Appended, AppendKey, FactBatch, Row, Store

S = TypeVar("S", bound=DuckDBStore)
at = datetime.fromisoformat
"""A time as it is stored: naive, in UTC."""

NOON = at("2024-03-05T12:00")


class Event(NamedTuple):
    """One ad event, its fields in the order of the dataset's; ``value`` in millionths."""

    ts: datetime = NOON
    creative_id: int = 1
    event: str = "impressions"
    value: int = 0
    domain: str = ""
    dsp: str = ""
    session_id: str = ""
    component_id: int = 0
    record_id: str = ""


def scope(organisation_id: int = 1) -> Scope:
    return Scope(organisation_id, 1, Role.owner, ALL_PERMISSIONS, "operator")


def batch(events: Iterable[Event], organisation_id: int = 1, key: AppendKey | None = None) -> FactBatch:
    rows = [event._asdict() for event in events]
    return FactBatch(
        scope(organisation_id), AD_EVENTS.name, pa.Table.from_pylist(rows, schema.arrow_schema(AD_EVENTS)), key
    )


@asynccontextmanager
async def opened(path: Path | None = None, *, kind: type[S] = DuckDBStore, **settings: Any) -> AsyncIterator[S]:
    """The embedded store, started, at a time that stands still unless ``settings`` bring another clock."""
    store = kind(path, CATALOGUE, **{"clock": FixedClock(NOON.replace(tzinfo=UTC)), **settings})
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


async def append(store: Store, *events: Event, organisation_id: int = 1) -> Appended:
    """Store ``events`` as one commit of one batch."""
    return (await store.append([batch(events, organisation_id)]))[0]


class Tree:
    """An organisation's entities: the creatives below each (kind, id), creatives under themselves."""

    def __init__(self, creatives: Iterable[int], above: Mapping[tuple[str, int], tuple[int, ...]] | None = None):
        self._members = {("creative", one): (one,) for one in creatives} | dict(above or {})

    def has(self, kind: str, entity_id: int) -> bool:
        return (kind, entity_id) in self._members

    def members(self, kind: str, entity_id: int) -> tuple[int, ...]:
        return self._members[kind, entity_id]


class Trees:
    """The trees of several organisations; one that is not named has the creatives 1 to 9."""

    def __init__(self, trees: Mapping[int, Tree] | None = None) -> None:
        self._trees = dict(trees or {})

    async def get(self, organisation_id: int) -> Tree:
        return self._trees.get(organisation_id, Tree(range(1, 10)))


def engine(
    store: Store, trees: Trees | None = None, generations: TagGenerations | None = None, *, cache_bytes: int = 0
) -> Engine:
    return Engine(
        store,
        CATALOGUE,
        trees or Trees(),
        generations or TagGenerations(),
        cache_bytes=cache_bytes,
        max_bucket_rows=20_000,
    )


async def total(store: Store, metric: str, *, creative: int = 1, organisation_id: int = 1) -> object:
    """The lifetime total of one metric of one creative, as the engine answers it."""
    question = Question("ad-events", (metric,), "creative", (creative,), fill_zero=True)
    rows: list[Row] = (await engine(store).ask(question, scope(organisation_id))).rows
    return rows[0][1]
