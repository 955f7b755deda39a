"""Decisions and what became of them, as rows of facts.

Tables are made column by column with the catalogue's own columns; what is absent is stored as
``storage.schema`` says. Scores are kept in whole billionths, money and milliseconds in whole
millionths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from headwater.catalogue.decisions import (
    DECISION_TRACES,
    INTERACTIONS,
    JOINS,
    RESET,
    SEGMENT_MEMBERS,
    SUPPRESSIONS,
    TRACE_OFFERS,
    bucket_of,
    stored_score,
)
from headwater.catalogue.model import Dataset
from headwater.decisioning.decide import Considered, Decision
from headwater.kit.ids import SNOWFLAKES
from headwater.storage.schema import AMOUNT_SCALE, arrow_schema

_AT = DECISION_TRACES.time_column
_STORED = (INTERACTIONS, DECISION_TRACES, TRACE_OFFERS, SUPPRESSIONS, SEGMENT_MEMBERS)
_SCHEMAS = {one.name: arrow_schema(one) for one in _STORED}


class Interaction(msgspec.Struct, frozen=True):
    """One interaction to be stored."""

    id: str
    at: datetime
    customer_id: str
    offer: int
    channel: int
    creative: int
    decision_id: str
    outcome: str
    classification: str
    is_impression: bool
    revenue: Decimal = Decimal(0)


def trace_row(
    number: int,
    at: datetime,
    customer_id: str,
    channel: int,
    flow: int,
    request_id: str,
    decision: Decision,
    latency_ms: float,
) -> pa.Table:
    """A decision without its offers."""
    return _table(
        DECISION_TRACES,
        1,
        {
            "trace": [number],
            _AT: [at],
            "customer_id": [customer_id],
            "channel_id": [channel],
            "decision_flow_id": [flow],
            "request_id": [request_id],
            "degraded": [decision.degraded],
            "latency_ms": [round(latency_ms * AMOUNT_SCALE)],
            "is_scored": [any(one.rank is not None for one in decision.considered)],
            "record_id": [""],
        },
    )


def trace_offer_rows(number: int, at: datetime, channel: int, considered: Sequence[Considered]) -> pa.Table:
    """What became of each candidate."""
    count = len(considered)
    scores = [None if one.score is None else stored_score(one.score) for one in considered]
    return _table(
        TRACE_OFFERS,
        count,
        {
            "trace": [number] * count,
            _AT: [at] * count,
            "channel_id": [channel] * count,
            "offer_id": [one.choice.offer.number for one in considered],
            "candidate": range(1, count + 1),
            "qualified": [not one.reason for one in considered],
            "reason": [one.reason for one in considered],
            # What did not qualify never came to the policies.
            "permitted": [None if one.reason else not one.policy_type for one in considered],
            "policy_type": [one.policy_type for one in considered],
            "score": scores,
            "bucket": [None if one is None else bucket_of(one) for one in scores],
            "rank": [one.rank for one in considered],
            "model_id": [0] * count,
            "selected": [one.rank if one.selected else None for one in considered],
            "creative_id": [one.choice.creative.number if one.selected else 0 for one in considered],
        },
    )


def interaction_rows(rows: Sequence[Interaction]) -> pa.Table:
    """Interactions, in order."""
    return _table(
        INTERACTIONS,
        len(rows),
        {
            _AT: [one.at for one in rows],
            "customer_id": [one.customer_id for one in rows],
            "offer_id": [one.offer for one in rows],
            "channel_id": [one.channel for one in rows],
            "creative_id": [one.creative for one in rows],
            "decision_id": [one.decision_id for one in rows],
            "outcome": [one.outcome for one in rows],
            "classification": [one.classification for one in rows],
            "revenue": [round(one.revenue * AMOUNT_SCALE) for one in rows],
            "cost": [0] * len(rows),
            "is_impression": [one.is_impression for one in rows],
            "record_id": [one.id for one in rows],
        },
    )


def suppression_row(
    at: datetime, customer_id: str, offer: int, channel: int, policy_type: str, expires_at: datetime | None
) -> pa.Table:
    """A suppression; 0 is every offer or channel."""
    return _table(
        SUPPRESSIONS,
        1,
        {
            _AT: [at],
            "customer_id": [customer_id],
            "offer_id": [offer],
            "channel_id": [channel],
            "policy_type": [policy_type],
            "expires_at": [expires_at],
            "record_id": [""],
        },
    )


def member_rows(segment: int, customers: Sequence[str], now: datetime) -> pa.Table:
    """A segment's list as it is from now on: what was said of it before is no more."""
    count = len(customers) + 1
    return _table(
        SEGMENT_MEMBERS,
        count,
        {
            "received_at": [now] * count,
            "segment_id": [segment] * count,
            "customer_id": ["", *customers],
            "op": [RESET, *[JOINS] * len(customers)],
            "arrival": SNOWFLAKES.take(count),
            "record_id": [""] * count,
        },
    )


def _table(dataset: Dataset, count: int, columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    schema = _SCHEMAS[dataset.name]
    arrays = [pa.array(columns[field.name], field.type, size=count) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)
