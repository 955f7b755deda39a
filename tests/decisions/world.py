"""A small organisation for questions about decisions: a book without a database, and facts in a real store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from headwater.catalogue.decisions import Outcome
from headwater.catalogue.registry import ROWS
from headwater.control.decisions.book import (
    Book,
    Category,
    Channel,
    Creative,
    Flow,
    Model,
    Offer,
    Segment,
)
from headwater.ingest.check import check
from headwater.ingest.decode import decode
from headwater.ingest.problems import Known
from headwater.kit.clock import FixedClock
from headwater.query.cache import TagGenerations
from headwater.query.decisions.answers import Result
from headwater.query.decisions.dashboard import DashboardQuestion
from headwater.query.decisions.run import DecisionsEngine
from headwater.scope import ALL_PERMISSIONS, Role, Scope
from headwater.storage.port import Appended, FactBatch, Store
from headwater.surfaces.decisions.dashboard_body import body
from tests.ingest.samples import Roster, Tree

SCOPE = Scope(1, 1, Role.owner, ALL_PERMISSIONS, "operator")
ELSEWHERE = Scope(2, 2, Role.owner, ALL_PERMISSIONS, "operator")
NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)

BOOK = Book(
    categories=[Category(11, "cat_cards", "Cards", "active"), Category(12, "cat_loans", "Loans", "active")],
    offers=[
        Offer(1, "off_gold", "Gold", "active", priority=90, category=11, allocated=Decimal(100), currency="EUR"),
        Offer(2, "off_silver", "Silver", "active", priority=50, category=11),
        Offer(3, "off_loan", "Loan", "active", priority=10, category=12),
        Offer(4, "off_plain", "Plain", "paused"),
        Offer(5, "off_old", "Old", "active", True, category=12),
        Offer(6, "off_idle", "Idle", "active"),
    ],
    channels=[
        Channel(21, "ch_mail", "Mail", "active"),
        Channel(22, "ch_app", "App", "active"),
        Channel(23, "ch_fax", "Fax", "paused"),
    ],
    creatives=[
        Creative(31, "cr_gold", "Gold banner", "active", offer=1, channel=21),
        Creative(32, "cr_gold_2", "Gold letter", "paused", offer=1, channel=21),
        Creative(33, "cr_gone", "Silver banner", "active", True, offer=2, channel=21),
    ],
    segments=[
        Segment(41, "seg_vip", "VIP", "active"),
        Segment(42, "seg_new", "New", "active"),
        Segment(43, "seg_bare", "Bare", "active"),
    ],
    flows=[Flow(51, "flow_main", "Main", "active"), Flow(52, "flow_test", "Test", "active")],
    models=[
        Model(61, "model_a", "A", "active"),
        Model(62, "model_b", "B", "active"),
        Model(63, "model_c", "C", "draft"),
    ],
    outcomes=[Outcome("viewed", "neutral", "impression"), Outcome("called", "positive")],
)
KNOWN = Known(Tree(), Roster(), BOOK)


def engine(store: Store, now: datetime = NOW, *, cache_bytes: int = 0) -> DecisionsEngine:
    """The engine over ``store`` at one moment."""
    return DecisionsEngine(store, TagGenerations(), FixedClock(now), cache_bytes=cache_bytes)


def batch(
    dataset: str, records: Sequence[Mapping[str, Any]], *, scope: Scope = SCOPE, known: Known = KNOWN
) -> FactBatch:
    """Records as ingest takes them in; all must be good."""
    body = "\n".join(json.dumps(record) for record in records).encode()
    declared = ROWS[dataset]
    checked = check(decode(body, "application/x-ndjson", declared, 1 << 30), declared, known, NOW)
    assert not checked.errors.count, checked.errors.first
    return FactBatch(scope, dataset, checked.rows, None, checked.children)


async def send(
    store: Store, dataset: str, records: Sequence[Mapping[str, Any]], *, scope: Scope = SCOPE, known: Known = KNOWN
) -> Appended:
    """Store records as one commit."""
    return (await store.append([batch(dataset, records, scope=scope, known=known)]))[0]


async def asked(
    store: Store, question: DashboardQuestion, *, book: Book = BOOK, scope: Scope = SCOPE, now: datetime = NOW
) -> Result:
    """The answer's content."""
    return (await engine(store, now).ask(question, book, scope, 0)).result


def interaction(at: str, offer: str, channel: str, outcome: str, customer: str = "c1", **more: Any) -> dict[str, Any]:
    """One interaction."""
    return {"at": at, "customer_id": customer, "offer_id": offer, "channel_id": channel, "outcome": outcome, **more}


async def body_of(
    store: Store, question: DashboardQuestion, *, book: Book = BOOK, now: datetime = NOW
) -> dict[str, Any]:
    """The answer as callers get it."""
    answer = await engine(store, now).ask(question, book, SCOPE, 0)
    found: dict[str, Any] = json.loads(msgspec.json.encode(body(question, answer, book)))
    return found


def trace(at: str, channel: str, candidates: Sequence[str], customer: str = "c1", **more: Any) -> dict[str, Any]:
    """One decision."""
    return {"at": at, "customer_id": customer, "channel_id": channel, "candidates": list(candidates), **more}
