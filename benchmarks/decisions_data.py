"""A data directory with invented decisions: ten million interactions, a million traces of twenty candidates."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from benchmarks.data import WORK
from headwater.app import Headwater
from headwater.catalogue.decisions import (
    ATTRIBUTION_RESULTS,
    DECISION_TRACES,
    INTERACTIONS,
    MODEL_METRICS,
    RUN_LATENCIES,
    SEGMENT_MEMBERS,
    SUPPRESSIONS,
    TRACE_OFFERS,
)
from headwater.catalogue.model import Dataset
from headwater.control import Control
from headwater.control.decisions.entities import DecisionEntities
from headwater.control.decisions.kinds import (
    BY_KIND,
    Budget,
    CategoryBody,
    ChannelBody,
    CreativeBody,
    FlowBody,
    ModelBody,
    OfferBody,
    SegmentBody,
)
from headwater.control.tokens.api_keys import ApiKeys
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.storage import schema
from headwater.storage.port import FactBatch, Store

INTERACTION_COUNT = 10_000_000
TRACES = 1_000_000
CANDIDATES = 20
OFFERS, CHANNELS, CATEGORIES, CUSTOMERS = 200, 8, 12, 100_000
DAYS = 90
_ROWS_PER_COMMIT = 500_000
_TRACES_PER_COMMIT = 50_000


_OTHERS: tuple[tuple[Dataset, str], ...] = (
    (
        ATTRIBUTION_RESULTS,
        "SELECT {at} AS happened_at, ['first', 'last', 'linear'][(n % 3 + 1)::INTEGER] AS model, {offer} AS offer_id,"
        " {channel} AS channel_id, 25000000 AS value, '' AS record_id FROM (SELECT range AS n FROM range(1000000))",
    ),
    (
        MODEL_METRICS,
        'SELECT {at} AS happened_at, {model} AS model_id, 800000000 AS auc, \'{"age":0.4,"spend":0.6}\''
        " AS feature_importance, '' AS record_id FROM (SELECT range AS n FROM range(5000))",
    ),
    (
        SUPPRESSIONS,
        "SELECT {at} AS happened_at, 'c' || n AS customer_id, 0 AS offer_id, 0 AS channel_id,"
        " 'cooldown' AS policy_type, NULL::TIMESTAMP AS expires_at, '' AS record_id"
        " FROM (SELECT range AS n FROM range(200000))",
    ),
    (
        RUN_LATENCIES,
        "SELECT {at} AS happened_at, 4000000 + hash(n, 2) % 20000000 AS duration_ms, '' AS run_id, '' AS record_id"
        " FROM (SELECT range AS n FROM range(1000000))",
    ),
    (
        SEGMENT_MEMBERS,
        "SELECT {at} AS received_at, {segment} AS segment_id, 'c' || n AS customer_id, 'add' AS op,"
        " n + 1 AS arrival, '' AS record_id FROM (SELECT range AS n FROM range(20000))",
    ),
)
"""Other facts; ``n`` numbers them."""


class Known(msgspec.Struct, frozen=True):
    """What a run needs to know of the directory."""

    key: str
    organisation: int
    until: datetime


class _Numbers(msgspec.Struct, frozen=True):
    """The numbers of the entities that facts name."""

    offers: list[int]
    channels: list[int]
    flow: int
    model: int
    segment: int


def directory() -> Path:
    """The data directory; made anew where its newest facts are no longer of today."""
    path = WORK / f"decisions-{INTERACTION_COUNT}-{TRACES}-{datetime.now(UTC):%Y%m%d}"
    if not (path / "bench.json").exists():
        print(f"Making {INTERACTION_COUNT:,} interactions and {TRACES:,} traces …", flush=True)
        asyncio.run(_make(path))
    return path


def facts(path: Path) -> Known:
    """The directory's key and organisation."""
    return msgspec.json.decode((path / "bench.json").read_bytes(), type=Known)


async def _make(path: Path) -> None:
    headwater = Headwater(Settings(data_dir=str(path)))
    await headwater.start()
    control, store = headwater.services.control, headwater.services.store
    newcomer = await control.registration.newcomer("bench@example.com", "benchmark-password", "B")
    async with control.unit_of_work() as unit:
        registered = await control.registration.found(unit, newcomer, "Bench")
    scope = await control.access.operator_scope(registered.organisation.id)
    key, numbers = await _entities(control, scope)
    until = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    maker = _Maker(store, scope, numbers, until)
    await maker.fill()
    await store.compact()
    await headwater.stop()
    (path / "bench.json").write_bytes(msgspec.json.encode(Known(key, scope.organisation_id, until)))


async def _entities(control: Control, scope: Scope) -> tuple[str, _Numbers]:
    async with control.unit_of_work() as unit:
        entities = DecisionEntities(unit.session, scope)
        for one in range(CATEGORIES):
            await entities.create(BY_KIND["category"], CategoryBody(id=f"cat_{one}", name=f"Category {one}"))
        channels = [
            (
                await entities.create(
                    BY_KIND["channel"], ChannelBody(id=f"ch_{one}", name=f"C {one}", channel_type="web")
                )
            )
            for one in range(CHANNELS)
        ]
        offers = [
            await entities.create(
                BY_KIND["offer"],
                OfferBody(
                    id=f"off_{one}",
                    name=f"Offer {one}",
                    status="active",
                    priority=one % 101,
                    category_id=f"cat_{one % CATEGORIES}",
                    budget=Budget(allocated=1e6),
                ),
            )
            for one in range(OFFERS)
        ]
        for one in range(OFFERS):
            creative = CreativeBody(name="C", offer_id=f"off_{one}", channel_id=f"ch_{one % CHANNELS}")
            await entities.create(BY_KIND["creative"], creative)
        flow = await entities.create(BY_KIND["decision_flow"], FlowBody(id="flow_1", key="main", name="Main"))
        model = ModelBody(id="model_1", key="m", name="Model", model_type="gbm")
        made = await entities.create(BY_KIND["algorithm_model"], model)
        segment = await entities.create(BY_KIND["segment"], SegmentBody(id="seg_1", name="Segment"))
        _, key = await ApiKeys(unit.session, scope).create("bench", ["read", "write"])
    return key, _Numbers([one.id for one in offers], [one.id for one in channels], flow.id, made.id, segment.id)


class _Maker:
    """Writes facts commit by commit, in the order of time."""

    def __init__(self, store: Store, scope: Scope, numbers: _Numbers, until: datetime) -> None:
        self._store = store
        self._scope = scope
        self._until = until
        self._numbers = numbers
        self._connection = duckdb.connect()
        offers = pa.table({"place": range(OFFERS), "number": numbers.offers})
        channels = pa.table({"place": range(CHANNELS), "number": numbers.channels})
        self._connection.register("offers", offers)
        self._connection.register("channels", channels)
        self._connection.execute("CREATE TABLE offer AS FROM offers; CREATE TABLE channel AS FROM channels")

    async def fill(self) -> None:
        """All facts."""
        for first in range(0, INTERACTION_COUNT, _ROWS_PER_COMMIT):
            await self._append(INTERACTIONS, self._interactions(first))
            print(f"  {first + _ROWS_PER_COMMIT:,} interactions", end="\r", flush=True)
        for first in range(0, TRACES, _TRACES_PER_COMMIT):
            await self._append(DECISION_TRACES, self._traces(first), self._offers(first))
            print(f"  {first + _TRACES_PER_COMMIT:,} traces          ", end="\r", flush=True)
        for dataset, sql in _OTHERS:
            await self._append(dataset, self._rows(dataset, self._filled(sql)))

    async def _append(self, dataset: Dataset, rows: pa.Table, children: pa.Table | None = None) -> None:
        await self._store.append([FactBatch(self._scope, dataset.name, rows, None, children)])

    def _rows(self, dataset: Dataset, sql: str) -> pa.Table:
        declared = schema.arrow_schema(dataset)
        names = ", ".join(declared.names)
        return self._connection.sql(f"SELECT {names} FROM ({sql})").to_arrow_table().cast(declared)

    def _filled(self, sql: str) -> str:
        at = f"TIMESTAMP '{self._until}' - to_seconds((hash(n, 1) % {DAYS * 86_400})::INTEGER)"
        numbers = self._numbers
        return (
            sql.replace("{at}", at)
            .replace("{model}", str(numbers.model))
            .replace("{segment}", str(numbers.segment))
            .replace("{offer}", str(numbers.offers[0]))
            .replace("{channel}", str(numbers.channels[0]))
        )

    def _interactions(self, first: int) -> pa.Table:
        seconds = f"((1 - n / {INTERACTION_COUNT}) * {DAYS * 86_400})::INTEGER"
        sql = f"""
            SELECT TIMESTAMP '{self._until}' - to_seconds({seconds}) AS happened_at,
                   'c' || hash(n, 2) % {CUSTOMERS} AS customer_id, offer.number AS offer_id,
                   channel.number AS channel_id, 0 AS creative_id, '' AS decision_id,
                   CASE kind WHEN 0 THEN 'accept' WHEN 1 THEN 'dismiss' ELSE 'impression' END AS outcome,
                   CASE kind WHEN 0 THEN 'positive' WHEN 1 THEN 'negative' ELSE 'neutral' END AS classification,
                   CASE kind WHEN 0 THEN 12500000 ELSE 0 END AS revenue, 2000 AS cost, kind > 1 AS is_impression,
                   '' AS record_id
            FROM (SELECT range AS n, hash(range, 3) % 12 AS kind FROM range({first}, {first + _ROWS_PER_COMMIT}))
            JOIN offer ON offer.place = (sqrt((hash(n, 4) % 1000000) / 1000000.0) * {OFFERS - 1})::INTEGER
            JOIN channel ON channel.place = offer.place % {CHANNELS} ORDER BY n"""
        return self._rows(INTERACTIONS, sql)

    def _each_trace(self, first: int) -> str:
        seconds = f"((1 - n / {TRACES}) * {DAYS * 86_400})::INTEGER"
        return f"""
            SELECT n + 1 AS trace, TIMESTAMP '{self._until}' - to_seconds({seconds}) AS happened_at,
                   channel.number AS channel_id, n
            FROM (SELECT range AS n FROM range({first}, {first + _TRACES_PER_COMMIT}))
            JOIN channel ON channel.place = hash(n, 5) % {CHANNELS}"""

    def _traces(self, first: int) -> pa.Table:
        sql = f"""
            SELECT trace, happened_at, 'c' || hash(n, 6) % {CUSTOMERS} AS customer_id, channel_id,
                   {self._numbers.flow} AS decision_flow_id, '' AS request_id, n % 400 = 0 AS degraded,
                   4000000 + hash(n, 7) % 20000000 AS latency_ms, TRUE AS is_scored, '' AS record_id
            FROM ({self._each_trace(first)}) ORDER BY n"""
        return self._rows(DECISION_TRACES, sql)

    def _offers(self, first: int) -> pa.Table:
        """Every sixth candidate falls out, half of those by a rule; the best five of the others are selected."""
        sql = f"""
            SELECT trace, happened_at, channel_id, offer.number AS offer_id, seat + 1 AS candidate,
                   fate <> 0 AS qualified, CASE fate WHEN 0 THEN 'segment_required' ELSE '' END AS reason,
                   CASE WHEN fate = 0 THEN NULL ELSE fate <> 1 END AS permitted,
                   CASE fate WHEN 1 THEN 'cooldown' ELSE '' END AS policy_type,
                   CASE WHEN fate > 1 THEN 1000000000 - seat * 45000000 END AS score,
                   CASE WHEN fate > 1 THEN (1000000000 - seat * 45000000) // 100000001 END AS bucket,
                   CASE WHEN fate > 1 THEN seat + 1 END AS rank, 0 AS model_id,
                   CASE WHEN fate > 1 AND seat < 5 THEN seat + 1 END AS selected, 0 AS creative_id
            FROM (SELECT *, hash(n, seat, 8) % 12 AS fate
                  FROM ({self._each_trace(first)}), range({CANDIDATES}) AS candidates(seat))
            JOIN offer ON offer.place = (hash(n, 9) % 10000 + seat * 7) % {OFFERS} ORDER BY n, seat"""
        return self._rows(TRACE_OFFERS, sql)
